package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes, as a [flag.Value]: a decimal number, or a number of
// KiB, MiB or GiB: 512, 64KiB, 1MiB, 2GiB. Other units, fractions and spaces are
// not accepted.
//
// A negative number, for a limit that can be switched off, has no unit: -1.
type Size int

// String returns s in the largest unit of which it is a multiple.
func (s Size) String() string {
	for _, u := range units {
		if s > 0 && int(s)%u.bytes == 0 {
			return strconv.Itoa(int(s)/u.bytes) + u.name
		}
	}
	return strconv.Itoa(int(s))
}

// Set sets s to the size that text describes. With an error s is unchanged.
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

// units are the units of a Size, the largest first.
var units = []struct {
	name  string
	bytes int
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
}

// parseSize parses a size that is not negative.
func parseSize(text string) (int, error) {
	digits, unit := text, 1
	for _, u := range units {
		if d, found := strings.CutSuffix(text, u.name); found {
			digits, unit = d, u.bytes
		}
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("invalid size %q: want bytes, or 64KiB, 1MiB, 2GiB", text)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > math.MaxInt/unit {
		return 0, fmt.Errorf("size %s is too large: the maximum is %d", text, math.MaxInt)
	}
	return n * unit, nil
}
