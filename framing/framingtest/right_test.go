package framingtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// The framers here are right, and as simple as can be. Those that are wrong
// are made of them, with one part changed.

var errRefused = errors.New("refused")

// A fake is a framer whose methods can be exchanged.
type fake struct {
	split  func(data []byte, seen int) (framing.Frame, error)
	append func(dst, payload []byte) ([]byte, error)
	max    func(n int) int
}

func (f fake) Split(data []byte, seen int) (framing.Frame, error) { return f.split(data, seen) }
func (f fake) Append(dst, payload []byte) ([]byte, error)         { return f.append(dst, payload) }
func (f fake) MaxEncodedLen(n int) int                            { return f.max(n) }

// A fakeSkipper is a fake that is a framing.Skipper.
type fakeSkipper struct {
	fake
	skip func(data []byte) (int, bool)
}

func (f fakeSkipper) Skip(data []byte) (int, bool) { return f.skip(data) }

// A fakeEnder is a fake that is a framing.Ender.
type fakeEnder struct {
	fake
	end func(data []byte) ([]byte, error)
}

func (f fakeEnder) End(data []byte) ([]byte, error) { return f.end(data) }

// A fakeEncloser is a fake that is a framing.Encloser.
type fakeEncloser struct {
	fake
	enclose func(payload []byte) (header, trailer []byte, ok bool)
}

func (f fakeEncloser) Enclose(payload []byte) (header, trailer []byte, ok bool) {
	return f.enclose(payload)
}

// A fakePrefixer is a fake that is a framing.Prefixer.
type fakePrefixer struct {
	fake
	header  func(dst []byte, size int64) ([]byte, error)
	trailer []byte
}

func (f fakePrefixer) AppendHeader(dst []byte, size int64) ([]byte, error) {
	return f.header(dst, size)
}
func (f fakePrefixer) Trailer() []byte { return f.trailer }

// plus returns the MaxEncodedLen of frames with n bytes around the payload.
func plus(n int) func(int) int {
	return func(size int) int {
		if size > math.MaxInt-n {
			return math.MaxInt
		}
		return size + n
	}
}

// ending ends messages at delim, whose bytes must all be different.
func ending(delim string) fakeSkipper {
	d := []byte(delim)
	find := func(data []byte, seen int) framing.Frame {
		if i := bytes.Index(data[seen:], d); i >= 0 {
			return framing.Frame{Size: seen + i + len(d), End: seen + i}
		}
		return framing.Frame{Seen: max(seen, len(data)-len(d)+1)}
	}
	return fakeSkipper{
		fake{
			split: func(data []byte, seen int) (framing.Frame, error) { return find(data, seen), nil },
			append: func(dst, payload []byte) ([]byte, error) {
				if bytes.Contains(payload, d) {
					return dst, errRefused
				}
				return append(append(dst, payload...), d...), nil
			},
			max: plus(len(d)),
		},
		func(data []byte) (int, bool) {
			f := find(data, 0)
			return max(f.Size, f.Seen), f.Size > 0
		},
	}
}

// counted sends messages behind a big-endian length of width bytes, 2 or 8.
func counted(width int) fakePrefixer {
	header := func(dst []byte, size int64) ([]byte, error) {
		switch {
		case size < 0, width == 2 && size > math.MaxUint16:
			return dst, errRefused
		case width == 2:
			return binary.BigEndian.AppendUint16(dst, uint16(size)), nil
		}
		return binary.BigEndian.AppendUint64(dst, uint64(size)), nil
	}
	return fakePrefixer{
		fake: fake{
			split: func(data []byte, seen int) (framing.Frame, error) {
				if len(data) < width {
					return framing.Frame{}, nil
				}
				size := length(data, width)
				if size > uint64(math.MaxInt-width) {
					return framing.Frame{}, &framing.TooLargeError{Size: size}
				}
				n := width + int(size)
				return framing.Frame{Size: n, Start: width, End: n}, nil
			},
			append: func(dst, payload []byte) ([]byte, error) {
				h, err := header(dst, int64(len(payload)))
				if err != nil {
					return dst, err
				}
				return append(h, payload...), nil
			},
			max: plus(width),
		},
		header: header,
	}
}

func length(data []byte, width int) uint64 {
	if width == 2 {
		return uint64(binary.BigEndian.Uint16(data))
	}
	return binary.BigEndian.Uint64(data)
}

// escaped ends messages at ';' and escapes it, and itself, with '\'. The byte
// behind the escape must be one of them, or the frame is condemned.
func escaped() fakeSkipper {
	find := func(data []byte, seen int) (size, safe int) {
		for i := seen; i < len(data); i++ {
			switch data[i] {
			case '\\':
				if i++; i == len(data) {
					return 0, i - 1
				}
			case ';':
				return i + 1, i + 1
			}
		}
		return 0, len(data)
	}
	return fakeSkipper{
		fake{
			split: func(data []byte, seen int) (framing.Frame, error) {
				size, safe := find(data, seen)
				if size == 0 {
					return framing.Frame{Seen: safe}, nil
				}
				return unescape(data[:size])
			},
			append: func(dst, payload []byte) ([]byte, error) {
				for _, c := range payload {
					if c == ';' || c == '\\' {
						dst = append(dst, '\\')
					}
					dst = append(dst, c)
				}
				return append(dst, ';'), nil
			},
			max: func(n int) int {
				if n > (math.MaxInt-1)/2 {
					return math.MaxInt
				}
				return 2*n + 1
			},
		},
		func(data []byte) (int, bool) {
			size, safe := find(data, 0)
			return safe, size > 0
		},
	}
}

func unescape(frame []byte) (framing.Frame, error) {
	end := 0
	for i := 0; i < len(frame)-1; i++ {
		if frame[i] == '\\' {
			if i++; frame[i] != ';' && frame[i] != '\\' {
				return framing.Frame{Size: len(frame)}, fmt.Errorf("bad escape %q", frame[i])
			}
		}
		frame[end] = frame[i]
		end++
	}
	return framing.Frame{Size: len(frame), End: end}, nil
}

// varied sends messages behind a varint of at most 10 bytes.
func varied() fake {
	return fake{
		split: func(data []byte, seen int) (framing.Frame, error) {
			value, n := binary.Uvarint(data)
			switch {
			case n == 0 && len(data) < binary.MaxVarintLen64:
				return framing.Frame{}, nil
			case n <= 0:
				return framing.Frame{}, errRefused
			case value > uint64(math.MaxInt-n):
				return framing.Frame{}, &framing.TooLargeError{Size: value}
			}
			size := n + int(value)
			return framing.Frame{Size: size, Start: n, End: size}, nil
		},
		append: func(dst, payload []byte) ([]byte, error) {
			return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...), nil
		},
		max: plus(binary.MaxVarintLen64),
	}
}

// netstrings sends messages as "5:hello,".
func netstrings() fake {
	return fake{
		split: func(data []byte, seen int) (framing.Frame, error) {
			size := 0
			for i, c := range data {
				switch {
				case i == 9:
					return framing.Frame{}, errRefused
				case '0' <= c && c <= '9' && (i == 0 || data[0] != '0'):
					size = 10*size + int(c-'0')
				case c == ':' && i > 0:
					n := i + 1 + size + 1
					if n <= len(data) && data[n-1] != ',' {
						return framing.Frame{Size: n, Start: i + 1, End: n - 1}, errRefused
					}
					return framing.Frame{Size: n, Start: i + 1, End: n - 1}, nil
				default:
					return framing.Frame{}, errRefused
				}
			}
			return framing.Frame{}, nil
		},
		append: func(dst, payload []byte) ([]byte, error) {
			if len(payload) > 99999999 {
				return dst, errRefused
			}
			return append(append(fmt.Appendf(dst, "%d:", len(payload)), payload...), ','), nil
		},
		max: plus(10),
	}
}
