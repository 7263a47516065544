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
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size > 0 && frame.Size < len(data) {
				data[frame.Size] ^= 1
			}
			return frame, err
		}
	})},
	{"rewrites a frame that is not whole", "L5", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size == 0 && len(data) > 1 {
				data[0] ^= 1
			}
			return frame, err
		}
	})},
	{"rewrites a frame that is not whole, where it resumes", "L4", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size == 0 && seen > 0 && seen < len(data) {
				data[seen] ^= 1
			}
			return frame, err
		}
	})},
	{"rewrites what Skip leaves", "L9", ended(func(f *fakeSkipper) {
		skip := f.skip
		f.skip = func(data []byte) (int, bool) {
			n, end := skip(data)
			if n < len(data) {
				data[n] ^= 1
			}
			return n, end
		}
	})},
	{"rewrites what Skip leaves of hostile bytes", "L6", ended(func(f *fakeSkipper) {
		skip := f.skip
		f.skip = func(data []byte) (int, bool) {
			n, end := skip(data)
			if n < len(data) {
				data[n] ^= 1
			}
			return n, end
		}
	})},
	{"refuses to append behind other bytes", "L1", ended(func(f *fakeSkipper) {
		write := f.append
		f.append = func(dst, payload []byte) ([]byte, error) {
			if len(dst) > 0 {
				return dst, errRefused
			}
			return write(dst, payload)
		}
	})},
	{"refuses to append behind a frame", "L2", ended(func(f *fakeSkipper) {
		write := f.append
		f.append = func(dst, payload []byte) ([]byte, error) {
			if bytes.HasSuffix(dst, []byte(";;")) {
				return dst, errRefused
			}
			return write(dst, payload)
		}
	})},
	{"begins otherwise behind other bytes", "L1", ended(func(f *fakeSkipper) {
		write := f.append
		f.append = func(dst, payload []byte) ([]byte, error) {
			if len(dst) > 0 {
				dst = append(dst, ' ')
			}
			return write(dst, payload)
		}
	})},
	{"writes its delimiter twice", "L1", ended(func(f *fakeSkipper) {
		f.max = plus(4)
		write := f.append
		f.append = func(dst, payload []byte) ([]byte, error) {
			wire, err := write(dst, payload)
			if err == nil {
				wire = append(wire, ";;"...)
			}
			return wire, err
		}
	})},
	{"panics where it resumes", "L4", ended(func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if seen > 1 {
				panic("resumed")
			}
			return split(data, seen)
		}
	})},
}
