package framingtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// The Framers of this file are correct, and as simple as can be. The wrong ones are
// made from them, with one part changed.

// refused returns the error of Append for a payload.
func refused(payload []byte) error { return refusedSize(int64(len(payload))) }

func refusedSize(size int64) error {
	return &framing.PayloadError{Size: size, Reason: "refused"}
}

// A fake is a Framer whose methods can be exchanged.
type fake struct {
	split func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error)
	add   func(dst, payload []byte) ([]byte, error)
	max   func(n int) int
}

func (f fake) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	return f.split(data, r)
}
func (f fake) Append(dst, payload []byte) ([]byte, error) { return f.add(dst, payload) }
func (f fake) MaxEncodedLen(n int) int                    { return f.max(n) }

// A fakeSkipper is a fake that is a framing.Skipper.
type fakeSkipper struct {
	fake
	skip func(data []byte, r framing.Resume) (int, framing.Resume, bool)
}

func (f fakeSkipper) Skip(data []byte, r framing.Resume) (int, framing.Resume, bool) {
	return f.skip(data, r)
}

// A fakeFinisher is a fake that is a framing.Finisher.
type fakeFinisher struct {
	fake
	finish func(data []byte) ([]byte, error)
}

func (f fakeFinisher) Finish(data []byte) ([]byte, error) { return f.finish(data) }

// A fakeEncloser is a fake that is a framing.Encloser.
type fakeEncloser struct {
	fake
	header  func(dst, start []byte, size int64) ([]byte, error)
	trailer []byte
}

func (f fakeEncloser) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	return f.header(dst, start, size)
}
func (f fakeEncloser) Trailer() []byte { return f.trailer }

// plus returns the MaxEncodedLen of frames with n bytes around the payload.
func plus(n int) func(int) int {
	return func(size int) int {
		if size > math.MaxInt-n {
			return math.MaxInt
		}
		return size + n
	}
}

// ending ends frames with delim, whose bytes must all be different.
func ending(delim string) fakeSkipper {
	d := []byte(delim)
	find := func(data []byte, r framing.Resume) (framing.Frame, framing.Resume) {
		if i := bytes.Index(data[r.Pos:], d); i >= 0 {
			return framing.Frame{Size: r.Pos + i + len(d), End: r.Pos + i}, framing.Resume{}
		}
		return framing.Frame{}, framing.Resume{Pos: max(r.Pos, len(data)-len(d)+1)}
	}
	return fakeSkipper{
		fake{
			split: func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
				f, r := find(data, r)
				return f, r, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				if bytes.Contains(payload, d) {
					return dst, refused(payload)
				}
				return append(append(dst, payload...), d...), nil
			},
			max: plus(len(d)),
		},
		func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			f, r := find(data, r)
			return max(f.Size, r.Pos), framing.Resume{}, f.Size > 0
		},
	}
}

// counted starts frames with a big-endian length of width bytes, 2 or 8.
func counted(width int) fakeEncloser {
	header := func(dst, _ []byte, size int64) ([]byte, error) {
		switch {
		case size < 0, width == 2 && size > math.MaxUint16:
			return dst, refusedSize(size)
		case width == 2:
			return binary.BigEndian.AppendUint16(dst, uint16(size)), nil
		}
		return binary.BigEndian.AppendUint64(dst, uint64(size)), nil
	}
	return fakeEncloser{
		fake: fake{
			split: func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
				if len(data) < width {
					return framing.Frame{}, framing.Resume{}, nil
				}
				size := length(data, width)
				if size > uint64(math.MaxInt-width) {
					return framing.Frame{}, framing.Resume{}, &framing.TooLargeError{Size: size}
				}
				n := width + int(size)
				return framing.Frame{Size: n, Start: width, End: n}, framing.Resume{}, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				h, err := header(dst, nil, int64(len(payload)))
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

// escaped ends frames with ';' and escapes it, and itself, with '\'. The byte after
// the escape must be one of them, or the frame is invalid.
func escaped() fakeSkipper {
	find := func(data []byte, from int) (size, safe int) {
		for i := from; i < len(data); i++ {
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
			split: func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
				size, safe := find(data, r.Pos)
				if size == 0 {
					return framing.Frame{}, framing.Resume{Pos: safe}, nil
				}
				f, err := unescape(data[:size])
				return f, framing.Resume{}, err
			},
			add: func(dst, payload []byte) ([]byte, error) {
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
		func(data []byte, r framing.Resume) (int, framing.Resume, bool) {
			size, safe := find(data, r.Pos)
			return safe, framing.Resume{}, size > 0
		},
	}
}

func unescape(frame []byte) (framing.Frame, error) {
	end := 0
	for i := 0; i < len(frame)-1; i++ {
		if frame[i] == '\\' {
			if i++; frame[i] != ';' && frame[i] != '\\' {
				return framing.Frame{Size: len(frame)}, fmt.Errorf("invalid escape %q", frame[i])
			}
		}
		frame[end] = frame[i]
		end++
	}
	return framing.Frame{Size: len(frame), End: end}, nil
}

// varied starts frames with a varint of at most 10 bytes.
func varied() fake {
	return fake{
		split: func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
			value, n := binary.Uvarint(data)
			switch {
			case n == 0 && len(data) < binary.MaxVarintLen64:
				return framing.Frame{}, framing.Resume{}, nil
			case n <= 0:
				return framing.Frame{}, framing.Resume{}, errMalformed
			case value > uint64(math.MaxInt-n):
				return framing.Frame{}, framing.Resume{}, &framing.TooLargeError{Size: value}
			}
			size := n + int(value)
			return framing.Frame{Size: size, Start: n, End: size}, framing.Resume{}, nil
		},
		add: func(dst, payload []byte) ([]byte, error) {
			return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...), nil
		},
		max: plus(binary.MaxVarintLen64),
	}
}

// netstrings makes frames like "5:hello,".
func netstrings() fakeEncloser {
	header := func(dst, _ []byte, size int64) ([]byte, error) {
		if size < 0 || size > 99999999 {
			return dst, refusedSize(size)
		}
		return fmt.Appendf(dst, "%d:", size), nil
	}
	return fakeEncloser{
		fake{
			split: func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
				size := 0
				for i, c := range data {
					switch {
					case '0' <= c && c <= '9' && i < 8 && (i == 0 || data[0] != '0'):
						size = 10*size + int(c-'0')
					case c == ':' && i > 0:
						f := framing.Frame{Size: i + 1 + size + 1, Start: i + 1, End: i + 1 + size}
						if f.Size <= len(data) && data[f.End] != ',' {
							return f, framing.Resume{}, errMalformed
						}
						return f, framing.Resume{}, nil
					default:
						return framing.Frame{}, framing.Resume{}, errMalformed
					}
				}
				return framing.Frame{}, framing.Resume{}, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				h, err := header(dst, nil, int64(len(payload)))
				if err != nil {
					return dst, err
				}
				return append(append(h, payload...), ','), nil
			},
			max: plus(10),
		},
		header,
		[]byte(","),
	}
}
