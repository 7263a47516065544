package lengthprefix

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// Digits is how a length field holds its value.
type Digits uint8

// The kinds of Digits. Width is the number of bytes of the field in all of them.
const (
	Binary  Digits = iota // a binary number
	Decimal               // ASCII decimal digits, with leading zeros: 0042
	Hex                   // ASCII hexadecimal digits: 002a; also read in upper case
	BCD                   // two decimal digits in each byte: 00 42
)

// String returns the name that package spec uses, or "binary", which has none there: it
// is the default.
func (d Digits) String() string {
	switch d {
	case Binary:
		return "binary"
	case Decimal:
		return "decimal"
	case Hex:
		return "hex"
	case BCD:
		return "bcd"
	}
	return "Digits(" + strconv.Itoa(int(d)) + ")"
}

// base returns the base of the digits and how many of them width bytes hold.
func (d Digits) base(width int) (base uint64, digits int) {
	switch d {
	case Hex:
		return 16, width
	case BCD:
		return 10, 2 * width
	}
	return 10, width
}

// most returns the largest value of a field of width bytes.
func (d Digits) most(width int) uint64 {
	if d == Binary {
		return math.MaxUint64 >> (64 - 8*width)
	}
	base, digits := d.base(width)
	most := uint64(1)
	for range digits {
		most *= base
	}
	return most - 1
}

// parse returns the value of field, which does not hold a binary number.
func (d Digits) parse(field []byte) (value uint64, err error) {
	for i, c := range field {
		switch {
		case d == BCD && c>>4 <= 9 && c&0xf <= 9:
			value = value*100 + uint64(c>>4)*10 + uint64(c&0xf)
		case d == BCD:
			return 0, fmt.Errorf("malformed length: byte %d of the field is 0x%02x, want two decimal digits", i, c)
		case '0' <= c && c <= '9' && d == Decimal:
			value = value*10 + uint64(c-'0')
		case '0' <= c && c <= '9':
			value = value<<4 | uint64(c-'0')
		case d == Hex && 'a' <= c|0x20 && c|0x20 <= 'f':
			value = value<<4 | uint64(c|0x20-'a'+10)
		default:
			return 0, fmt.Errorf("malformed length: byte %d of the field is 0x%02x, want a %s digit", i, c, d.adjective())
		}
	}
	return value, nil
}

// adjective returns the kind of the digits in words.
func (d Digits) adjective() string {
	if d == Hex {
		return "hexadecimal"
	}
	return "decimal"
}

// put writes value to field, which it fits.
func (d Digits) put(field []byte, value uint64) {
	for i := len(field) - 1; i >= 0; i-- {
		switch d {
		case Hex:
			field[i] = "0123456789abcdef"[value&0xf]
			value >>= 4
		case BCD:
			field[i] = byte(value/10%10<<4 | value%10)
			value /= 100
		default:
			field[i] = byte('0' + value%10)
			value /= 10
		}
	}
}

// equal reports whether got, a part of a field, is want, which put has written.
func (d Digits) equal(got, want []byte) bool {
	if d == Hex {
		return bytes.EqualFold(got, want)
	}
	return bytes.Equal(got, want)
}
