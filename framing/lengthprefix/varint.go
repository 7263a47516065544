package lengthprefix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// A VarintConfig describes a header with a length that is a varint. The zero value
// is that of [Varint].
type VarintConfig struct {
	// Offset is the number of header bytes that precede the varint, at most 65,535.
	// If they are not delivered, they are written as zero.
	Offset int

	// MaxBytes is the largest number of bytes that the varint may have, 1 to 10. If
	// zero, it is 10, which is enough for 64 bits.
	MaxBytes int

	// NonMinimal means that reading also accepts overlong varints, such as those of
	// encoders that reserve a header of constant size and fill it in last.
	NonMinimal bool

	// Keep delivers the whole frame: header and payload together are the payload.
	// Writing verifies the header.
	Keep bool
}

// A VarintFramer precedes each payload with its length as a base-128 varint: seven
// bits in each byte, the least significant first, and the top bit set in all bytes
// but the last. Streams of length-delimited protocol buffers are framed like this;
// see https://protobuf.dev/programming-guides/encoding/#varints. Make one with
// [Varint] or [NewVarint].
//
// It is a [framing.Encloser].
type VarintFramer struct {
	config VarintConfig // with MaxBytes set
	plain  bool         // like Varint, but for NonMinimal
	short  byte         // a first byte below it is all of the header; 0 if the header is more than a varint
}

// Varint returns a Framer for payloads of any size, with a length of 1 to 10
// bytes. Overlong varints are rejected, so that every frame has a single encoding.
// NonMinimal accepts them.
func Varint() *VarintFramer { return buildVarint(VarintConfig{}) }

// NewVarint returns the Framer that c describes. It returns a
// [*framing.ConfigError] if a value is out of range.
func NewVarint(c VarintConfig) (*VarintFramer, error) {
	switch {
	case c.Offset < 0 || c.Offset > maxHeader:
		return nil, &framing.ConfigError{Framer: "lengthprefix", Option: "offset", Reason: fmt.Sprintf("%d is not allowed; it must be 0 to %d bytes", c.Offset, maxHeader)}
	case c.MaxBytes < 0 || c.MaxBytes > binary.MaxVarintLen64:
		return nil, &framing.ConfigError{Framer: "lengthprefix", Option: "max-bytes", Reason: fmt.Sprintf("%d is not allowed; it must be 1 to %d", c.MaxBytes, binary.MaxVarintLen64)}
	}
	return buildVarint(c), nil
}

func buildVarint(c VarintConfig) *VarintFramer {
	if c.MaxBytes == 0 {
		c.MaxBytes = binary.MaxVarintLen64
	}
	f := &VarintFramer{config: c}
	if c.Offset == 0 && !c.Keep {
		f.short = 0x80
		f.plain = c.MaxBytes == binary.MaxVarintLen64
	}
	return f
}

// NonMinimal returns a Framer like f that also reads overlong varints; see
// VarintConfig. It writes the shortest form.
func (f *VarintFramer) NonMinimal() *VarintFramer {
	c := f.config
	c.NonMinimal = true
	return buildVarint(c)
}

// Config returns the configuration of f, with MaxBytes set.
func (f *VarintFramer) Config() VarintConfig { return f.config }

var (
	errVarintTooLong  = errors.New("malformed length: the varint exceeds 10 bytes or 64 bits")
	errVarintOverlong = errors.New("malformed length: the varint is overlong; NonMinimal (varint,non-minimal) accepts it")
)

// Split implements [framing.Framer].
func (f *VarintFramer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if c := data[0]; c < f.short {
		end := int(c) + 1
		return framing.Frame{Size: end, Start: 1, End: end}, r, nil
	}
	if f.plain && len(data) > 1 && data[1]-1 < 0x7f {
		// Two bytes, which header reads too; a fifth faster for 128 bytes.
		end := 2 + (int(data[0]&0x7f) | int(data[1])<<7)
		return framing.Frame{Size: end, Start: 2, End: end}, r, nil
	}
	header, value, err := f.header(data)
	if header == 0 || err != nil {
		return framing.Frame{}, r, err
	}
	start := header
	if f.config.Keep {
		start = 0
	}
	if most := uint64(math.MaxInt - header); value > most {
		kept := uint64(header - start)
		return framing.Frame{}, r, &framing.TooLargeError{Size: max(value, value+kept), Max: most + kept} // value+kept may overflow
	}
	size := header + int(value)
	return framing.Frame{Size: size, Start: start, End: size}, r, nil
}

// header returns the size of the header that data begins with, or 0 if it is not
// complete, and the value of the varint.
func (f *VarintFramer) header(data []byte) (size int, value uint64, err error) {
	offset, last := f.config.Offset, f.config.MaxBytes-1
	for i, c := range data[min(offset, len(data)):] {
		if i == last && (c >= 0x80 || i == binary.MaxVarintLen64-1 && c > 1) {
			return 0, 0, f.tooLong()
		}
		value |= uint64(c&0x7f) << (7 * i)
		if c >= 0x80 {
			continue
		}
		if c == 0 && i > 0 && !f.config.NonMinimal {
			return 0, 0, errVarintOverlong
		}
		return offset + i + 1, value, nil
	}
	return 0, 0, nil
}

// tooLong returns the error for a varint of more than MaxBytes.
func (f *VarintFramer) tooLong() error {
	if f.config.MaxBytes == binary.MaxVarintLen64 {
		return errVarintTooLong
	}
	return fmt.Errorf("malformed length: the varint exceeds %s", plural.Of(f.config.MaxBytes, "byte"))
}

// Append implements [framing.Framer].
func (f *VarintFramer) Append(dst, payload []byte) ([]byte, error) {
	if f.plain { // which AppendHeader handles too; a third faster for 16 bytes
		return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...), nil
	}
	frame, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	return append(frame, payload...), nil
}

// MaxEncodedLen implements [framing.Framer].
func (f *VarintFramer) MaxEncodedLen(n int) int {
	header := f.config.Offset + f.config.MaxBytes
	switch {
	case f.config.Keep:
		return max(n, header)
	case n > math.MaxInt-header:
		return math.MaxInt
	}
	return n + header
}

// AppendHeader implements [framing.Encloser]. If the header is delivered, start must
// contain it; AppendHeader verifies it and appends nothing.
func (f *VarintFramer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	most := uint64(math.MaxUint64) >> max(0, 64-7*f.config.MaxBytes)
	switch {
	case size < 0:
		return dst, &framing.PayloadError{Size: size, Reason: "a size cannot be negative"}
	case f.config.Keep:
		return dst, f.verify(start, size)
	case uint64(size) > most:
		return dst, &framing.PayloadError{Size: size, Reason: fmt.Sprintf("a varint of this length allows at most %d bytes", most)}
	}
	for range f.config.Offset {
		dst = append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(size)), nil
}

// verify returns an error unless a frame of size bytes that begins with start has a
// header for that size.
func (f *VarintFramer) verify(start []byte, size int64) error {
	header, value, err := f.header(start)
	switch {
	case err != nil:
		return &framing.PayloadError{Size: size, Reason: "it must begin with its header: " + err.Error()}
	case header == 0 && int64(len(start)) < size:
		return framing.ErrNoHeader
	case header == 0:
		return &framing.PayloadError{Size: size, Reason: "it must begin with its header, and ends inside it"}
	case uint64(size) < uint64(header) || value != uint64(size)-uint64(header):
		return &framing.PayloadError{Size: size, Reason: fmt.Sprintf("its header announces %s after the %d of the header", plural.Of(value, "byte"), header)}
	}
	return nil
}

// Trailer implements [framing.Encloser]: it returns nil.
func (f *VarintFramer) Trailer() []byte { return nil }

// String returns f as package spec reads it: "varint", "varint,offset=1,keep".
func (f *VarintFramer) String() string {
	s := "varint"
	if f.config.Offset > 0 {
		s += ",offset=" + strconv.Itoa(f.config.Offset)
	}
	if f.config.MaxBytes < binary.MaxVarintLen64 {
		s += ",max-bytes=" + strconv.Itoa(f.config.MaxBytes)
	}
	if f.config.NonMinimal {
		s += ",non-minimal"
	}
	if f.config.Keep {
		s += ",keep"
	}
	return s
}
