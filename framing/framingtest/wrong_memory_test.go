package framingtest

import (
	"bytes"

	"github.com/wholeframe/wholeframe/framing"
)

// ended returns a framing.Skipper whose frames end at ";;", after change.
func ended(change func(f *fakeSkipper)) func() framing.Framer {
	return func() framing.Framer {
		f := ending(";;")
		change(&f)
		return f
	}
}

// wrongMemory are framers that change bytes that are not theirs, or whose
// answer depends on the memory that they are given.
var wrongMemory = []wrong{
	{"rewrites the first byte behind the frame", "L2", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size > 0 && frame.Size < len(data) {
				data[frame.Size] ^= 1
			}
			return frame, r, err
		}
	})},
	{"rewrites a frame that is not whole", "L5", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size == 0 && len(data) > 1 {
				data[0] ^= 1
			}
			return frame, r, err
		}
	})},
	{"rewrites a frame that is not whole, where it resumes", "L4", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size == 0 && r.Pos > 0 && r.Pos < len(data) {
				data[r.Pos] ^= 1
			}
			return frame, r, err
		}
	})},
	{"rewrites what Skip leaves", "L9", ended(func(f *fakeSkipper) {
		skip := f.skip
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			n, next, end := skip(data, r)
			if n < len(data) {
				data[n] ^= 1
			}
			return n, next, end
		}
	})},
	{"rewrites what Skip leaves of hostile bytes", "L6", ended(func(f *fakeSkipper) {
		skip := f.skip
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			n, next, end := skip(data, r)
			if n < len(data) {
				data[n] ^= 1
			}
			return n, next, end
		}
	})},
	{"refuses to append behind other bytes", "L1", ended(func(f *fakeSkipper) {
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(dst) > 0 {
				return dst, refused(payload)
			}
			return write(dst, payload)
		}
	})},
	{"refuses to append behind a frame", "L2", ended(func(f *fakeSkipper) {
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.HasSuffix(dst, []byte(";;")) {
				return dst, refused(payload)
			}
			return write(dst, payload)
		}
	})},
	{"begins otherwise behind other bytes", "L1", ended(func(f *fakeSkipper) {
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(dst) > 0 {
				dst = append(dst, ' ')
			}
			return write(dst, payload)
		}
	})},
	{"writes its delimiter twice", "L1", ended(func(f *fakeSkipper) {
		f.max = plus(4)
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			wire, err := write(dst, payload)
			if err == nil {
				wire = append(wire, ";;"...)
			}
			return wire, err
		}
	})},
	{"panics where it resumes", "L4", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if r.Pos > 1 {
				panic("resumed")
			}
			return split(data, r)
		}
	})},
}
