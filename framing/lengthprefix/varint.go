package lengthprefix

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// A VarintFramer precedes each payload with its length as a base-128 varint: seven
// bits in each byte, the least significant first, and the top bit set in all bytes
// but the last. Streams of length-delimited protocol buffers are framed like this;
// see https://protobuf.dev/programming-guides/encoding/#varints. Make one with
// [Varint].
//
// It is a [framing.Encloser].
type VarintFramer struct{ nonMinimal bool }

// Varint returns a Framer for payloads of any size, with a length of 1 to 10
// bytes. Overlong varints are rejected, so that every frame has a single encoding.
// NonMinimal accepts them.
func Varint() *VarintFramer { return &VarintFramer{} }

// NonMinimal returns a Framer like f that also reads overlong varints, of up to 10
// bytes, such as those of encoders that reserve a header of constant size and fill
// it in last. It writes the shortest form.
func (f *VarintFramer) NonMinimal() *VarintFramer { return &VarintFramer{nonMinimal: true} }

var (
	errVarintTooLong  = errors.New("malformed length: the varint exceeds 10 bytes or 64 bits")
	errVarintOverlong = errors.New("malformed length: the varint is overlong; NonMinimal (varint,non-minimal) accepts it")
)

// Split implements [framing.Framer].
func (f *VarintFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if c := int(data[0]); c < 0x80 {
		return framing.Frame{Size: c + 1, Start: 1, End: c + 1}, r, nil
	}
	var value uint64
	for i, c := range data {
		if i == binary.MaxVarintLen64-1 && c > 1 {
			return framing.Frame{}, r, errVarintTooLong
		}
		value |= uint64(c&0x7f) << (7 * i)
		if c >= 0x80 {
			continue
		}
		if c == 0 && !f.nonMinimal {
			return framing.Frame{}, r, errVarintOverlong
		}
		header := i + 1
		if most := uint64(math.MaxInt - header); value > most {
			return framing.Frame{}, r, &framing.TooLargeError{Size: value, Max: most}
		}
		size := header + int(value)
		return framing.Frame{Size: size, Start: header, End: size}, r, nil
	}
	return framing.Frame{}, r, nil
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

// AppendHeader implements [framing.Encloser].
func (f *VarintFramer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	if size < 0 {
		return dst, &framing.PayloadError{Size: size, Reason: "a size cannot be negative"}
	}
	return binary.AppendUvarint(dst, uint64(size)), nil
}

// Trailer implements [framing.Encloser]: it returns nil.
func (f *VarintFramer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "varint" or "varint,non-minimal".
func (f *VarintFramer) String() string {
	if f.nonMinimal {
		return "varint,non-minimal"
	}
	return "varint"
}
