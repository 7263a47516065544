package framingtest

import (
	"encoding/binary"
	"errors"
	"math"
	"sync/atomic"

	"github.com/wholeframe/wholeframe/framing"
)

// recounted returns a framer with a length of width bytes, after change.
func recounted(width int, change func(f *fake)) func() framing.Framer {
	return func() framing.Framer {
		f := counted(width).fake
		change(&f)
		return f
	}
}

// announced changes what Split returns for a frame whose size is known.
func announced(change func(data []byte, frame *framing.Frame)) func(f *fake) {
	return func(f *fake) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size > 0 {
				change(data, &frame)
			}
			return frame, r, err
		}
	}
}

var wrongLengths = []wrong{
	{"converts the length before it is checked", "L6", recounted(8, func(f *fake) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if len(data) < 8 {
				return framing.Frame{}, framing.Resume{}, nil
			}
			n := int(binary.BigEndian.Uint64(data))
			if n > 1<<30 {
				return framing.Frame{}, framing.Resume{}, errors.New("too large")
			}
			return framing.Frame{Size: 8 + n, Start: 8, End: 8 + n}, framing.Resume{}, nil
		}
	})},
	{"lets the total wrap around", "L6", recounted(8, func(f *fake) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if len(data) < 8 {
				return framing.Frame{}, framing.Resume{}, nil
			}
			total := binary.BigEndian.Uint64(data) + 8
			if total > math.MaxInt {
				return framing.Frame{}, framing.Resume{}, &framing.TooLargeError{Size: total - 8}
			}
			return framing.Frame{Size: int(total), Start: 8, End: int(total)}, framing.Resume{}, nil
		}
	})},
	{"lets a length that counts its header be less than it", "L6", recounted(2, func(f *fake) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if len(data) < 2 {
				return framing.Frame{}, framing.Resume{}, nil
			}
			n := int(binary.BigEndian.Uint16(data))
			return framing.Frame{Size: n, Start: 2, End: n}, framing.Resume{}, nil
		}
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16-2 {
				return dst, refused(payload)
			}
			return append(binary.BigEndian.AppendUint16(dst, uint16(len(payload)+2)), payload...), nil
		}
	})},
	{"makes the total negative", "L6", recounted(2, func(f *fake) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if len(data) < 2 {
				return framing.Frame{}, framing.Resume{}, nil
			}
			n := int(binary.BigEndian.Uint16(data)) - 10
			return framing.Frame{Size: 2 + n, Start: 2, End: 2 + n}, framing.Resume{}, nil
		}
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16-10 {
				return dst, refused(payload)
			}
			return append(binary.BigEndian.AppendUint16(dst, uint16(len(payload)+10)), payload...), nil
		}
	})},
	{"returns nothing for a payload that is too large", "L1", recounted(2, func(f *fake) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16 {
				return nil, refused(payload)
			}
			return append(binary.BigEndian.AppendUint16(dst, uint16(len(payload))), payload...), nil
		}
	})},
	{"refuses a payload that is too large with an error of its own", "L1", recounted(2, func(f *fake) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16 {
				return dst, errors.New("too large")
			}
			return append(binary.BigEndian.AppendUint16(dst, uint16(len(payload))), payload...), nil
		}
	})},
	{"takes half a header for a header", "L5", recounted(2, func(f *fake) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			if len(data) == 1 {
				n := 2 + int(data[0])
				return framing.Frame{Size: n, Start: 2, End: n}, framing.Resume{}, nil
			}
			return split(data, r)
		}
	})},
	{"panics on half a header", "L6", recounted(8, func(f *fake) {
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			size := binary.BigEndian.Uint64(data)
			if size > math.MaxInt-8 {
				return framing.Frame{}, framing.Resume{}, &framing.TooLargeError{Size: size}
			}
			return framing.Frame{Size: 8 + int(size), Start: 8, End: 8 + int(size)}, framing.Resume{}, nil
		}
	})},
	{"takes a stream that ends after a header for a complete one", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if len(data) == 2 {
			*frame = framing.Frame{Size: 2, Start: 2, End: 2}
		}
	}))},
	{"takes what has arrived for the frame", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		frame.Size = min(frame.Size, len(data))
		frame.End = frame.Size
	}))},
	{"announces a byte less than it takes", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data)+1 {
			frame.Size--
			frame.End--
		}
	}))},
	{"announces a byte more than it takes", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data) {
			frame.Size++
			frame.End++
		}
	}))},
	{"moves Start when the frame is whole", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data) {
			frame.Start = 0
		}
	}))},
	{"moves End when the frame is whole", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data) {
			frame.End--
		}
	}))},
	{"counts the header against the limit until the frame is whole", "L5", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data) {
			frame.Start = 0
		}
	}))},
	{"notices a bad frame after it has announced it, and loses the stream", "L5", recounted(2, func(f *fake) {
		split := f.split
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			frame, r, err := split(data, r)
			if frame.Size > 3 && frame.Size <= len(data) && data[2] == 0xFF {
				return framing.Frame{}, framing.Resume{}, errMalformed
			}
			return frame, r, err
		}
		write := f.add
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > 0 && payload[0] == 0xFF {
				return dst, refused(payload)
			}
			return write(dst, payload)
		}
	})},
	{"allocates what the header announces", "L6", recounted(8, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data) {
			room := make([]byte, frame.Size)
			kept.Store(&room)
		}
	}))},
	{"makes room for what the header announces", "L6", recounted(2, announced(func(data []byte, frame *framing.Frame) {
		if frame.Size > len(data) {
			room := make([]byte, 4*frame.Size)
			kept.Store(&room)
		}
	}))},
	{"writes little endian and reads big", "L1", recounted(2, func(f *fake) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16 {
				return dst, refused(payload)
			}
			return append(binary.LittleEndian.AppendUint16(dst, uint16(len(payload))), payload...), nil
		}
	})},
	{"writes the length of a payload that is too large for the field", "L1", recounted(2, func(f *fake) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			return append(binary.BigEndian.AppendUint16(dst, uint16(len(payload))), payload...), nil
		}
	})},
	{"writes one byte more than the field can say", "L1", recounted(2, func(f *fake) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16+1 {
				return dst, refused(payload)
			}
			return append(binary.BigEndian.AppendUint16(dst, uint16(len(payload))), payload...), nil
		}
	})},
	{"writes the length to the front of the buffer", "L2", recounted(2, func(f *fake) {
		f.add = func(dst, payload []byte) ([]byte, error) {
			if len(payload) > math.MaxUint16 {
				return dst, refused(payload)
			}
			dst = append(append(dst, 0, 0), payload...)
			binary.BigEndian.PutUint16(dst, uint16(len(payload)))
			return dst, nil
		}
	})},
	{"keeps the buffer that it returned", "L1", func() framing.Framer {
		f := counted(2).fake
		write := f.add
		var own []byte
		f.add = func(dst, payload []byte) ([]byte, error) {
			if dst != nil {
				return write(dst, payload)
			}
			var err error
			own, err = write(own[:0], payload)
			return own, err
		}
		return f
	}},
	{"takes a signed length of one byte", "L1", func() framing.Framer {
		return fake{
			split: func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
				n := int(int8(data[0]))
				if n < 0 {
					return framing.Frame{}, framing.Resume{}, errMalformed
				}
				return framing.Frame{Size: 1 + n, Start: 1, End: 1 + n}, framing.Resume{}, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				if len(payload) > math.MaxUint8 {
					return dst, refused(payload)
				}
				return append(append(dst, byte(len(payload))), payload...), nil
			},
			max: plus(1),
		}
	}},
	{"reads varints that MaxEncodedLen does not allow for", "L7", func() framing.Framer {
		f := varied()
		f.max = func(n int) int {
			if n > math.MaxInt-binary.MaxVarintLen64 {
				return math.MaxInt
			}
			return n + len(binary.AppendUvarint(nil, uint64(n)))
		}
		return f
	}},
	{"waits forever for the end of a varint", "L6", func() framing.Framer {
		f := varied()
		f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
			var value, n uint64
			for data[n] >= 0x80 {
				value |= uint64(data[n]&0x7F) << (7 * n)
				n++
			}
			value |= uint64(data[n]) << (7 * n)
			n++
			return framing.Frame{Size: int(n + value), Start: int(n), End: int(n + value)}, framing.Resume{}, nil
		}
		return f
	}},
	{"reads leading zeros without end", "L7", func() framing.Framer {
		f := netstrings()
		split := f.split
		f.split = func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
			zeros := 0
			for zeros < len(data)-1 && data[zeros] == '0' && data[zeros+1] != ':' {
				zeros++
			}
			frame, r, err := split(data[zeros:], framing.Resume{})
			if frame.Size > 0 {
				frame.Size += zeros
				frame.Start += zeros
				frame.End += zeros
			}
			return frame, r, err
		}
		return f
	}},
	{"takes a longer header than MaxEncodedLen has room for", "L7", func() framing.Framer {
		f := netstrings()
		f.max = func(n int) int {
			if n == 0 {
				return 1
			}
			return plus(10)(n)
		}
		return f
	}},
	{"writes a short record without padding", "L1", func() framing.Framer {
		return fake{
			split: func([]byte, framing.Resume) (framing.Frame, framing.Resume, error) {
				return framing.Frame{Size: 8, End: 8}, framing.Resume{}, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				if len(payload) > 8 {
					return dst, refused(payload)
				}
				return append(dst, payload...), nil
			},
			max: func(int) int { return 8 },
		}
	}},
	{"pads a record that ends in padding", "L1", func() framing.Framer {
		return fake{
			split: func(data []byte, _ framing.Resume) (framing.Frame, framing.Resume, error) {
				f := framing.Frame{Size: 8}
				if len(data) >= 8 {
					for f.End = 8; f.End > 0 && data[f.End-1] == 0; f.End-- {
					}
				}
				return f, framing.Resume{}, nil
			},
			add: func(dst, payload []byte) ([]byte, error) {
				if len(payload) > 8 {
					return dst, refused(payload)
				}
				return append(append(dst, payload...), make([]byte, 8-len(payload))...), nil
			},
			max: func(int) int { return 8 },
		}
	}},
}

// kept makes what a framer allocates escape.
var kept atomic.Pointer[[]byte]
