// Package decimal reads the lengths that text protocols write as decimal
// numbers.
package decimal

import (
	"errors"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// MaxDigits is the number of digits of the largest length, 2⁶⁴-1.
const MaxDigits = 20

var errLeadingZero = errors.New("malformed length: it has a leading zero, which some programs read as octal; the shortest form is the only one allowed")

// Parse reads the number that data begins with, and says how many digits it
// has. If that is all of data, more digits may follow. A number with a leading
// zero, or over 64 bits, is an error as soon as the digit that makes it one is
// there.
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
			return 0, 0, &framing.TooLargeError{}
		}
		value = value*10 + d
		digits++
	}
	return value, digits, nil
}
