package lengthprefix_test

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// FuzzLengthPrefix compares New, Split, Append, AppendHeader and PutHeader with
// arithmetic on integers of any size.
func FuzzLengthPrefix(f *testing.F) {
	for _, c := range []lengthprefix.Config{
		{Width: 4},
		{Width: 8, LittleEndian: true},
		{Width: 2, IncludesHeader: true, Keep: true},
		{Width: 3, Adjust: 2, Keep: true},
		{Width: 2, Offset: 1, Adjust: -3, Strip: 3, Magic: []byte{0xca}},
		{Width: 4, Offset: 3, Strip: 9, Adjust: 2, Magic: []byte("MAGIC")},
		{Width: 1, Offset: 2, Strip: 1, Magic: []byte{0xca}},
		{Width: 1, Offset: 2, Magic: []byte{0xca, 0xfe}, Keep: true},
		{Width: 4, Strip: 2},
		{Width: 4, SkipEmpty: true},
		{Width: 2, Adjust: 2, Strip: 4, SkipEmpty: true},
		{},
	} {
		for _, wire := range []string{
			"", "\x00", "\x00\x00\x00\x05hello", "\x05\x00\x00\x00\x00\x00\x00\x00hello", "\x00\x05abc\x00\x04de\x00", "\x00\x00\x01ab|", "\xca\x00\x05ab",
			"MAG\x00\x00\x00\x02IChi", "\xca\xfe\x02hi\xca\xfe\x00", "\xff\xff\xff\xff\xff\xff\xff\xff",
		} {
			f.Add(byte(c.Width), c.LittleEndian, byte(c.Offset), int16(c.Adjust), c.IncludesHeader, byte(c.Strip), c.Magic, c.Keep, c.SkipEmpty, []byte(wire))
		}
	}
	f.Fuzz(func(t *testing.T, width byte, little bool, offset byte, adjust int16, includes bool, strip byte, magic []byte, keep, skipEmpty bool, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		c := lengthprefix.Config{
			Width: int(width), LittleEndian: little, Offset: int(offset), Adjust: int(adjust), IncludesHeader: includes, Strip: int(strip), Magic: magic, Keep: keep, SkipEmpty: skipEmpty,
		}
		l := layoutOf(c)
		framer, err := lengthprefix.New(c)
		valid := width >= 1 && width <= 8 && !(keep && strip > 0) && len(l.magic) == len(magic) && !(skipEmpty && l.strip < l.header)
		if valid {
			valid = sizeOf(c, math.MaxUint64>>(64-8*c.Width)).Cmp(big.NewInt(int64(max(l.header, l.strip)))) >= 0
		}
		if valid != (err == nil) {
			t.Fatalf("New(%+v) = %v; want nil: %t", c, err, valid)
		}
		if err != nil {
			return
		}
		frametest.Compare(t, framer, wire, l.decode(wire))

		// The frame that carries wire, with every byte in its place.
		sent := append(make([]byte, l.strip), wire...)
		value := new(big.Int).Sub(big.NewInt(int64(len(sent))), sizeOf(c, 0))
		fits := len(sent) >= l.header && value.Sign() >= 0 && value.BitLen() <= 8*c.Width && !(skipEmpty && len(wire) == 0)
		filled := bytes.Clone(wire)
		if err := framer.PutHeader(filled); (err == nil) != fits || err != nil && !bytes.Equal(filled, wire) {
			t.Fatalf("%v: PutHeader(%q) = %v, %q; want nil: %t", framer, wire, err, filled, fits)
		}
		if !fits {
			frametest.CheckAppend(t, framer, wire, nil)
			return
		}
		for i, c := range l.magic {
			sent[i] = c
		}
		field := value.FillBytes(make([]byte, c.Width))
		if c.LittleEndian {
			slices.Reverse(field)
		}
		copy(sent[c.Offset:], field)
		if !bytes.Equal(filled, sent[l.strip:]) {
			t.Fatalf("%v: PutHeader(%q) = %q; want %q", framer, wire, filled, sent[l.strip:])
		}
		frametest.CheckAppend(t, framer, filled, sent)
		if !bytes.Equal(filled, wire) {
			frametest.CheckAppend(t, framer, wire, nil)
		}
	})
}

// A layout is where the parts of a frame are.
type layout struct {
	lengthprefix.Config
	header int          // bytes up to the end of the length field
	strip  int          // bytes that are not delivered
	magic  map[int]byte // by their position in the frame
}

func layoutOf(c lengthprefix.Config) layout {
	l := layout{Config: c, header: c.Offset + c.Width, strip: c.Strip, magic: make(map[int]byte)}
	if c.Strip == 0 && !c.Keep {
		l.strip = l.header
	}
	rest := c.Magic
	for i := 0; i < max(l.header, l.strip) && len(rest) > 0; i++ {
		if i < c.Offset || i >= l.header {
			l.magic[i], rest = rest[0], rest[1:]
		}
	}
	return l
}

// decode reads wire byte by byte.
func (l layout) decode(wire []byte) (s frametest.Stream) {
	for len(wire) > 0 {
		var field []byte // the most significant byte first
		size := new(big.Int)
		for i := 0; i < len(wire) && i < max(l.header, l.strip) && !s.Lost; i++ {
			want, isMagic := l.magic[i]
			switch {
			case i < l.Offset || i >= l.header:
				s.Lost = isMagic && wire[i] != want
			case l.LittleEndian:
				field = append([]byte{wire[i]}, field...)
			default:
				field = append(field, wire[i])
			}
			if i == l.header-1 {
				size = sizeOf(l.Config, new(big.Int).SetBytes(field).Uint64())
				s.Lost = size.Cmp(big.NewInt(int64(max(l.header, l.strip)))) < 0 || size.Cmp(big.NewInt(math.MaxInt)) > 0
			}
		}
		if s.Lost {
			return s
		}
		if len(wire) < max(l.header, l.strip) || size.Cmp(big.NewInt(int64(len(wire)))) > 0 {
			s.Torn = true
			return s
		}
		if payload := wire[l.strip:size.Int64()]; len(payload) > 0 || !l.SkipEmpty {
			s.Valid(payload)
		}
		wire = wire[size.Int64():]
	}
	return s
}

// FuzzVarint compares Split and Append with arithmetic on integers of any size.
func FuzzVarint(f *testing.F) {
	for _, wire := range []string{"\x00", "\x05hello", "\x80\x00", "\x85\x00hello", "\x01a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", "\x80\x01"} {
		f.Add(false, []byte(wire))
		f.Add(true, []byte(wire))
	}
	frametest.Vectors(f, "varint", func(spec string, wire []byte) { f.Add(spec != "varint", wire) })
	f.Fuzz(func(t *testing.T, nonMinimal bool, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		framer := lengthprefix.Varint()
		if nonMinimal {
			framer = framer.NonMinimal()
		}
		frametest.Compare(t, framer, wire, decodeVarint(nonMinimal, wire))

		var sent []byte
		rest := len(wire)
		for ; rest >= 128; rest /= 128 {
			sent = append(sent, byte(128+rest%128))
		}
		frametest.CheckAppend(t, framer, wire, slices.Concat(sent, []byte{byte(rest)}, wire))
	})
}

// decodeVarint reads groups of seven bits, the least significant first.
func decodeVarint(nonMinimal bool, wire []byte) (s frametest.Stream) {
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
		s.Valid(wire[n:size.Int64()])
		wire = wire[size.Int64():]
	}
	return s
}
