package framingtest

import (
	"bytes"
	"errors"

	"github.com/wholeframe/wholeframe/framing"
)

// changed returns a framer that ends messages at delim, after change.
func changed(delim string, change func(f *fakeSkipper)) func() framing.Framer {
	return func() framing.Framer {
		f := ending(delim)
		change(&f)
		return f
	}
}

var wrongDelimiters = []wrong{
	{"looks at all bytes again with every read", "L4", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return framing.Frame{Size: i + 1, End: i}, nil
			}
			return framing.Frame{Seen: len(data)}, nil
		}
	})},
	{"looks at the byte before Seen", "L4", changed("\r\n", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.Index(data[max(0, seen-1):], []byte("\r\n")); i >= 0 {
				i += max(0, seen-1)
				return framing.Frame{Size: i + 2, End: i}, nil
			}
			return framing.Frame{Seen: len(data)}, nil
		}
	})},
	{"has never seen anything", "L8", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			frame.Seen = 0
			return frame, err
		}
	})},
	{"has seen half of what it has seen", "L8", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			frame.Seen /= 2
			return frame, err
		}
	})},
	{"has seen more than there is", "L4", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, min(seen, len(data)))
			if frame.Size == 0 {
				frame.Seen = len(data) + 1
			}
			return frame, err
		}
	})},
	{"loses a delimiter that comes in two reads", "L3", changed("\r\n", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.Index(data[seen:], []byte("\r\n")); i >= 0 {
				return framing.Frame{Size: seen + i + 2, End: seen + i}, nil
			}
			return framing.Frame{Seen: len(data)}, nil
		}
	})},
	{"resumes one byte too far", "L4", changed("END", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.Index(data[seen:], []byte("END")); i >= 0 {
				return framing.Frame{Size: seen + i + 3, End: seen + i}, nil
			}
			return framing.Frame{Seen: max(seen, len(data)-1)}, nil
		}
	})},
	{"counts from Seen instead of from the front", "L4", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.IndexByte(data[seen:], ';'); i >= 0 {
				return framing.Frame{Size: i + 1, End: i}, nil
			}
			return framing.Frame{Seen: len(data)}, nil
		}
	})},
	{"keeps the place where it was for itself", "L3", func() framing.Framer {
		f, at := ending(";"), 0
		f.split = func(data []byte, _ int) (framing.Frame, error) {
			if i := bytes.IndexByte(data[min(at, len(data)):], ';'); i >= 0 {
				i += at
				at = 0
				return framing.Frame{Size: i + 1, End: i}, nil
			}
			at = len(data)
			return framing.Frame{}, nil
		}
		return f
	}},
	{"accepts a payload with the delimiter", "L1", changed(";", func(f *fakeSkipper) {
		f.append = func(dst, payload []byte) ([]byte, error) { return append(append(dst, payload...), ';'), nil }
	})},
	{"accepts a payload that makes the delimiter together with the delimiter", "L1", changed("##", func(*fakeSkipper) {})},
	{"trims what Append accepts", "L1", changed("\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size > 0 {
				frame.End = len(bytes.TrimRight(data[:frame.End], "\r"))
			}
			return frame, err
		}
	})},
	{"appends the delimiter to the payload", "L1", changed(";", func(f *fakeSkipper) {
		f.append = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, errRefused
			}
			return append(dst, append(payload, ';')...), nil
		}
	})},
	{"returns nil with a refusal", "L1", changed(";", func(f *fakeSkipper) {
		f.append = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return nil, errRefused
			}
			return append(append(dst, payload...), ';'), nil
		}
	})},
	{"refuses after it has written", "L1", changed(";", func(f *fakeSkipper) {
		f.append = func(dst, payload []byte) ([]byte, error) {
			dst = append(dst, payload...)
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, errRefused
			}
			return append(dst, ';'), nil
		}
	})},
	{"never advances over an empty frame", "L1", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.IndexByte(data[seen:], ';'); seen+i > 0 {
				return framing.Frame{Size: seen + i + 1, End: seen + i}, nil
			}
			return framing.Frame{Seen: 0}, nil
		}
	})},
	{"swallows empty frames", "L2", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			for frame.Size > 0 && frame.Size < len(data) && data[frame.Size] == ';' {
				frame.Size++
			}
			return frame, err
		}
	})},
	{"ends at the last delimiter", "L2", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if i := bytes.LastIndexByte(data[seen:], ';'); i >= 0 {
				return framing.Frame{Size: seen + i + 1, End: seen + i}, nil
			}
			return framing.Frame{Seen: len(data)}, nil
		}
	})},
	{"separates frames instead of ending them", "L2", changed(";", func(f *fakeSkipper) {
		f.append = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, errRefused
			}
			if len(dst) > 0 && dst[len(dst)-1] != ';' {
				dst = append(dst, ';')
			}
			return append(dst, payload...), nil
		}
	})},
	{"prefers one delimiter wherever it stands", "L3", changed("|", func(f *fakeSkipper) {
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			for _, d := range []byte("|;") {
				if i := bytes.IndexByte(data[seen:], d); i >= 0 {
					return framing.Frame{Size: seen + i + 1, End: seen + i}, nil
				}
			}
			return framing.Frame{Seen: len(data)}, nil
		}
		f.append = func(dst, payload []byte) ([]byte, error) {
			if bytes.ContainsAny(payload, "|;") {
				return dst, errRefused
			}
			return append(append(dst, payload...), '|'), nil
		}
	})},
	{"takes a half delimiter at the end of what has arrived", "R2", changed("\r\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if n := len(data); data[n-1] == '\r' {
				return framing.Frame{Size: n, End: n - 1}, nil
			}
			return split(data, seen)
		}
	})},
	{"takes all that has arrived for too long a frame", "L3", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if len(data) > 200 {
				return framing.Frame{}, errors.New("the frame is too long")
			}
			return split(data, seen)
		}
		write := f.append
		f.append = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > 190 {
				return dst, errRefused
			}
			return write(dst, payload)
		}
	})},
	{"takes a frame that is not whole for the end", "L5", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size == 0 {
				err = errors.New("unexpected EOF")
			}
			return frame, err
		}
	})},
	{"looks behind what has arrived", "L5", changed("\r\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			if n := len(data); data[n-1] == '\r' && n < cap(data) && data[:n+1][n] == '\n' {
				return framing.Frame{Size: n + 1, End: n - 1}, nil
			}
			return split(data, seen)
		}
	})},
	{"ends strings in C's way, one byte too far", "L2", changed("\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if frame.Size > 0 && frame.Size < len(data) {
				data[frame.Size] = 0
			}
			return frame, err
		}
	})},
	{"forgets the delimiter in MaxEncodedLen", "L7", changed(";", func(f *fakeSkipper) {
		f.max = func(n int) int { return n }
	})},
	{"overflows in MaxEncodedLen", "L7", changed(";", func(f *fakeSkipper) {
		f.max = func(n int) int { return n + 1 }
	})},
	{"skips half of a delimiter", "L9", changed("\r\n", func(f *fakeSkipper) {
		f.skip = func(data []byte) (int, bool) {
			if i := bytes.Index(data, []byte("\r\n")); i >= 0 {
				return i + 2, true
			}
			return len(data), false
		}
	})},
	{"forgets nothing of what it skips", "L9", changed(";", func(f *fakeSkipper) {
		f.skip = func(data []byte) (int, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return i + 1, true
			}
			return 0, false
		}
	})},
	{"skips more than there is", "L6", changed(";", func(f *fakeSkipper) {
		f.skip = func(data []byte) (int, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return i + 1, true
			}
			return len(data) + 1, false
		}
	})},
	{"leaves the delimiter when it skips", "L9", changed(";", func(f *fakeSkipper) {
		f.skip = func(data []byte) (int, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return max(i, 1), true
			}
			return len(data), false
		}
	})},
	{"lets the rest of a large frame pass for frames", "R4", changed(";", func(f *fakeSkipper) {
		f.skip = func([]byte) (int, bool) { return 1, true }
	})},
}
