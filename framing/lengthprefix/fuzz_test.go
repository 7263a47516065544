package lengthprefix_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
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
		{Width: 2, Digits: lengthprefix.Decimal},
		{Width: 1, Digits: lengthprefix.BCD, Offset: 2, Magic: []byte{0xca, 0xfe}, Trailer: []byte{'e'}, Resync: true},
		{Width: 2, Digits: lengthprefix.Hex, Offset: 2, Magic: []byte{0xca, 0xfe}, Trailer: []byte{'h', 'i'}, Keep: true, Resync: true},
		{Width: 4, SkipEmpty: true},
		{Width: 2, Adjust: 2, Strip: 4, SkipEmpty: true},
		{Width: 2, Digits: lengthprefix.Decimal, Offset: 2, Magic: []byte{0xca, 0xfe}, Trailer: []byte{'h', 'i'}, Resync: true, SkipEmpty: true},
		{},
	} {
		for _, wire := range []string{
			"", "\x00", "\x00\x00\x00\x05hello", "\x05\x00\x00\x00\x00\x00\x00\x00hello", "\x00\x05abc\x00\x04de\x00", "\x00\x00\x01ab|", "\xca\x00\x05ab",
			"MAG\x00\x00\x00\x02IChi", "\xca\xfe\x02hi\xca\xfe\x00", "\xff\xff\xff\xff\xff\xff\xff\xff",
			"02hi0a0001x", "\xca\xfe0Ahellohello\xca\xfe\xca\xca\xfe02hi\xca\xfe02ho", "\xca\xfe\x02hie\xca\xfe\x1ahie",
			"\xca\xfe00hi\xca\xfe01xhi\xca\xfe00ho\xca\xfexx\xca\xfe00hi",
		} {
			f.Add(byte(c.Width), c.LittleEndian, byte(c.Offset), int16(c.Adjust), c.IncludesHeader, byte(c.Strip), c.Magic, byte(c.Digits), c.Trailer, c.Resync, c.Keep, c.SkipEmpty, []byte(wire))
		}
	}
	f.Fuzz(func(t *testing.T, width byte, little bool, offset byte, adjust int16, includes bool, strip byte, magic []byte, digits byte, trailer []byte, resync, keep, skipEmpty bool, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		c := lengthprefix.Config{
			Width: int(width), LittleEndian: little, Offset: int(offset), Adjust: int(adjust), IncludesHeader: includes, Strip: int(strip), Magic: magic,
			Digits: lengthprefix.Digits(digits), Trailer: trailer, Resync: resync, Keep: keep, SkipEmpty: skipEmpty,
		}
		l := layoutOf(c)
		framer, err := lengthprefix.New(c)
		valid := width >= 1 && width <= 8 && !(keep && strip > 0) && len(l.magic) == len(magic) && digits < 4 && !(little && digits > 0) &&
			len(trailer) < 256 && !(resync && min(len(magic), c.Offset) < 2) && !(skipEmpty && l.strip < l.header)
		if valid {
			valid = sizeOf(c, l.most().Uint64()).Cmp(big.NewInt(int64(l.least()))) >= 0
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
		if !keep {
			sent = append(sent, trailer...)
		}
		value := new(big.Int).Sub(big.NewInt(int64(len(sent))), sizeOf(c, 0))
		fits := len(sent) >= l.header+len(trailer) && value.Sign() >= 0 && value.Cmp(l.most()) <= 0 && !(skipEmpty && len(wire) == 0)
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
		copy(sent[c.Offset:], l.write(value))
		copy(sent[len(sent)-len(trailer):], trailer)
		delivered := sent[l.strip:][:len(wire)]
		if !bytes.Equal(filled, delivered) {
			t.Fatalf("%v: PutHeader(%q) = %q; want %q", framer, wire, filled, delivered)
		}
		frametest.CheckAppend(t, framer, filled, sent)
		if digits != byte(lengthprefix.Hex) && !bytes.Equal(filled, wire) {
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

// least is the size of the smallest frame.
func (l layout) least() int { return max(l.header, l.strip) + len(l.Trailer) }

// most returns the largest value of the length field.
func (l layout) most() *big.Int {
	end := map[lengthprefix.Digits]string{lengthprefix.Binary: "ff", lengthprefix.Decimal: "9", lengthprefix.Hex: "f", lengthprefix.BCD: "99"}[l.Digits]
	return l.number(strings.Repeat(end, l.Width))
}

// number returns the value of digits.
func (l layout) number(digits string) *big.Int {
	base := 10
	if l.Digits == lengthprefix.Binary || l.Digits == lengthprefix.Hex {
		base = 16
	}
	n, _ := new(big.Int).SetString(digits, base)
	return n
}

// write returns the length field with this value.
func (l layout) write(value *big.Int) []byte {
	format := map[lengthprefix.Digits]string{lengthprefix.Decimal: "%0*d", lengthprefix.Hex: "%0*x"}[l.Digits]
	switch l.Digits {
	case lengthprefix.Binary:
		field := value.FillBytes(make([]byte, l.Width))
		if l.LittleEndian {
			slices.Reverse(field)
		}
		return field
	case lengthprefix.BCD:
		field, _ := hex.DecodeString(fmt.Sprintf("%0*d", 2*l.Width, value))
		return field
	}
	return fmt.Appendf(nil, format, l.Width, value)
}

// read returns the value of the length field, or false if it holds no digits.
func (l layout) read(field []byte) (*big.Int, bool) {
	text := string(field)
	if l.Digits == lengthprefix.Binary || l.Digits == lengthprefix.BCD {
		text = hex.EncodeToString(field)
	}
	allowed := "0123456789"
	if l.Digits == lengthprefix.Binary || l.Digits == lengthprefix.Hex {
		allowed += "abcdefABCDEF"
	}
	if strings.Trim(text, allowed) != "" {
		return nil, false
	}
	return l.number(text), true
}

// decode reads wire byte by byte.
func (l layout) decode(wire []byte) (s frametest.Stream) {
	for len(wire) > 0 {
		lost := s.Lost
		s.Lost = false
		if lost && !l.Resync {
			s.Lost = true
			return s
		}
		if lost {
			s.Invalid()
			if i := bytes.Index(wire[1:], l.Magic[:min(len(l.Magic), l.Offset)]); i >= 0 {
				wire = wire[1+i:]
			} else {
				s.Torn = true // the stream ends while the next frame is sought
				return s
			}
		}
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
				value, ok := l.read(field)
				s.Lost = !ok
				if ok {
					size = sizeOf(l.Config, value.Uint64())
					s.Lost = size.Cmp(big.NewInt(int64(l.least()))) < 0 || size.Cmp(big.NewInt(math.MaxInt)) > 0
				}
			}
		}
		if s.Lost {
			continue
		}
		if len(wire) < max(l.header, l.strip) || size.Cmp(big.NewInt(int64(len(wire)))) > 0 {
			s.Torn = true
			return s
		}
		end := int(size.Int64())
		switch {
		case !bytes.HasSuffix(wire[:end], l.Trailer):
			s.Invalid()
		case l.Keep:
			s.Valid(wire[:end])
		case l.SkipEmpty && end == l.least(): // fill
		default:
			s.Valid(wire[l.strip : end-len(l.Trailer)])
		}
		wire = wire[end:]
	}
	return s
}

// FuzzVarint compares Split and Append with arithmetic on integers of any size.
func FuzzVarint(f *testing.F) {
	for _, wire := range []string{"\x00", "\x05hello", "\x80\x00", "\x85\x00hello", "\x01a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", "\x80\x01"} {
		f.Add(byte(0), byte(0), false, false, []byte(wire))
		f.Add(byte(1), byte(4), true, true, []byte(wire))
	}
	frametest.Vectors(f, "varint", func(spec string, wire []byte) {
		f.Add(byte(0), byte(0), spec != "varint", false, wire)
		f.Add(byte(1), byte(4), false, true, wire)
	})
	f.Fuzz(func(t *testing.T, offset, most byte, nonMinimal, keep bool, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		c := lengthprefix.VarintConfig{Offset: int(offset), MaxBytes: int(most), NonMinimal: nonMinimal, Keep: keep}
		framer, err := lengthprefix.NewVarint(c)
		if (err == nil) != (most <= 10) {
			t.Fatalf("NewVarint(%+v) = %v; want nil: %t", c, err, most <= 10)
		}
		if err != nil {
			return
		}
		want := decodeVarint(framer.Config(), wire)
		frametest.Compare(t, framer, wire, want)
		if keep {
			var sent []byte
			if len(want.Frames) == 1 && !want.Lost && !want.Torn {
				sent = wire
			}
			frametest.CheckAppend(t, framer, wire, sent)
			return
		}
		sent := make([]byte, offset)
		rest := len(wire)
		for ; rest >= 128; rest /= 128 {
			sent = append(sent, byte(128+rest%128))
		}
		sent = append(append(sent, byte(rest)), wire...)
		if len(sent)-len(wire)-c.Offset > framer.Config().MaxBytes {
			sent = nil
		}
		frametest.CheckAppend(t, framer, wire, sent)
	})
}

// decodeVarint reads groups of seven bits, the least significant first.
func decodeVarint(c lengthprefix.VarintConfig, wire []byte) (s frametest.Stream) {
	for len(wire) > 0 {
		value, n, ended := new(big.Int), 0, false
		field := wire[min(len(wire), c.Offset):]
		for ; !ended && n < len(field); n++ {
			b := field[n]
			ended = b < 128
			group := big.NewInt(int64(b % 128))
			value.Add(value, group.Lsh(group, uint(7*n)))
			if value.BitLen() > 64 || n == c.MaxBytes-1 && !ended || b == 0 && n > 0 && !c.NonMinimal {
				s.Lost = true
				return s
			}
		}
		if !ended {
			s.Torn = true
			return s
		}
		n += c.Offset
		size := value.Add(value, big.NewInt(int64(n)))
		if s.Lost = size.Cmp(big.NewInt(math.MaxInt)) > 0; s.Lost {
			return s
		}
		if s.Torn = size.Cmp(big.NewInt(int64(len(wire)))) > 0; s.Torn {
			return s
		}
		if c.Keep {
			n = 0
		}
		s.Valid(wire[n:size.Int64()])
		wire = wire[size.Int64():]
	}
	return s
}
