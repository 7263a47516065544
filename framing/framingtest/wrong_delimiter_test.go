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
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return framing.Frame{Size: i + 1, End: i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
		}
	})},
	{"looks at the byte before Seen", "L4", changed("\r\n", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.Index(data[max(0, r.Pos-1):], []byte("\r\n")); i >= 0 {
				i += max(0, r.Pos-1)
				return framing.Frame{Size: i + 2, End: i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
		}
	})},
	{"has never seen anything", "L8", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			r.Pos = 0
			return frame, r, err
		}
	})},
	{"returns half of the Pos that it could", "L8", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			r.Pos /= 2
			return frame, r, err
		}
	})},
	{"returns a Pos of more than there is", "L4", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, framing.Resume{Pos: min(r.Pos, len(data))})
			if frame.Size == 0 {
				r.Pos = len(data) + 1
			}
			return frame, r, err
		}
	})},
	{"loses a delimiter that comes in two reads", "L3", changed("\r\n", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.Index(data[r.Pos:], []byte("\r\n")); i >= 0 {
				return framing.Frame{Size: r.Pos + i + 2, End: r.Pos + i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
		}
	})},
	{"resumes one byte too far", "L4", changed("END", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.Index(data[r.Pos:], []byte("END")); i >= 0 {
				return framing.Frame{Size: r.Pos + i + 3, End: r.Pos + i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: max(r.Pos, len(data)-1)}, nil
		}
	})},
	{"counts from Seen instead of from the front", "L4", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.IndexByte(data[r.Pos:], ';'); i >= 0 {
				return framing.Frame{Size: i + 1, End: i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
		}
	})},
	{"keeps the place where it was for itself", "L3", func() framing.Framer {
		f, at := ending(";"), 0
		f.split = func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.IndexByte(data[min(at, len(data)):], ';'); i >= 0 {
				i += at
				at = 0
				return framing.Frame{Size: i + 1, End: i}, framing.Resume{}, nil
			}
			at = len(data)
			return framing.Frame{}, framing.Resume{}, nil
		}
		return f
	}},
	{"accepts a payload with the delimiter", "L1", changed(";", func(f *fakeSkipper) {
		f.add = func(dst, payload []byte) ([]byte, error) { return append(append(dst, payload...), ';'), nil }
	})},
	{"accepts a payload that makes the delimiter together with the delimiter", "L1", changed("##", func(*fakeSkipper) {})},
	{"trims what Append accepts", "L1", changed("\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size > 0 {
				frame.End = len(bytes.TrimRight(data[:frame.End], "\r"))
			}
			return frame, r, err
		}
	})},
	{"appends the delimiter to the payload", "L1", changed(";", func(f *fakeSkipper) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, refused(payload)
			}
			return append(dst, append(payload, ';')...), nil
		}
	})},
	{"returns nil with a refusal", "L1", changed(";", func(f *fakeSkipper) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return nil, refused(payload)
			}
			return append(append(dst, payload...), ';'), nil
		}
	})},
	{"refuses after it has written", "L1", changed(";", func(f *fakeSkipper) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			dst = append(dst, payload...)
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, refused(payload)
			}
			return append(dst, ';'), nil
		}
	})},
	{"never advances over an empty frame", "L1", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.IndexByte(data[r.Pos:], ';'); r.Pos+i > 0 {
				return framing.Frame{Size: r.Pos + i + 1, End: r.Pos + i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: 0}, nil
		}
	})},
	{"swallows empty frames", "L2", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			for frame.Size > 0 && frame.Size < len(data) && data[frame.Size] == ';' {
				frame.Size++
			}
			return frame, r, err
		}
	})},
	{"ends at the last delimiter", "L2", changed(";", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if i := bytes.LastIndexByte(data[r.Pos:], ';'); i >= 0 {
				return framing.Frame{Size: r.Pos + i + 1, End: r.Pos + i}, framing.Resume{}, nil
			}
			return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
		}
	})},
	{"separates frames instead of ending them", "L2", changed(";", func(f *fakeSkipper) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, ';') >= 0 {
				return dst, refused(payload)
			}
			if len(dst) > 0 && dst[len(dst)-1] != ';' {
				dst = append(dst, ';')
			}
			return append(dst, payload...), nil
		}
	})},
	{"prefers one delimiter wherever it stands", "L3", changed("|", func(f *fakeSkipper) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			for _, d := range []byte("|;") {
				if i := bytes.IndexByte(data[r.Pos:], d); i >= 0 {
					return framing.Frame{Size: r.Pos + i + 1, End: r.Pos + i}, framing.Resume{}, nil
				}
			}
			return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
		}
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.ContainsAny(payload, "|;") {
				return dst, refused(payload)
			}
			return append(append(dst, payload...), '|'), nil
		}
	})},
	{"takes a half delimiter at the end of what has arrived", "L5", changed("\r\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if n := len(data); data[n-1] == '\r' {
				return framing.Frame{Size: n, End: n - 1}, framing.Resume{}, nil
			}
			return split(data, r)
		}
	})},
	{"takes all that has arrived for too long a frame", "L3", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if len(data) > 200 {
				return framing.Frame{}, framing.Resume{}, errors.New("the frame is too long")
			}
			return split(data, r)
		}
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > 190 {
				return dst, refused(payload)
			}
			return write(dst, payload)
		}
	})},
	{"takes a frame that is not whole for the end", "L5", changed(";", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size == 0 {
				err = errors.New("unexpected EOF")
			}
			return frame, r, err
		}
	})},
	{"looks behind what has arrived", "L5", changed("\r\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if n := len(data); data[n-1] == '\r' && n < cap(data) && data[:n+1][n] == '\n' {
				return framing.Frame{Size: n + 1, End: n - 1}, framing.Resume{}, nil
			}
			return split(data, r)
		}
	})},
	{"ends strings in C's way, one byte too far", "L2", changed("\n", func(f *fakeSkipper) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size > 0 && frame.Size < len(data) {
				data[frame.Size] = 0
			}
			return frame, r, err
		}
	})},
	{"forgets the delimiter in MaxEncodedLen", "L7", changed(";", func(f *fakeSkipper) {
		f.max = func(n int) int { return n }
	})},
	{"overflows in MaxEncodedLen", "L7", changed(";", func(f *fakeSkipper) {
		f.max = func(n int) int { return n + 1 }
	})},
	{"skips half of a delimiter", "L9", changed("\r\n", func(f *fakeSkipper) {
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if i := bytes.Index(data, []byte("\r\n")); i >= 0 {
				return i + 2, framing.Resume{}, true
			}
			return len(data), framing.Resume{}, false
		}
	})},
	{"forgets nothing of what it skips", "L9", changed(";", func(f *fakeSkipper) {
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return i + 1, framing.Resume{}, true
			}
			return 0, framing.Resume{}, false
		}
	})},
	{"skips more than there is", "L6", changed(";", func(f *fakeSkipper) {
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return i + 1, framing.Resume{}, true
			}
			return len(data) + 1, framing.Resume{}, false
		}
	})},
	{"leaves the delimiter when it skips", "L9", changed(";", func(f *fakeSkipper) {
		f.skip = func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			if i := bytes.IndexByte(data, ';'); i >= 0 {
				return max(i, 1), framing.Resume{}, true
			}
			return len(data), framing.Resume{}, false
		}
	})},
	{"lets the rest of a large frame pass for frames", "L9", changed(";", func(f *fakeSkipper) {
		f.skip = func([]byte, framing.Resume) (int, framing.Resume, bool) { return 1, framing.Resume{}, true }
	})},
}
