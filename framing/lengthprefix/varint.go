package lengthprefix

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// A VarintFramer sends each message behind its length as a base-128 varint:
// seven bits a byte, the least significant first, the top bit set in all bytes
// but the last. Delimited protocol buffers are framed like this. Make one with
// [Varint]. It is a [framing.Prefixer].
type VarintFramer struct{ nonMinimal bool }

// Varint returns the framer for payloads of any size behind a varint of 1 to 10
// bytes. A length that is written with more bytes than it needs is refused on
// reading: it is a second form of the same frame, which nobody sends but to
// deceive.
func Varint() *VarintFramer { return &VarintFramer{} }

// NonMinimal returns a framer like f that also reads lengths that are written
// with more bytes than they need, up to 10, as some encoders with a reserved
// header do. It writes the shortest form.
func (f *VarintFramer) NonMinimal() *VarintFramer { return &VarintFramer{nonMinimal: true} }

var (
	errVarintLong       = errors.New("malformed length: the varint does not end within 10 bytes and 64 bits")
	errVarintNonMinimal = errors.New("malformed length: the varint is longer than it needs to be; NonMinimal (varint,non-minimal) reads it")
)

// Split implements [framing.Framer].
func (f *VarintFramer) Split(data []byte, seen int) (framing.Frame, error) {
	if c := int(data[0]); c < 0x80 {
		return framing.Frame{Size: c + 1, Start: 1, End: c + 1}, nil
	}
	var value uint64
	for i, c := range data {
		if i == binary.MaxVarintLen64-1 && c > 1 {
			return framing.Frame{}, errVarintLong
		}
		value |= uint64(c&0x7f) << (7 * i)
		if c >= 0x80 {
			continue
		}
		if c == 0 && !f.nonMinimal {
			return framing.Frame{}, errVarintNonMinimal
		}
		if value > uint64(math.MaxInt-i-1) {
			return framing.Frame{}, &framing.TooLargeError{Size: value}
		}
		size := i + 1 + int(value)
		return framing.Frame{Size: size, Start: i + 1, End: size}, nil
	}
	return framing.Frame{}, nil
}

// Append implements [framing.Framer].
func (f *VarintFramer) Append(dst, payload []byte) ([]byte, error) {
	return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...), nil
}

// MaxEncodedLen implements [framing.Framer].
func (f *VarintFramer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-binary.MaxVarintLen64 {
		return math.MaxInt
	}
	return n + binary.MaxVarintLen64
}

// AppendHeader implements [framing.Prefixer].
func (f *VarintFramer) AppendHeader(dst []byte, size int64) ([]byte, error) {
	if size < 0 {
		return dst, &framing.PayloadError{Size: int(size), Reason: "a size cannot be negative"}
	}
	return binary.AppendUvarint(dst, uint64(size)), nil
}

// Trailer implements [framing.Prefixer].
func (f *VarintFramer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "varint" or "varint,non-minimal".
func (f *VarintFramer) String() string {
	if f.nonMinimal {
		return "varint,non-minimal"
	}
	return "varint"
}
