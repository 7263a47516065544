// Package decimal reads the lengths that text protocols write as decimal numbers.
package decimal

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
)

// MaxDigits is the number of digits of the largest length, 2⁶⁴-1.
const MaxDigits = 20

var (
	// ErrRange is returned for a number of more than 64 bits.
	ErrRange = errors.New("malformed length: it exceeds 64 bits")

	errLeadingZero = errors.New("malformed length: leading zero, which some programs read as octal")
)

// Parse returns the number that data begins with and how many digits it has. If
// these are all of data, more digits may follow. Parse returns an error for a
// leading zero, and [ErrRange], as soon as data includes the digit that causes it.
func Parse(data []byte) (value uint64, digits int, err error) {
	for _, c := range data {
		d := uint64(c - '0')
		if d > 9 {
			break
		}
		if digits == 1 && value == 0 {
			return 0, 0, errLeadingZero
		}
		if value > math.MaxUint64/10 || value*10 > math.MaxUint64-d {
			return 0, 0, ErrRange
		}
		value = value*10 + d
		digits++
	}
	return value, digits, nil
}

// Split implements [framing.Framer.Split] for frames whose header is the size of
// the payload and the byte end, and whose trailer has trailer bytes.
func Split(data []byte, end byte, trailer int) (framing.Frame, error) {
	value, n, err := Parse(data)
	switch {
	case err == ErrRange:
		return framing.Frame{}, TooLarge(0, MaxIntDigits+1+trailer)
	case err != nil:
		return framing.Frame{}, err
	case n == len(data):
		return framing.Frame{}, nil
	case n == 0:
		return framing.Frame{}, fmt.Errorf("malformed length: got %s, want a digit", Quote(data[0]))
	case data[n] != end:
		return framing.Frame{}, fmt.Errorf("malformed length: got %s after digits, want %s", Quote(data[n]), Quote(end))
	case value > uint64(math.MaxInt-n-1-trailer):
		return framing.Frame{}, TooLarge(value, n+1+trailer)
	}
	start := n + 1
	return framing.Frame{Size: start + int(value) + trailer, Start: start, End: start + int(value)}, nil
}

// MaxIntDigits is the number of digits of math.MaxInt.
const MaxIntDigits = 10 + 9*(math.MaxInt>>32&1)

// TooLarge returns the error for a payload of size bytes in a frame of more than
// math.MaxInt, of which overhead bytes are not the payload.
func TooLarge(size uint64, overhead int) error {
	return &framing.TooLargeError{Size: size, Max: uint64(math.MaxInt - overhead)}
}

// Quote returns c as a quoted character if it is ASCII, or as a hexadecimal number.
func Quote(c byte) string {
	if c < 0x80 {
		return strconv.QuoteRune(rune(c))
	}
	return fmt.Sprintf("0x%02x", c)
}
