package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes, as a [flag.Value]. It is written as a decimal
// number, or as one of KiB, MiB or GiB: 512, 64KiB, 1MiB, 2GiB. Nothing else is
// read: no KB, no fraction, no space.
//
// For limits that know "none", a negative number is read too, without a unit:
// -1.
type Size int

// String returns s in the largest unit that it is a whole number of.
func (s Size) String() string {
	for _, u := range units {
		if s > 0 && int(s)%u.bytes == 0 {
			return strconv.Itoa(int(s)/u.bytes) + u.name
		}
	}
	return strconv.Itoa(int(s))
}

// Set sets s to the size that text says. On error it leaves s as it was.
func (s *Size) Set(text string) error {
	if digits, negative := strings.CutPrefix(text, "-"); negative {
		if n, err := strconv.ParseUint(digits, 10, strconv.IntSize-1); err == nil && n > 0 {
			*s = -Size(n)
			return nil
		}
	}
	n, err := parseSize(text)
	if err != nil {
		return fmt.Errorf("spec: %w", err)
	}
	*s = Size(n)
	return nil
}

// units are what a Size is written in, the largest first.
var units = []struct {
	name  string
	bytes int
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
}

// parseSize reads a size that is not negative.
func parseSize(text string) (int, error) {
	digits, unit := text, 1
	for _, u := range units {
		if d, found := strings.CutSuffix(text, u.name); found {
			digits, unit = d, u.bytes
		}
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no size; write bytes, or 64KiB, 1MiB, 2GiB", text)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > math.MaxInt/unit {
		return 0, fmt.Errorf("%s is too large; the largest size is %d", text, math.MaxInt)
	}
	return n * unit, nil
}
