package framingtest

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// headed returns a framing.Prefixer, after change.
func headed(width int, change func(f *fakePrefixer)) func() framing.Framer {
	return func() framing.Framer {
		f := counted(width)
		change(&f)
		return f
	}
}

// enclosing returns a framing.Encloser for lines, with enclose.
func enclosing(enclose func([]byte) ([]byte, []byte, bool)) func() framing.Framer {
	return func() framing.Framer { return fakeEncloser{ending("\n").fake, enclose} }
}

// lines returns a framing.Ender for lines, with end.
func lines(end func([]byte) ([]byte, error)) func() framing.Framer {
	return func() framing.Framer {
		f := fakeEnder{ending("\n").fake, end}
		f.max = plus(2)
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if n := frame.End; n > 0 && data[n-1] == '\r' {
				frame.End--
			}
			return frame, err
		}
		f.append = func(dst, payload []byte) ([]byte, error) {
			if bytes.IndexByte(payload, '\n') >= 0 || bytes.HasSuffix(payload, []byte("\r")) {
				return dst, errRefused
			}
			return append(append(dst, payload...), '\n'), nil
		}
		return f
	}
}

var wrongMethods = []wrong{
	{"writes a header of 32 bits for a size of 64", "Prefixer", headed(8, func(f *fakePrefixer) {
		f.header = func(dst []byte, size int64) ([]byte, error) {
			if size < 0 {
				return dst, errRefused
			}
			return binary.BigEndian.AppendUint64(dst, uint64(uint32(size))), nil
		}
	})},
	{"writes a header for a negative size", "Prefixer", headed(8, func(f *fakePrefixer) {
		f.header = func(dst []byte, size int64) ([]byte, error) {
			return binary.BigEndian.AppendUint64(dst, uint64(size)), nil
		}
	})},
	{"writes a header for what Append refuses", "Prefixer", headed(2, func(f *fakePrefixer) {
		f.header = func(dst []byte, size int64) ([]byte, error) {
			if size < 0 {
				return dst, errRefused
			}
			return binary.BigEndian.AppendUint16(dst, uint16(size)), nil
		}
	})},
	{"has a trailer that Append does not write", "Prefixer", headed(2, func(f *fakePrefixer) {
		f.trailer = []byte{0}
	})},
	{"returns a header without what was there before", "Prefixer", headed(2, func(f *fakePrefixer) {
		header := f.header
		f.header = func(dst []byte, size int64) ([]byte, error) { return header(nil, size) }
	})},
	{"returns half a header with a refusal", "Prefixer", headed(2, func(f *fakePrefixer) {
		header := f.header
		f.header = func(dst []byte, size int64) ([]byte, error) {
			if size > math.MaxUint16 || size < 0 {
				return append(dst, 0), errRefused
			}
			return header(dst, size)
		}
	})},
	{"wraps a size around that no int can say", "Prefixer", headed(8, func(f *fakePrefixer) {
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			if err != nil {
				return framing.Frame{Size: math.MaxInt, Start: 8, End: math.MaxInt}, nil
			}
			return frame, nil
		}
	})},
	{"encloses a payload that holds the delimiter", "Encloser", enclosing(func([]byte) ([]byte, []byte, bool) {
		return nil, []byte("\n"), true
	})},
	{"encloses with another delimiter than Append", "Encloser", enclosing(func(payload []byte) ([]byte, []byte, bool) {
		return nil, []byte("\r\n"), bytes.IndexByte(payload, '\n') < 0
	})},
	{"cleans a payload that it encloses", "Encloser", enclosing(func(payload []byte) ([]byte, []byte, bool) {
		for i, c := range payload {
			if c == '\n' {
				payload[i] = ' '
			}
		}
		return nil, nil, false
	})},
	{"trims a last line", "Ender", lines(func(data []byte) ([]byte, error) { return bytes.TrimSpace(data), nil })},
	{"leaves the escapes in a last piece", "Ender", func() framing.Framer {
		return fakeEnder{escaped().fake, func(data []byte) ([]byte, error) { return data, nil }}
	}},
	{"takes the last byte of a last line for its end", "Ender", lines(func(data []byte) ([]byte, error) { return data[:len(data)-1], nil })},
	{"refuses a last line", "Ender", lines(func([]byte) ([]byte, error) { return nil, errRefused })},
	{"returns a copy of a last line", "Ender", lines(func(data []byte) ([]byte, error) {
		return bytes.Clone(bytes.TrimSuffix(data, []byte("\r"))), nil
	})},
	{"panics on a last line of one byte", "L6", lines(func(data []byte) ([]byte, error) {
		if data[len(data)-1] == '\r' && data[len(data)-2] != 0 {
			return data[:len(data)-1], nil
		}
		return data, nil
	})},
}
