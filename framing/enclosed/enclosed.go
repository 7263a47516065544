package enclosed

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

// maxMarks is the maximum size of both marks in total, in bytes.
const maxMarks = 255

var (
	errNoBegin = errors.New("missing begin mark: these bytes belong to no frame")
	errNoEnd   = errors.New("missing end mark: another frame begins before it")
)

// A Framer frames payloads between two marks. Make one with [New], [STX],
// [MLLP] or [JSONSeq]. It is a [framing.Skipper] and a [framing.Encloser].
type Framer struct {
	begin, end []byte
	noise      noise
}

// A noise tells what the bytes before a begin mark are.
type noise uint8

const (
	invalid noise = iota // an error, after which the next frame is read
	skipped              // fill
	refused              // an error that ends the stream
)

// New returns a framer for frames that start with begin and end with end, which are
// at most 255 bytes in total.
//
// New returns a [*framing.ConfigError] if the marks exceed 255 bytes, or if one is
// empty or a part of the other.
func New(begin, end string) (*Framer, error) {
	fault := func(option, format string, args ...any) (*Framer, error) {
		return nil, &framing.ConfigError{Framer: "enclosed", Option: option, Reason: fmt.Sprintf(format, args...)}
	}
	f := &Framer{begin: []byte(begin), end: []byte(end)}
	switch {
	case begin == "":
		return fault("begin", "it is empty; it must have at least one byte")
	case end == "":
		return fault("end", "it is empty; it must have at least one byte")
	case len(begin)+len(end) > maxMarks:
		return fault("end", "the marks have %d bytes in total; at most %d are allowed", len(begin)+len(end), maxMarks)
	case bytes.Contains(f.begin, f.end) || bytes.Contains(f.end, f.begin):
		return fault("end", "the begin mark %+q and the end mark %+q cannot be told apart; neither may be a part of the other", begin, end)
	}
	return f, nil
}

// STX returns the framer for text between the ASCII control characters STX, 0x02, and
// ETX, 0x03. Package stx has a framing that can carry these too.
func STX() *Framer { return &Framer{begin: []byte{0x02}, end: []byte{0x03}} }

// MLLP returns the framer for HL7 messages in the Minimal Lower Layer Protocol: they
// start with 0x0b and end with 0x1c and a carriage return. Other bytes between them
// are fill.
func MLLP() *Framer { return &Framer{begin: []byte{0x0b}, end: []byte{0x1c, '\r'}, noise: skipped} }

// JSONSeq returns the framer for JSON text sequences (RFC 7464) in which each text is
// one line: it starts with the record separator, 0x1e, and ends with a newline. A text
// that contains newlines is refused on writing, and cut at the first on reading.
func JSONSeq() *Framer { return &Framer{begin: []byte{0x1e}, end: []byte{'\n'}} }

// SkipNoise returns a framer like f for which the bytes before a begin mark are fill,
// which readers discard, not an error.
func (f *Framer) SkipNoise() *Framer { return &Framer{f.begin, f.end, skipped} }

// RefuseNoise returns a framer like f for which the stream ends, with an error, at the
// first byte before a begin mark that does not belong to it. A frame in which another one
// begins is still a single invalid frame.
func (f *Framer) RefuseNoise() *Framer { return &Framer{f.begin, f.end, refused} }

// A mark is what find has found.
type mark uint8

const (
	none mark = iota
	begin
	end
)

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	pos, begun := r.Pos, false
	if pos == 0 {
		begun = bytes.HasPrefix(data, f.begin)
		switch n := len(f.begin); {
		case begun:
			pos = n
		case len(data) < n && bytes.Equal(data, f.begin[:len(data)]):
			return framing.Frame{}, r, nil
		case f.noise == skipped:
			return f.fill(data)
		case f.noise == refused:
			return framing.Frame{}, r, f.foreign(data)
		}
	}
	i, found := f.find(data[pos:])
	if found == none {
		return framing.Frame{}, framing.Resume{Pos: len(data) - f.partial(data[pos:])}, nil
	}
	i += pos
	if r.Pos > 0 {
		begun = bytes.HasPrefix(data, f.begin)
	}
	switch {
	case found == end && begun:
		return framing.Frame{Size: i + len(f.end), Start: len(f.begin), End: i}, r, nil
	case found == end:
		return framing.Frame{Size: i + len(f.end)}, r, errNoBegin
	case begun:
		return framing.Frame{Size: i}, r, errNoEnd
	default:
		return framing.Frame{Size: i}, r, errNoBegin
	}
}

// foreign returns the error for the first byte of data that differs from the begin mark.
func (f *Framer) foreign(data []byte) error {
	i := 0
	for data[i] == f.begin[i] {
		i++
	}
	return fmt.Errorf("missing begin mark %+q: byte %d is 0x%02x, want 0x%02x", string(f.begin), i, data[i], f.begin[i])
}

// fill returns as fill the bytes of data that do not belong to a begin mark. The first
// one does not. It examines 512 bytes at most, since [framing.Select] may take only the
// first of them, and then asks again.
func (f *Framer) fill(data []byte) (framing.Frame, framing.Resume, error) {
	data = data[:min(len(data), 512)]
	n := bytes.Index(data, f.begin)
	if n < 0 {
		n = len(data) - overlap(data[1:], f.begin)
	}
	return framing.Frame{Size: n}, framing.Resume{}, framing.ErrFill
}

// find returns the first mark in data, which is the one that ends first, and its
// index. It searches data in parts, so that it does not go to the end for a mark of
// one kind if there is one of the other kind at the beginning.
func (f *Framer) find(data []byte) (at int, found mark) {
	for size := 512; at < len(data); size *= 2 {
		part := data[at:]
		part = part[:min(size+max(len(f.begin), len(f.end))-1, len(part))]
		i := bytes.Index(part, f.end)
		if i >= 0 {
			part, found = part[:i+len(f.end)-1], end
		}
		if j := bytes.Index(part, f.begin); j >= 0 {
			i, found = j, begin
		}
		if found != none {
			return at + i, found
		}
		at += size
	}
	return 0, none
}

// partial returns the size of the longest suffix of data with which a mark may begin.
// There is no mark in data.
func (f *Framer) partial(data []byte) int {
	return max(overlap(data, f.begin), overlap(data, f.end))
}

// overlap returns the size of the longest suffix of data that begins mark and is not
// all of it.
func overlap(data, mark []byte) int {
	for n := min(len(data), len(mark)-1); n > 0; n-- {
		if bytes.Equal(data[len(data)-n:], mark[:n]) {
			return n
		}
	}
	return 0
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	dst, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	return append(append(dst, payload...), f.end...), nil
}

// AppendHeader implements [framing.Encloser]. It returns [framing.ErrNoHeader] unless
// start is the whole payload, which must not contain a mark.
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	switch i, found := f.find(start); {
	case size < 0:
		return dst, payloadError(size, "its size is negative")
	case found == begin:
		return dst, payloadError(size, "it contains the mark %+q at byte %d", f.begin, i)
	case found == end:
		return dst, payloadError(size, "it contains the mark %+q at byte %d", f.end, i)
	case int64(len(start)) < size:
		return dst, framing.ErrNoHeader
	case len(f.begin)+len(f.end) > 2 && f.endsEarly(start): // marks of one byte cannot
		return dst, payloadError(size, "its end forms an earlier mark with the end mark %+q", f.end)
	}
	return append(dst, f.begin...), nil
}

func payloadError(size int64, format string, args ...any) error {
	return &framing.PayloadError{Size: size, Reason: fmt.Sprintf(format, args...)}
}

// endsEarly reports whether the end of payload and the end mark after it contain an
// earlier mark. There is none in payload.
func (f *Framer) endsEarly(payload []byte) bool {
	n := f.partial(payload)
	var room [maxMarks]byte // n bytes may begin one mark, and the other follows
	tail := append(append(room[:0], payload[len(payload)-n:]...), f.end...)
	i, found := f.find(tail)
	return found != end || i != n
}

// Trailer implements [framing.Encloser]. It returns the end mark.
func (f *Framer) Trailer() []byte { return f.end }

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	marks := len(f.begin) + len(f.end)
	if n > math.MaxInt-marks {
		return math.MaxInt
	}
	return n + marks
}

// inside is the Resume.State of Skip after the first bytes of a frame.
const inside = 1

// Skip implements [framing.Skipper]. It does not stop inside what may become a mark.
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, ended bool) {
	pos := r.Pos
	if r == (framing.Resume{}) && bytes.HasPrefix(data, f.begin) {
		pos = len(f.begin) // the begin mark of the frame being skipped
	}
	switch i, found := f.find(data[pos:]); found {
	case begin:
		return pos + i, framing.Resume{}, true
	case end:
		return pos + i + len(f.end), framing.Resume{}, true
	}
	return len(data) - f.partial(data[pos:]), framing.Resume{State: inside}, false
}

// String returns f as package spec reads it: "enclosed,begin=3c,end=3e", or "stx" for
// the marks STX and ETX.
func (f *Framer) String() string {
	switch {
	case f.noise == skipped:
		return f.marks() + ",noise=skip"
	case f.noise == refused:
		return f.marks() + ",noise=refuse"
	case string(f.begin) == "\x02" && string(f.end) == "\x03":
		return "stx"
	}
	return f.marks()
}

func (f *Framer) marks() string {
	return "enclosed,begin=" + hex.EncodeToString(f.begin) + ",end=" + hex.EncodeToString(f.end)
}
