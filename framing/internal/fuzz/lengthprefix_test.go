package fuzz_test

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// FuzzLengthPrefix compares Split, Append and what New accepts with arithmetic in
// numbers of any size. What is in zero beyond the bytes that are stripped and
// not the length field is dropped.
func FuzzLengthPrefix(f *testing.F) {
	for _, wire := range []string{"", "\x00", "\x00\x00\x00\x05hello", "\x00\x02ab\x00\x01c\x00", "\xff\xff\xff\xff\xff\xff\xff\xff", "\x03\x00a"} {
		for width := range byte(9) {
			f.Add(width, false, byte(0), int16(0), false, int8(0), []byte(nil), []byte(wire))
			f.Add(width, false, byte(1), int16(1), false, int8(width), []byte(nil), []byte(wire))
			f.Add(width, true, byte(1), int16(-2), true, int8(width), []byte("\x00"), []byte(wire))
			f.Add(width, true, byte(1), int16(2), false, int8(width+3), []byte("\x00ab"), []byte(wire))
		}
	}
	seeds(f, func(text string, wire []byte) {
		framer, err := spec.Parse(text)
		if err != nil {
			f.Fatal(err)
		}
		c := framer.(*lengthprefix.Framer).Config()
		f.Add(byte(c.Width), c.LittleEndian, byte(c.Offset), int16(c.Adjust), c.IncludesHeader, int8(c.Strip), c.Zero, wire)
	}, "length")
	f.Fuzz(func(t *testing.T, width byte, little bool, offset byte, adjust int16, includes bool, strip int8, zero, wire []byte) {
		if len(wire) > most {
			return
		}
		c := lengthprefix.Config{
			Width: int(width), LittleEndian: little, Offset: int(offset), Adjust: int(adjust), IncludesHeader: includes, Strip: int(strip), Zero: zero,
		}
		end := c.Offset + c.Width
		stripped := c.Strip
		switch c.Strip {
		case 0:
			stripped = end
		case lengthprefix.KeepHeader:
			stripped = 0
		}
		var head []byte // the stripped bytes that are not the field
		for i := range stripped {
			if i < c.Offset || i >= end {
				head = append(head, 0)
			}
		}
		c.Zero = zero[:min(len(zero), len(head))]
		copy(head, c.Zero)

		framer, err := lengthprefix.New(c)
		legal := c.Width >= 1 && c.Width <= 8 && c.Strip >= lengthprefix.KeepHeader && (len(c.Zero) == 0 || len(c.Zero) == len(head))
		if legal {
			legal = sizeOf(c, math.MaxUint64>>(64-8*c.Width)).Cmp(big.NewInt(int64(max(end, stripped)))) >= 0
		}
		if legal != (err == nil) {
			t.Fatalf("New of %+v: %v", c, err)
		}
		if err != nil {
			return
		}
		oracle.Compare(t, framer, wire, prefixed(c, stripped, head, wire))

		// The frame that carries wire, with every byte in its place, if what is
		// delivered of the field is what it has to be.
		sent := make([]byte, stripped)
		at := 0
		for i := range sent {
			if i < c.Offset || i >= end {
				sent[i] = head[at]
				at++
			}
		}
		sent = append(sent, wire...)
		carried := false
		value := new(big.Int).Sub(big.NewInt(int64(len(sent))), sizeOf(c, 0))
		if len(sent) >= end && value.Sign() >= 0 && value.BitLen() <= 8*c.Width {
			field := value.FillBytes(make([]byte, c.Width))
			if c.LittleEndian {
				slices.Reverse(field)
			}
			copy(sent[c.Offset:], field)
			carried = bytes.Equal(sent[stripped:], wire)
		}
		if carried {
			writes(t, framer, wire, sent)
		} else {
			refuses(t, framer, wire)
		}
	})
}

// sizeOf returns the size of a frame with this value: the bytes behind the
// field are value + adjust, less the header if the value counts it.
func sizeOf(c lengthprefix.Config, value uint64) *big.Int {
	size := new(big.Int).SetUint64(value)
	size.Add(size, big.NewInt(int64(c.Adjust)))
	if !c.IncludesHeader {
		size.Add(size, big.NewInt(int64(c.Offset+c.Width)))
	}
	return size
}

// prefixed reads byte for byte what c describes. Head are the stripped bytes that
// are not the field.
func prefixed(c lengthprefix.Config, stripped int, head, wire []byte) (s oracle.Stream) {
	header := c.Offset + c.Width
	for len(wire) > 0 {
		var field []byte // the most significant byte first
		size := new(big.Int)
		at := 0
		for i := 0; i < len(wire) && i < max(header, stripped); i++ {
			if i < c.Offset || i >= header {
				if len(c.Zero) > 0 && i < stripped {
					s.Lost = s.Lost || wire[i] != head[at]
					at++
				}
			} else if c.LittleEndian {
				field = append([]byte{wire[i]}, field...)
			} else {
				field = append(field, wire[i])
			}
			if len(field) == c.Width {
				size = sizeOf(c, new(big.Int).SetBytes(field).Uint64())
				s.Lost = s.Lost || size.Cmp(big.NewInt(int64(max(header, stripped)))) < 0 || size.Cmp(big.NewInt(math.MaxInt)) > 0
			}
		}
		if s.Lost {
			return s
		}
		if len(wire) < max(header, stripped) || size.Cmp(big.NewInt(int64(len(wire)))) > 0 {
			s.Torn = true
			return s
		}
		s.Frame(wire[stripped:size.Int64()])
		wire = wire[size.Int64():]
	}
	return s
}

// FuzzVarint compares Split and Append with division and multiplication in
// numbers of any size.
func FuzzVarint(f *testing.F) {
	for _, wire := range []string{"\x00", "\x05hello", "\x80\x00", "\x85\x00hello", "\x01a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", "\x80\x01"} {
		f.Add(false, []byte(wire))
		f.Add(true, []byte(wire))
	}
	seeds(f, func(text string, wire []byte) { f.Add(text != "varint", wire) }, "varint")
	f.Fuzz(func(t *testing.T, nonMinimal bool, wire []byte) {
		if len(wire) > most {
			return
		}
		framer := lengthprefix.Varint()
		if nonMinimal {
			framer = framer.NonMinimal()
		}
		oracle.Compare(t, framer, wire, decodeVarint(nonMinimal, wire))

		var sent []byte
		rest := len(wire)
		for ; rest >= 128; rest /= 128 {
			sent = append(sent, byte(128+rest%128))
		}
		sent = append(append(sent, byte(rest)), wire...)
		writes(t, framer, wire, sent)
	})
}

// decodeVarint reads groups of seven bits, the least significant first.
func decodeVarint(nonMinimal bool, wire []byte) (s oracle.Stream) {
	for len(wire) > 0 {
		value, n, ended := new(big.Int), 0, false
		for ; !ended && n < len(wire); n++ {
			c := wire[n]
			ended = c < 128
			group := big.NewInt(int64(c % 128))
			value.Add(value, group.Lsh(group, uint(7*n)))
			if value.BitLen() > 64 || n == 9 && !ended || c == 0 && n > 0 && !nonMinimal {
				s.Lost = true
				return s
			}
		}
		if !ended {
			s.Torn = true
			return s
		}
		size := value.Add(value, big.NewInt(int64(n)))
		if s.Lost = size.Cmp(big.NewInt(math.MaxInt)) > 0; s.Lost {
			return s
		}
		if s.Torn = size.Cmp(big.NewInt(int64(len(wire)))) > 0; s.Torn {
			return s
		}
		s.Frame(wire[n:size.Int64()])
		wire = wire[size.Int64():]
	}
	return s
}
