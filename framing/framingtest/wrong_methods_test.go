package framingtest

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// headed returns a framing.Prefixer, after change.
func headed(width int, change func(f *fakeEncloser)) func() framing.Framer {
	return func() framing.Framer {
		f := counted(width)
		change(&f)
		return f
	}
}

// enclosing returns a framing.Encloser for lines, with header and trailer.
func enclosing(trailer string, header func(dst, start []byte, size int64) ([]byte, error)) func() framing.Framer {
	return func() framing.Framer { return fakeEncloser{ending("\n").fake, header, []byte(trailer)} }
}

// lines returns a framing.Ender for lines, with end.
func lines(end func([]byte) ([]byte, error)) func() framing.Framer {
	return func() framing.Framer {
		f := fakeFinisher{ending("\n").fake, end}
		f.max = plus(2)
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if n := frame.End; n > 0 && data[n-1] == '\r' {
				frame.End--
			}
			return frame, r, err
		}
		f.add = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, '\n') >= 0 || bytes.HasSuffix(payload, []byte("\r")) {
				return dst, refused(payload)
			}
			return append(append(dst, payload...), '\n'), nil
		}
		return f
	}
}

var wrongMethods = []wrong{
	{"writes a header of 32 bits for a size of 64", "Encloser", headed(8, func(f *fakeEncloser) {
		f.header = func(dst, start []byte, size int64) ([]byte, error) {
			if size < 0 {
				return dst, refusedSize(size)
			}
			return binary.BigEndian.AppendUint64(dst, uint64(uint32(size))), nil
		}
	})},
	{"writes a header for a negative size", "Encloser", headed(8, func(f *fakeEncloser) {
		f.header = func(dst, start []byte, size int64) ([]byte, error) {
			return binary.BigEndian.AppendUint64(dst, uint64(size)), nil
		}
	})},
	{"writes a header for what Append refuses", "Encloser", headed(2, func(f *fakeEncloser) {
		f.header = func(dst, start []byte, size int64) ([]byte, error) {
			if size < 0 {
				return dst, refusedSize(size)
			}
			return binary.BigEndian.AppendUint16(dst, uint16(size)), nil
		}
	})},
	{"has a trailer that Append does not write", "Encloser", headed(2, func(f *fakeEncloser) {
		f.trailer = []byte{0}
	})},
	{"returns a header without what was there before", "Encloser", headed(2, func(f *fakeEncloser) {
		header := f.header
		f.header = func(dst, start []byte, size int64) ([]byte, error) { return header(nil, start, size) }
	})},
	{"returns half a header with a refusal", "Encloser", headed(2, func(f *fakeEncloser) {
		header := f.header
		f.header = func(dst, start []byte, size int64) ([]byte, error) {
			if size > math.MaxUint16 || size < 0 {
				return append(dst, 0), refusedSize(size)
			}
			return header(dst, start, size)
		}
	})},
	{"wraps a size around that no int can say", "Encloser", headed(8, func(f *fakeEncloser) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if err != nil {
				return framing.Frame{Size: math.MaxInt, Start: 8, End: math.MaxInt}, framing.Resume{}, nil
			}
			return frame, r, nil
		}
	})},
	{"encloses a payload that contains the delimiter", "Encloser", enclosing("\n", func(dst, _ []byte, size int64) ([]byte, error) {
		if size < 0 {
			return dst, refusedSize(size)
		}
		return dst, nil
	})},
	{"encloses a payload of which it has seen the beginning", "Encloser", enclosing("\n", func(dst, start []byte, size int64) ([]byte, error) {
		switch {
		case size < 0 || bytes.IndexByte(start, '\n') >= 0:
			return dst, refusedSize(size)
		case len(start) == 0 && size > 0:
			return dst, framing.ErrNoHeader
		}
		return dst, nil
	})},
	{"encloses with another delimiter than Append", "Encloser", enclosing("\r\n", func(dst, start []byte, size int64) ([]byte, error) {
		switch {
		case size < 0 || bytes.IndexByte(start, '\n') >= 0:
			return dst, refusedSize(size)
		case int64(len(start)) < size:
			return dst, framing.ErrNoHeader
		}
		return dst, nil
	})},
	{"cleans a payload that it encloses", "Encloser", enclosing("\n", func(dst, start []byte, size int64) ([]byte, error) {
		if size < 0 {
			return dst, refusedSize(size)
		}
		for i, c := range start {
			if c == '\n' {
				start[i] = ' '
			}
		}
		return dst, framing.ErrNoHeader
	})},
	{"trims a last line", "Finisher", lines(func(data []byte) ([]byte, error) { return bytes.TrimSpace(data), nil })},
	{"leaves the escapes in a last piece", "Finisher", func() framing.Framer {
		return fakeFinisher{escaped().fake, func(data []byte) ([]byte, error) { return data, nil }}
	}},
	{"takes the last byte of a last line for its end", "Finisher", lines(func(data []byte) ([]byte, error) { return data[:len(data)-1], nil })},
	{"refuses a last line", "Finisher", lines(func([]byte) ([]byte, error) { return nil, errMalformed })},
	{"returns a copy of a last line", "Finisher", lines(func(data []byte) ([]byte, error) {
		return bytes.Clone(bytes.TrimSuffix(data, []byte("\r"))), nil
	})},
	{"panics on a last line of one byte", "L6", lines(func(data []byte) ([]byte, error) {
		if data[len(data)-1] == '\r' && data[len(data)-2] != 0 {
			return data[:len(data)-1], nil
		}
		return data, nil
	})},
}
