package lengthprefix

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/plural"
)

// A Config describes a header with a length field of fixed width. The zero value
// of every field but Width is the common case.
type Config struct {
	// Width is the size of the length field in bytes, 1 to 8. The field is an
	// unsigned integer.
	Width int

	// LittleEndian means that the least significant byte of the field comes first.
	LittleEndian bool

	// Offset is the number of header bytes that precede the length field, at most
	// 65,535.
	Offset int

	// Adjust is added to the value of the length field to get the number of bytes
	// that follow the field, and subtracted on writing. If the header continues
	// for 2 bytes after the field and the value does not count them, Adjust is 2.
	// It may be negative, and is at most 2³⁰ either way.
	Adjust int

	// IncludesHeader means that the value also counts the field itself and the
	// bytes that precede it.
	IncludesHeader bool

	// Strip is the number of leading bytes of a frame that are not delivered, at
	// most 65,535. If zero, it is the header up to the end of the length field,
	// Offset + Width.
	Strip int

	// Magic gives the values of the first header bytes, the length field left out.
	// Reading rejects any others; writing sends these. The header has Offset such
	// bytes and, if Strip exceeds Offset + Width, those that are stripped after the
	// field. Magic may give fewer: the header bytes that it does not reach are not
	// verified, and those that are stripped are written as zero.
	Magic []byte

	// Digits is how the value is written in the field: as a binary number, which
	// is the zero value, or in digits, the most significant first.
	Digits Digits

	// Trailer is what follows the payload in every frame, at most 255 bytes. The
	// value does not count it, unless Adjust is reduced by its size. Reading
	// rejects a frame that ends in anything else; only that frame is lost.
	Trailer []byte

	// Resync means that a header that is not valid does not end the stream: it
	// loses one frame, and reading continues at the next bytes that agree with the
	// part of Magic that precedes the length field, which must be at least 2 bytes.
	// A Trailer that does not agree loses the frame that was announced.
	Resync bool

	// Keep delivers the whole frame: header, payload and trailer together are the
	// payload. It excludes Strip.
	Keep bool

	// SkipEmpty means that frames without a payload are fill: readers discard them,
	// and [framing.Writer.WriteFill] writes them as heartbeats. An empty payload is
	// refused. The whole header must be stripped. Magic, Digits and Trailer are
	// verified in empty frames too.
	SkipEmpty bool
}

// A Framer precedes each payload with its length, in a field of fixed width. Make
// one with [Uint8], [Uint16], [Uint32], [Uint64] or [New].
//
// It is a [framing.Encloser], and a [framing.Skipper] for the sake of Config.Resync.
type Framer struct {
	kind     kind
	config   Config // normalised
	header   int    // bytes up to the end of the length field
	magicEnd int    // bytes up to the end of Magic, the length field included if Magic continues after it
	need     int    // bytes required to know the frame's size: header and Magic
	base     int64  // the frame's size is the field's value + base
	least    uint64 // the smallest valid value: that of a frame with nothing after its header and the stripped bytes
	span     uint64 // least + span is the largest value of a frame whose size is an int
	most     uint64 // the largest value that the field can hold
	shift    uint   // 64 less the bits of the field
	strict   bool   // a frame has more to verify than its length: Magic, digits, Trailer
	outside  int    // bytes of a frame that are not delivered
	fill     int    // the size of the frames that are fill, or zero
	smallest uint64 // Append refuses what would make a smaller frame
	sync     []byte // what Skip searches for
	overlaps []int  // of each beginning of sync, the size of the longest shorter one that it ends with
	known    []byte // the first bytes of a frame: Magic, with zeros for the length and the other stripped bytes
}

// A kind tells the layouts for which Split and Append are short.
type kind uint8

const (
	general kind = iota
	big32        // like Uint32
	big16        // like Uint16
)

// Uint8 returns a Framer with a length of one byte, for payloads of up to 255
// bytes.
func Uint8() *Framer { return build(Config{Width: 1}) }

// Uint16 returns a Framer with a big-endian length of two bytes, for payloads of
// up to 65,535 bytes.
func Uint16() *Framer { return build(Config{Width: 2}) }

// Uint32 returns a Framer with a big-endian length of four bytes, the most common
// binary framing, for payloads of less than 4 GiB.
func Uint32() *Framer { return build(Config{Width: 4}) }

// Uint64 returns a Framer with a big-endian length of eight bytes, for payloads of
// any size.
func Uint64() *Framer { return build(Config{Width: 8}) }

const (
	maxHeader = 1<<16 - 1 // of Offset and Strip
	maxAdjust = 1 << 30

	maxTrailer = 255
	minSync    = 2 // a single byte is found by chance in every 256
)

// New returns the Framer that c describes. It returns a [*framing.ConfigError] if
// a value is out of range, or if no frame is possible.
func New(c Config) (*Framer, error) {
	fault := func(option, format string, args ...any) (*Framer, error) {
		return nil, &framing.ConfigError{Framer: "lengthprefix", Option: option, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case c.Width < 1 || c.Width > 8:
		return fault("width", "%d is not allowed; it must be 1 to 8 bytes", c.Width)
	case c.Offset < 0 || c.Offset > maxHeader:
		return fault("offset", "%d is not allowed; it must be 0 to %d bytes", c.Offset, maxHeader)
	case c.Adjust < -maxAdjust || c.Adjust > maxAdjust:
		return fault("adjust", "%d is not allowed; it must be -%d to %d", c.Adjust, maxAdjust, maxAdjust)
	case c.Keep && c.Strip != 0:
		return fault("strip", "%d is not allowed with keep, which delivers the whole frame", c.Strip)
	case c.Strip < 0 || c.Strip > maxHeader:
		return fault("strip", "%d is not allowed; it must be 1 to %d bytes", c.Strip, maxHeader)
	case c.Digits > BCD:
		return fault("digits", "%d is not allowed; it must be Binary, Decimal, Hex or BCD", c.Digits)
	case c.Digits != Binary && c.LittleEndian:
		return fault("order", "little is not allowed with digits, of which the most significant is the first")
	case len(c.Trailer) > maxTrailer:
		return fault("trailer", "it has %d bytes; at most %d are allowed", len(c.Trailer), maxTrailer)
	}
	if strip := c.Strip; c.SkipEmpty && (c.Keep || strip > 0 && strip < c.Offset+c.Width) {
		return fault("skip-empty", "no frame is empty if a part of the header is delivered")
	}
	if most := c.Offset + max(0, c.Strip-c.Offset-c.Width); len(c.Magic) > most {
		return fault("magic", "it has %s; the header has %d besides the length field", plural.Of(len(c.Magic), "byte"), most)
	}
	f := build(c)
	if c.Resync && len(f.sync) < minSync {
		return fault("resync", "it needs a magic of at least %d bytes before the length field, to find the next frame", minSync)
	}
	if f.least > f.most {
		return fault("adjust", "no value of a %d-byte length field makes a frame of %s, which its header and the stripped bytes take",
			c.Width, plural.Of(max(f.header, f.config.Strip)+len(c.Trailer), "byte"))
	}
	return f, nil
}

func build(c Config) *Framer {
	f := &Framer{header: c.Offset + c.Width, shift: uint(64 - 8*c.Width)}
	f.most = c.Digits.most(c.Width)
	if c.Strip == 0 && !c.Keep {
		c.Strip = f.header
	}
	c.Magic = append([]byte(nil), c.Magic...)
	f.magicEnd = len(c.Magic)
	if f.magicEnd > c.Offset {
		f.magicEnd += c.Width
	}
	f.need = max(f.header, f.magicEnd)
	c.Trailer = append([]byte(nil), c.Trailer...)
	f.config = c
	f.outside = c.Strip
	if !c.Keep {
		f.outside += len(c.Trailer)
	}
	f.strict = f.magicEnd > 0 || c.Digits != Binary || len(c.Trailer) > 0
	f.smallest = uint64(f.header + len(c.Trailer))
	if c.SkipEmpty {
		f.fill = f.outside
		f.smallest = uint64(f.fill + 1)
	}
	f.base = int64(c.Adjust + len(c.Trailer))
	if !c.IncludesHeader {
		f.base += int64(f.header)
	}
	f.least = uint64(max(0, int64(max(f.header, c.Strip)+len(c.Trailer))-f.base))
	f.span = uint64(math.MaxInt) - uint64(f.base) - f.least

	f.known = make([]byte, max(c.Strip, f.magicEnd))
	if before := copy(f.known[:min(c.Offset, len(f.known))], c.Magic); before < len(c.Magic) {
		copy(f.known[f.header:], c.Magic[before:])
	}
	if c.Resync {
		f.sync = c.Magic[:min(len(c.Magic), c.Offset)]
		f.overlaps = overlaps(f.sync)
	}
	if c.Offset == 0 && c.Strip == c.Width && f.base == int64(c.Width) && !c.LittleEndian && !c.SkipEmpty && !f.strict {
		switch c.Width {
		case 2:
			f.kind = big16
		case 4:
			f.kind = big32
		}
	}
	return f
}

// Config returns the configuration of f: what New was given, with the number of
// stripped bytes in Strip unless Keep is set. The caller may modify it.
func (f *Framer) Config() Config {
	c := f.config
	c.Magic, c.Trailer = bytes.Clone(c.Magic), bytes.Clone(c.Trailer)
	return c
}

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	// The common layouts, which split handles too: about 25 % less time to read a
	// frame of 16 bytes (Benchmark).
	switch {
	case f.kind == big32 && len(data) >= 4:
		if size := uint64(binary.BigEndian.Uint32(data)) + 4; size <= math.MaxInt {
			return framing.Frame{Size: int(size), Start: 4, End: int(size)}, r, nil
		}
	case f.kind == big16 && len(data) >= 2:
		size := int(binary.BigEndian.Uint16(data)) + 2
		return framing.Frame{Size: size, Start: 2, End: size}, r, nil
	}
	return f.split(data, r)
}

// split is Split for all layouts.
func (f *Framer) split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if f.strict {
		return f.splitStrict(data, r)
	}
	if len(data) < f.header {
		return framing.Frame{}, r, nil
	}
	value := f.binary(data)
	if value-f.least > f.span {
		return framing.Frame{}, r, f.invalid(value)
	}
	size := int(int64(value) + f.base)
	frame := framing.Frame{Size: size, Start: f.config.Strip, End: size}
	if size == f.fill && size <= len(data) {
		return frame, r, framing.ErrFill
	}
	return frame, r, nil
}

// splitStrict is Split for layouts that have more to verify than a length.
func (f *Framer) splitStrict(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	var err error
	switch r.Pos, err = f.verify(data, r.Pos); {
	case err != nil && f.config.Resync:
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: 1}, err
	case err != nil || len(data) < f.need:
		return framing.Frame{}, r, err
	}
	value, err := f.value(data)
	if err != nil {
		return framing.Frame{}, r, err
	}
	size := int(int64(value) + f.base)
	frame := framing.Frame{Size: size, Start: f.config.Strip, End: size - len(f.config.Trailer)}
	if f.trailerKept() {
		frame.End = frame.Start // until the trailer, which is delivered, is verified
	}
	if size > len(data) {
		return frame, r, nil
	}
	if err := f.checkTrailer(data[:size]); err != nil {
		return frame, r, err
	}
	if size == f.fill {
		return frame, r, framing.ErrFill
	}
	if f.config.Keep {
		frame.End = size
	}
	return frame, r, nil
}

// checkTrailer returns an error unless data, a frame, ends in Trailer.
func (f *Framer) checkTrailer(data []byte) error {
	want := f.config.Trailer
	if got := data[len(data)-len(want):]; !bytes.Equal(got, want) {
		return fmt.Errorf("malformed trailer: got %+q after the payload, want %+q", got, want)
	}
	return nil
}

// Skip implements [framing.Skipper]: the next frame begins with Magic. What has been
// matched is in State, so that no byte is examined twice, however long Magic is (the
// algorithm of Knuth, Morris and Pratt).
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if len(f.sync) == 0 {
		return len(data), framing.Resume{}, false // Split never returns Resync
	}
	matched := int(r.State)
	for i := r.Pos; i < len(data); i++ {
		if matched == 0 {
			skip := bytes.IndexByte(data[i:], f.sync[0])
			if skip < 0 {
				return len(data), framing.Resume{}, false
			}
			i += skip
		}
		for matched > 0 && data[i] != f.sync[matched] {
			matched = f.overlaps[matched-1]
		}
		if data[i] == f.sync[matched] {
			matched++
		}
		if matched == len(f.sync) {
			return i + 1 - matched, framing.Resume{}, true
		}
	}
	return len(data) - matched, framing.Resume{Pos: matched, State: uint64(matched)}, false
}

// overlaps returns, for each beginning of mark, the size of the longest shorter one that
// it ends with.
func overlaps(mark []byte) []int {
	sizes := make([]int, len(mark))
	for i, n := 1, 0; i < len(mark); i++ {
		for n > 0 && mark[i] != mark[n] {
			n = sizes[n-1]
		}
		if mark[i] == mark[n] {
			n++
		}
		sizes[i] = n
	}
	return sizes
}

// value returns the value of the length field of the header that data begins
// with. It returns an error if the field does not hold digits.
func (f *Framer) value(data []byte) (uint64, error) {
	if f.config.Digits == Binary {
		return f.binary(data), nil
	}
	return f.config.Digits.parse(data[f.config.Offset:f.header])
}

// binary returns the value of a length field that is a binary number.
func (f *Framer) binary(data []byte) uint64 {
	field := data[f.config.Offset:]
	if len(field) < 8 {
		field = append(make([]byte, 0, 8), field...)[:8]
	}
	if f.config.LittleEndian {
		return binary.LittleEndian.Uint64(field) & f.most
	}
	return binary.BigEndian.Uint64(field) >> f.shift
}

// invalid returns the error for a value that makes no frame.
func (f *Framer) invalid(value uint64) error {
	if value < f.least {
		return fmt.Errorf("malformed length: %d is below the minimum of %d", value, f.least)
	}
	return &framing.TooLargeError{Size: f.payloadSize(value), Max: uint64(math.MaxInt - f.outside)}
}

// payloadSize returns the size of the payload of a frame with this value, or
// math.MaxUint64 if it is larger.
func (f *Framer) payloadSize(value uint64) uint64 {
	more := f.base - int64(f.outside)
	size := value + uint64(more)
	if more > 0 && size < value {
		return math.MaxUint64
	}
	return size
}

// verify compares the header bytes from pos on with Magic, in the order of their
// arrival, and the length with what makes a frame. It returns how many need not be
// examined again.
func (f *Framer) verify(data []byte, pos int) (int, error) {
	have := min(len(data), f.need)
	before := min(have, f.config.Offset, f.magicEnd)
	if err := f.compare(data, pos, before); err != nil || have < f.header {
		return before, err
	}
	if pos < f.header {
		switch value, err := f.value(data); {
		case err != nil:
			return before, err
		case value-f.least > f.span:
			return before, f.invalid(value)
		}
	}
	return have, f.compare(data, max(pos, f.header), min(have, f.magicEnd))
}

// compare compares data[from:to] with Magic.
func (f *Framer) compare(data []byte, from, to int) error {
	for i := from; i < to; i++ {
		if data[i] != f.known[i] {
			return fmt.Errorf("malformed header: byte %d is 0x%02x, want 0x%02x", i, data[i], f.known[i])
		}
	}
	return nil
}

// Append implements [framing.Framer]. A part of the header that is delivered is
// the beginning of payload, and is verified; [Framer.PutHeader] fills it in.
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	// The common layouts, which AppendHeader handles too: less than half the time for
	// 16 bytes (Benchmark).
	switch size := uint64(len(payload)); {
	case f.kind == big32 && size <= math.MaxUint32:
		return append(binary.BigEndian.AppendUint32(dst, uint32(size)), payload...), nil
	case f.kind == big16 && size <= math.MaxUint16:
		return append(binary.BigEndian.AppendUint16(dst, uint16(size)), payload...), nil
	}
	frame, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	frame = append(frame, payload...)
	if f.strict {
		frame = append(frame, f.Trailer()...)
	}
	return frame, nil
}

// AppendHeader implements [framing.Encloser]. If a part of the header is
// delivered, start must contain it, and all of the payload if the trailer is
// delivered too; AppendHeader verifies both and appends the part that is stripped,
// which may be empty.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	field, err := f.field(size)
	if err != nil {
		return dst, err
	}
	offset, strip := f.config.Offset, f.config.Strip
	if strip < f.header {
		if len(start) < f.header-strip || f.trailerKept() && int64(len(start)) < size {
			return dst, framing.ErrNoHeader
		}
		if reason := f.misfit(start, field); reason != "" {
			return dst, &framing.PayloadError{Size: size, Reason: reason}
		}
	}
	n := len(dst)
	dst = append(dst, f.known[:strip]...)
	if strip > offset {
		copy(dst[n+offset:n+min(strip, f.header)], field[:])
	}
	return dst, nil
}

// misfit returns what is wrong with the delivered part of the header, which
// payload begins with. The length field must be field.
func (f *Framer) misfit(payload []byte, field [8]byte) string {
	offset, strip := f.config.Offset, f.config.Strip
	for i := strip; i < min(offset, f.magicEnd); i++ {
		if got := payload[i-strip]; got != f.known[i] {
			return fmt.Sprintf("its byte %d is 0x%02x; the magic requires 0x%02x", i-strip, got, f.known[i])
		}
	}
	from := max(strip, offset)
	if got, want := payload[from-strip:f.header-strip], field[from-offset:f.config.Width]; !f.config.Digits.equal(got, want) {
		return fmt.Sprintf("its length field, at byte %d, is %x; for this size it must be %s", from-strip, got, hex.EncodeToString(want))
	}
	if f.trailerKept() && !bytes.HasSuffix(payload, f.config.Trailer) {
		return fmt.Sprintf("it must end with the trailer %x", f.config.Trailer)
	}
	return ""
}

// trailerKept reports whether the payload ends with Trailer.
func (f *Framer) trailerKept() bool { return f.config.Keep && len(f.config.Trailer) > 0 }

// PutHeader fills in the header of a payload that begins with it, because Keep is
// set or Strip is small: it writes the length field, Magic and Trailer, so far as
// they are delivered, over the bytes in their place. Append then accepts payload.
// If nothing of them is delivered, payload remains as it is.
//
// PutHeader returns a [*framing.PayloadError], and does not modify payload, if
// payload is shorter than what it has to write or its size does not fit the length
// field.
func (f *Framer) PutHeader(payload []byte) error {
	field, err := f.field(int64(len(payload)))
	if err != nil {
		return err
	}
	offset, strip := f.config.Offset, f.config.Strip
	if end := min(offset, f.magicEnd); strip < end {
		copy(payload, f.known[strip:end])
	}
	if from := max(strip, offset); from < f.header {
		copy(payload[from-strip:], field[from-offset:f.config.Width])
	}
	if f.trailerKept() {
		copy(payload[len(payload)-len(f.config.Trailer):], f.config.Trailer)
	}
	return nil
}

// field returns the length field, which is the first Width bytes, for a payload of
// size bytes.
func (f *Framer) field(size int64) (field [8]byte, err error) {
	total := uint64(size) + uint64(f.outside)
	value := total - uint64(f.base)
	reason := ""
	switch {
	case size < 0:
		reason = "a size cannot be negative"
	case total < f.smallest:
		reason = f.tooSmall()
	case f.base > 0 && total < uint64(f.base):
		reason = fmt.Sprintf("it must have at least %s; with fewer, this adjustment makes the length negative", plural.Of(f.base-int64(f.outside), "byte"))
	case value > f.most:
		reason = fmt.Sprintf("a length field of this width allows at most %s", plural.Of(f.payloadSize(f.most), "byte"))
	}
	if reason != "" {
		return field, &framing.PayloadError{Size: size, Reason: reason}
	}
	switch {
	case f.config.LittleEndian:
		binary.LittleEndian.PutUint64(field[:], value)
	case f.config.Digits == Binary:
		binary.BigEndian.PutUint64(field[:], value<<f.shift)
	default:
		f.config.Digits.put(field[:f.config.Width], value)
	}
	return field, nil
}

// tooSmall returns what is wrong with a payload that has no room for the header and
// the trailer, or that is empty and SkipEmpty is set.
func (f *Framer) tooSmall() string {
	if f.config.SkipEmpty {
		return "it is empty, and empty frames are fill"
	}
	if f.trailerKept() {
		return fmt.Sprintf("it must begin with the %s of the header and end with the %d of the trailer", plural.Of(f.header, "byte"), len(f.config.Trailer))
	}
	return fmt.Sprintf("it must begin with the delivered part of the header, %s", plural.Of(f.header-f.config.Strip, "byte"))
}

// Trailer implements [framing.Encloser]. It returns nil if the trailer is part of
// the payload.
func (f *Framer) Trailer() []byte {
	if f.config.Keep {
		return nil
	}
	return f.config.Trailer
}

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	if n > math.MaxInt-f.outside {
		return math.MaxInt
	}
	return max(n+f.outside, f.need)
}

// FixedEnd reports whether a payload ends with Trailer, so that package checksum can add
// nothing to it.
func (f *Framer) FixedEnd() bool { return f.trailerKept() }

// String returns f as package spec reads it: "length,width=2,order=little".
func (f *Framer) String() string {
	c := f.config
	s := []byte("length")
	add := func(key string, value, def int) {
		if value != def {
			s = strconv.AppendInt(append(s, ","+key+"="...), int64(value), 10)
		}
	}
	add("width", c.Width, 4)
	if c.LittleEndian {
		s = append(s, ",order=little"...)
	}
	if c.Digits != Binary {
		s = append(s, ",digits="+c.Digits.String()...)
	}
	add("offset", c.Offset, 0)
	add("adjust", c.Adjust, 0)
	if c.IncludesHeader {
		s = append(s, ",includes-header"...)
	}
	if !c.Keep {
		add("strip", c.Strip, f.header)
	}
	if len(c.Magic) > 0 {
		s = hex.AppendEncode(append(s, ",magic="...), c.Magic)
	}
	if len(c.Trailer) > 0 {
		s = hex.AppendEncode(append(s, ",trailer="...), c.Trailer)
	}
	if c.Resync {
		s = append(s, ",resync"...)
	}
	if c.Keep {
		s = append(s, ",keep"...)
	}
	if c.SkipEmpty {
		s = append(s, ",skip-empty"...)
	}
	return string(s)
}
