// Package text knows the bytes that the heads of text protocols consist of.
package text

import (
	"encoding/binary"
	"math/bits"
)

// A Set is a set of bytes.
type Set [256]bool

var (
	Token Set // of the name of a field, RFC 9110 section 5.6.2
	Value Set // of the value of a field, RFC 9110 section 5.5: no control character but the tab
	Words Set // no control character
	Line  Set // all but NUL, CR and LF
)

func init() {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		Token[c] = true
	}
	for c := range Words {
		Words[c] = c >= ' ' && c != 0x7f
		Value[c] = Words[c] || c == '\t'
		Line[c] = c != 0 && c != '\r' && c != '\n'
	}
}

// Span returns the number of bytes at the beginning of data that are in s.
func (s *Set) Span(data []byte) (n int) {
	for n < len(data) && s[data[n]] {
		n++
	}
	return n
}

// SpanText is Span for sets that include [Words]. It examines eight bytes at once.
func (s *Set) SpanText(data []byte) (n int) {
	const each = 0x0101010101010101
	for n+8 <= len(data) {
		x := binary.LittleEndian.Uint64(data[n:])
		del := x ^ 0x7f*each
		// The lowest bit that is set is in the first byte that is not in Words.
		other := ((x-' '*each)&^x | (del-each)&^del) & (0x80 * each)
		if other == 0 {
			n += 8
			continue
		}
		if n += bits.TrailingZeros64(other) / 8; !s[data[n]] {
			return n
		}
		n++
	}
	return n + s.Span(data[n:])
}
