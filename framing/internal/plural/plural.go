// Package plural writes numbers of things for errors.
package plural

import "fmt"

// Of returns n with noun, in the plural unless n is 1: "1 byte", "0 bytes".
func Of[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
