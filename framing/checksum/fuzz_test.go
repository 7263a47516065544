package checksum_test

import (
	"bytes"
	"math/bits"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// slow returns a checksum, computed bit by bit: the remainder of a polynomial whose
// highest bit is the first, of data whose bytes are reflected if that is usual.
func slow(kind checksum.Kind, data []byte) []byte {
	crc := func(width int, poly, start, end uint32, reflect bool) []byte {
		top, mask := uint32(1)<<(width-1), uint32(1<<width-1)
		sum := start
		for _, c := range data {
			if reflect {
				c = bits.Reverse8(c)
			}
			for i := 7; i >= 0; i-- {
				if one := c>>i&1 != 0; one != (sum&top != 0) {
					sum = (sum<<1 ^ poly) & mask
				} else {
					sum = sum << 1 & mask
				}
			}
		}
		if reflect {
			sum = bits.Reverse32(sum) >> (32 - width)
		}
		sum ^= end
		var s []byte
		for i := width - 8; i >= 0; i -= 8 {
			s = append(s, byte(sum>>i))
		}
		return s
	}
	little := func(s []byte) []byte { slices.Reverse(s); return s }
	switch kind {
	case checksum.CRC16X25:
		return little(crc(16, 0x1021, 0xffff, 0xffff, true))
	case checksum.CRC16Modbus:
		return little(crc(16, 0x8005, 0xffff, 0, true))
	case checksum.CRC16CCITT:
		return crc(16, 0x1021, 0xffff, 0, false)
	case checksum.CRC16XModem:
		return crc(16, 0x1021, 0, 0, false)
	case checksum.CRC32:
		return crc(32, 0x04c11db7, 0xffffffff, 0xffffffff, true)
	case checksum.CRC32LE:
		return little(crc(32, 0x04c11db7, 0xffffffff, 0xffffffff, true))
	case checksum.CRC32C:
		return crc(32, 0x1edc6f41, 0xffffffff, 0xffffffff, true)
	case checksum.CRC32CLE:
		return little(crc(32, 0x1edc6f41, 0xffffffff, 0xffffffff, true))
	}
	xor, sum := 0, 0
	for _, c := range data {
		xor, sum = xor^int(c), sum+int(c)
	}
	if kind == checksum.SUM8 {
		return []byte{byte(sum % 256)}
	}
	return []byte{byte(xor)}
}

// FuzzChecksum compares Append and Split with a checksum that is computed bit by bit.
func FuzzChecksum(f *testing.F) {
	for _, kind := range checksum.Kinds() {
		f.Add(byte(kind), []byte("123456789"))
		f.Add(byte(kind), append([]byte{3, 'a'}, slow(kind, []byte("a"))...))
	}
	frametest.Vectors(f, "check", func(_ string, wire []byte) { f.Add(byte(0), wire) })
	f.Fuzz(func(t *testing.T, k byte, wire []byte) {
		kind := checksum.Kind(int(k) % len(checksum.Kinds()))
		if len(wire) > frametest.MaxFuzz {
			return
		}
		framer := wrap(t, lengthprefix.Uint8(), kind)
		var want frametest.Stream
		for rest := wire; len(rest) > 0; {
			size := 1 + int(rest[0])
			if want.Torn = size > len(rest); want.Torn {
				break
			}
			n := size - kind.Size()
			if n >= 1 && bytes.Equal(slow(kind, rest[1:n]), rest[n:size]) {
				want.Valid(rest[1:n])
			} else {
				want.Invalid()
			}
			rest = rest[size:]
		}
		frametest.Compare(t, framer, wire, want)
		sent := append(bytes.Clone(wire), slow(kind, wire)...)
		if len(sent) > 255 {
			frametest.CheckAppend(t, framer, wire, nil)
		} else {
			frametest.CheckAppend(t, framer, wire, append([]byte{byte(len(sent))}, sent...))
		}
	})
}
