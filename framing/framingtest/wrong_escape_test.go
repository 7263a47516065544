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
		f.skip = func(data []byte) (int, bool) {
			n, end := skip(data)
			if !end {
				n = len(data)
			}
			return n, end
		}
	})},
	{"resumes inside an escape", "L4", unescaped(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size == 0 {
				frame.Seen = len(data)
			}
			return frame, err
		}
	})},
	{"skips to a delimiter that is escaped", "R4", unescaped(func(f *fakeSkipper) {
		f.skip = func(data []byte) (int, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return i + 1, true
			}
			return len(data), false
		}
	})},
	{"escapes the delimiter and forgets the escape", "L1", unescaped(func(f *fakeSkipper) {
		f.append = func(dst, payload []byte) ([]byte, error) {
			return append(append(dst, bytes.ReplaceAll(payload, []byte(";"), []byte(`\;`))...), ';'), nil
		}
	})},
	{"escapes in the payload itself", "L1", unescaped(func(f *fakeSkipper) {
		write := f.append
		f.append = func(dst, payload []byte) ([]byte, error) {
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
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if i := bytes.Index(data, []byte(`\\`)); frame.Size == 0 && i >= 0 {
				data[i] = ' '
			}
			return frame, err
		}
	})},
	{"allows for no escapes in MaxEncodedLen", "L7", unescaped(func(f *fakeSkipper) {
		f.max = plus(1)
	})},
	{"loses the stream to a bad escape, or not, as it is cut", "L3", unescaped(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if err != nil && frame.Size < len(data) {
				frame.Size = 0
			}
			return frame, err
		}
	})},
}
