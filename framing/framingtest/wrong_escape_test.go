package framingtest

import (
	"bytes"

	"github.com/wholeframe/wholeframe/framing"
)

// unescaped returns the framer that escapes, after change.
func unescaped(change func(f *fakeSkipper)) func() framing.Framer {
	return func() framing.Framer {
		f := escaped()
		change(&f)
		return f
	}
}

var wrongEscapes = []wrong{
	{"stops skipping inside an escape", "L9", unescaped(func(f *fakeSkipper) {
		skip := f.skip
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			n, next, end := skip(data, r)
			if !end {
				n = len(data)
			}
			return n, next, end
		}
	})},
	{"resumes inside an escape", "L4", unescaped(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size == 0 {
				r.Pos = len(data)
			}
			return frame, r, err
		}
	})},
	{"skips to a delimiter that is escaped", "L9", unescaped(func(f *fakeSkipper) {
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return i + 1, framing.Resume{}, true
			}
			return len(data), framing.Resume{}, false
		}
	})},
	{"escapes the delimiter and forgets the escape", "L1", unescaped(func(f *fakeSkipper) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			return append(append(dst, bytes.ReplaceAll(payload, []byte(";"), []byte(`\;`))...), ';'), nil
		}
	})},
	{"escapes in the payload itself", "L1", unescaped(func(f *fakeSkipper) {
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			dst, err := write(dst, payload)
			for i, c := range payload {
				if c == ';' {
					payload[i] = '_'
				}
			}
			return dst, err
		}
	})},
	{"unescapes what is not whole", "L3", unescaped(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if i := bytes.Index(data, []byte(`\\`)); frame.Size == 0 && i >= 0 {
				data[i] = ' '
			}
			return frame, r, err
		}
	})},
	{"allows for no escapes in MaxEncodedLen", "L7", unescaped(func(f *fakeSkipper) {
		f.max = plus(1)
	})},
	{"loses the stream to a bad escape, or not, as it is cut", "L3", unescaped(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if err != nil && frame.Size < len(data) {
				frame.Size = 0
			}
			return frame, r, err
		}
	})},
}
