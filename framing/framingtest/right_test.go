package framingtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

// The Framers of this file are of kinds that the module does not have. They judge the
// contract: each must keep all laws, and must be short.
func TestStrangersKeepTheLaws(t *testing.T) {
	t.Parallel()
	texts := func(all ...string) (b [][]byte) {
		for _, s := range all {
			b = append(b, []byte(s))
		}
		return b
	}
	for _, test := range []struct {
		f              framing.Framer
		payloads, wire [][]byte
	}{
		{jsonValues{}, texts(`{}`, `[[],{"a":"\"}"}]`, `{"key":[1,2,{"x":"\\"}]}`), texts("\n{}\n[1]", `{"a":"\\\"]"} {}`)},
		{resp{}, texts("+OK\r\n", "$5\r\nhello\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n", "*0\r\n", "$-1\r\n", "*-1\r\n"), nil},
		{fragments{}, nil, texts("\x00\x00\x00\x01a\x80\x00\x00\x02bc", "\x00\x00\x00\x02ab\x00\x00\x00\x01c\x80\x00\x00\x00", "\x80\x00\x00\x00")},
		{sentences{}, nil, texts("xx$a*61\r\n", "$ab*00\r\n$a*61\r\n", "$a$b*00\r\n")},
		{msg{}, texts("PING\r\n", "MSG 0\r\n\r\n", "MSG 5\r\nhello\r\n"), nil},
		{ubx{}, nil, texts("garbage\xb5\xb5\x62\x01\x02\x00\x00\x03\x0a", "\xb5\x62\x01\x02\x01\x00a\x00\x00")},
		{marks{}, nil, texts("garbage\x0bhello\x1c\x0d", "\x0ba\x1cb\x1c\x0d\n")},
	} {
		t.Run(fmt.Sprintf("%T", test.f), func(t *testing.T) {
			t.Parallel()
			Config{Payloads: test.payloads, Wire: test.wire}.Run(t, test.f)
		})
	}
}

// What is lost is one error each, and the frames that follow it are read.
func TestStrangersRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		f     framing.Framer
		wire  string
		limit int
		want  string
	}{
		{jsonValues{}, "{}\n[[1],2] {\"]\":[]}", 6, `{}|too large|too large|EOF`},
		{resp{}, "*2\r\n$3\r\nabc\r\n*1\r\n:1\r\n+OK\r\n", 30, "*2\r\n$3\r\nabc\r\n*1\r\n:1\r\n|+OK\r\n|EOF"},
		{resp{}, "*2\r\n$30\r\n012345678901234567890123456789\r\n*1\r\n:1\r\n+OK\r\n", 20, "too large|+OK\r\n|EOF"},
		{fragments{}, "\x00\x00\x00\x01a\x80\x00\x00\x02bc\x80\x00\x00\x01d", -1, "abc|d|EOF"},
		{fragments{}, "\x00\x00\x00\x01a\x00\x00\x00\x02bc\x80\x00\x00\x02de\x80\x00\x00\x01f", 1, "too large|f|EOF"},
		{sentences{}, "??$a*61\r\n$b*61\r\n$ab$c*63\r\n", -1, "malformed|a|malformed|malformed|c|EOF"},
		{msg{}, "PING\r\nMSG 5\r\nhello\r\nMSG 1\r\nx??PING\r\n", -1, "PING\r\n|MSG 5\r\nhello\r\n|malformed|PING\r\n|EOF"},
		{ubx{}, "\xb5\xb5??\xb5\x62\x01\x02\x01\x00a\x65\x71", -1, "malformed|\x01\x02\x01\x00a|EOF"},
		{marks{}, "??\x0b1234567\x1c\x0d?\x0bab\x1c\x0d", 4, "malformed|too large|malformed|ab|EOF"},
	} {
		for _, size := range []int{1, 2, 3, len(test.wire)} {
			r := framing.NewReader(frametest.Chunks([]byte(test.wire), size), test.f)
			r.SetMaxPayload(test.limit)
			var got []string
			for {
				payload, err := r.ReadFrame()
				switch err.(type) {
				case nil:
					got = append(got, string(payload))
					continue
				case *framing.TooLargeError:
					got = append(got, "too large")
				case *framing.FormatError:
					got = append(got, "malformed")
				default:
					got = append(got, err.Error())
				}
				if !errors.Is(err, framing.ErrFrame) {
					break
				}
			}
			if got := strings.Join(got, "|"); got != test.want {
				t.Errorf("%T, chunks of %d bytes: %q\n= %q; want %q", test.f, size, test.wire, got, test.want)
			}
		}
	}
}

// appendWhole is Append of a Framer that delivers whole frames.
func appendWhole(f framing.Framer, dst, payload []byte) ([]byte, error) {
	if len(payload) > 0 {
		if frame, _, err := f.Split(payload, framing.Resume{}); err == nil && frame.Size == len(payload) && frame.End-frame.Start == frame.Size {
			return append(dst, payload...), nil
		}
	}
	return dst, refused(payload)
}

// jsonValues are JSON objects and arrays, one after another, with or without white
// space between them. The state is the depth, and whether a string and an escape in
// it have started.
type jsonValues struct{}

const (
	inString = 1 << iota
	inEscape
	oneDeeper
)

// scan returns where the value ends, or 0 and the state after data.
func (jsonValues) scan(data []byte, state uint64) (end int, next uint64) {
	for i, c := range data {
		switch {
		case state&inEscape != 0:
			state &^= inEscape
		case state&inString != 0 && c == '\\':
			state |= inEscape
		case c == '"':
			state ^= inString
		case state&inString != 0:
		case c == '{' || c == '[':
			state += oneDeeper
		case c == '}' || c == ']':
			if state -= oneDeeper; state == 0 {
				return i + 1, 0
			}
		}
	}
	return 0, state
}

func (f jsonValues) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 {
		switch data[0] {
		case ' ', '\t', '\r', '\n':
			return framing.Frame{Size: 1}, r, framing.ErrFill
		case '{', '[':
		default:
			return framing.Frame{}, r, errors.New("not a JSON object or array")
		}
	}
	end, state := f.scan(data[r.Pos:], r.State)
	if end == 0 {
		return framing.Frame{}, framing.Resume{Pos: len(data), State: state}, nil
	}
	return framing.Frame{Size: r.Pos + end, End: r.Pos + end}, r, nil
}

func (f jsonValues) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if n, r.State = f.scan(data[r.Pos:], r.State); n > 0 {
		return r.Pos + n, framing.Resume{}, true
	}
	return len(data), framing.Resume{State: r.State}, false
}

func (f jsonValues) Append(dst, payload []byte) ([]byte, error) { return appendWhole(f, dst, payload) }
func (jsonValues) MaxEncodedLen(n int) int                      { return max(n, 1) }

// resp are values of the Redis protocol, delivered whole with all that they contain.
// The state is the number of values outstanding, the bytes that are missing of a bulk
// string, and whether the bytes are in a line whose end has to be found.
type resp struct{}

const (
	respLine = 1         // in a simple string or error
	respBulk = 1 << 1    // one byte of a bulk string
	respMost = 1<<31 - 1 // the largest size of one, with CR LF
	respMore = 1 << 33   // one value more, after this one
)

// scan consumes values from data[pos:]. It returns the position up to which data
// need not be examined again; if size is not 0, the value ends there.
func (resp) scan(data []byte, r framing.Resume) (size int, next framing.Resume, err error) {
	for at, state := r.Pos, r.State; ; {
		bulk := int(state / respBulk % (respMore / respBulk))
		switch rest := data[at:]; {
		case bulk > len(rest) && state < respMore:
			return at + bulk, framing.Resume{Pos: len(data), State: state - uint64(len(rest))*respBulk}, nil
		case bulk > len(rest):
			return 0, framing.Resume{Pos: len(data), State: state - uint64(len(rest))*respBulk}, nil
		case bulk > 0:
			at, state = at+bulk, state-uint64(bulk)*respBulk
		case state&respLine != 0:
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				return 0, framing.Resume{Pos: len(data), State: state}, nil
			}
			at, state = at+i+1, state-respLine
		case len(rest) == 0:
			return 0, framing.Resume{Pos: at, State: state}, nil
		case rest[0] == '+' || rest[0] == '-':
			at, state = at+1, state|respLine
			continue
		case rest[0] == '$' || rest[0] == '*' || rest[0] == ':':
			i := bytes.IndexByte(rest[:min(len(rest), 24)], '\n')
			if i < 0 && len(rest) < 24 {
				return 0, framing.Resume{Pos: at, State: state}, nil
			}
			n, err := strconv.Atoi(string(bytes.TrimSuffix(rest[1:max(1, i)], []byte("\r"))))
			if err != nil || rest[0] != ':' && (n < -1 || n > respMost-2) {
				return 0, framing.Resume{Pos: at}, errors.New("malformed number")
			}
			at += i + 1
			switch {
			case rest[0] == '$' && n >= 0:
				state += uint64(n+2) * respBulk
				continue
			case rest[0] == '*' && n > 0:
				if state > math.MaxUint64-uint64(n)*respMore {
					return 0, framing.Resume{Pos: at}, errors.New("too many values")
				}
				state += uint64(n-1) * respMore
				continue
			}
		default:
			return 0, framing.Resume{Pos: at}, fmt.Errorf("unknown type 0x%02x", rest[0])
		}
		if state < respMore {
			return at, framing.Resume{}, nil
		}
		state -= respMore
	}
}

func (f resp) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	size, r, err := f.scan(data, r)
	return framing.Frame{Size: size, End: size}, r, err
}

func (f resp) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	size, r, err := f.scan(data, r)
	if 0 < size && size <= len(data) {
		return size, framing.Resume{}, true
	}
	return r.Pos, framing.Resume{State: r.State}, err != nil // Split reports it
}

func (f resp) Append(dst, payload []byte) ([]byte, error) { return appendWhole(f, dst, payload) }
func (resp) MaxEncodedLen(n int) int                      { return max(n, 24) }

// fragments are records of ONC RPC (RFC 5531 section 11): fragments that each follow a
// length, of which the last has the highest bit set. A record of several fragments is
// compacted. The state is the bytes that are missing of a fragment, and that bit.
type fragments struct{}

const lastFragment = 1 << 31

// walk returns where the record ends, if its last fragment has started, and the Resume
// for what is left of it.
func (fragments) walk(data []byte, r framing.Resume) (size int, next framing.Resume, err error) {
	for at, left, last := r.Pos, int(r.State>>1), r.State&1; ; {
		have := min(left, len(data)-at)
		at, left = at+have, left-have
		switch {
		case last != 0:
			return at + left, framing.Resume{Pos: at, State: uint64(left)<<1 | 1}, nil
		case left > 0 || len(data)-at < 4:
			return 0, framing.Resume{Pos: at, State: uint64(left) << 1}, nil
		}
		v := binary.BigEndian.Uint32(data[at:])
		if v == 0 {
			return 0, framing.Resume{Pos: at}, errors.New("empty fragment that is not the last")
		}
		at, left, last = at+4, int(v&^lastFragment), uint64(v/lastFragment)
		if left > math.MaxInt-at { // an int has 32 bits
			return 0, framing.Resume{Pos: at - 4}, &framing.TooLargeError{Size: uint64(left), Max: uint64(math.MaxInt - at)}
		}
	}
}

func (f fragments) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	size, r, err := f.walk(data, r)
	if size == 0 || err != nil {
		return framing.Frame{}, r, err
	}
	frame := framing.Frame{Size: size, Start: 4, End: 4}
	end := 4 + int(binary.BigEndian.Uint32(data)&^lastFragment)
	switch {
	case end == size:
		frame.End = size // a single fragment, which can be streamed
	case size <= len(data):
		for at := end; at < size; {
			n := int(binary.BigEndian.Uint32(data[at:]) &^ lastFragment)
			end += copy(data[end:], data[at+4:at+4+n])
			at += 4 + n
		}
		frame.End = end
	}
	return frame, r, nil
}

func (f fragments) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	size, r, err := f.walk(data, r)
	return r.Pos, framing.Resume{State: r.State}, err != nil || size > 0 && size <= len(data)
}

func (f fragments) Append(dst, payload []byte) ([]byte, error) {
	h, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	return append(h, payload...), nil
}

func (fragments) AppendHeader(dst, _ []byte, size int64) ([]byte, error) {
	if size < 0 || size >= lastFragment {
		return dst, &framing.PayloadError{Size: size, Reason: "a fragment has at most 2³¹-1 bytes"}
	}
	return binary.BigEndian.AppendUint32(dst, lastFragment|uint32(size)), nil
}

func (fragments) Trailer() []byte { return nil }

func (fragments) MaxEncodedLen(n int) int {
	if n > (math.MaxInt-4)/5 {
		return math.MaxInt
	}
	return 5*n + 4 // fragments of one byte, and an empty one
}

// sentences are like those of NMEA 0183: $text*hh CR LF, with the exclusive or of text
// in hexadecimal. The state is that checksum, and the phase.
type sentences struct{}

const (
	hunting = 1 << 8 // for $, to resynchronize
	inText  = 1 << 9 // after $
)

// sum returns where the text ends, and the state there.
func (sentences) sum(data []byte, state uint64) (end int, next uint64) {
	i := bytes.IndexAny(data, "*$\n")
	if i < 0 {
		i = len(data)
	}
	for _, c := range data[:i] {
		state ^= uint64(c)
	}
	return i, state
}

func (f sentences) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] != '$' {
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: 1, State: hunting}, errors.New("no $ at the start of a sentence")
	}
	from := max(r.Pos, 1)
	n, sum := f.sum(data[from:], r.State|inText)
	end := from + n
	switch {
	case end == len(data):
		return framing.Frame{}, framing.Resume{Pos: end, State: sum}, nil
	case data[end] != '*':
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: end, State: hunting}, errors.New("a sentence without a checksum")
	}
	frame := framing.Frame{Size: end + 5, Start: 1, End: 1}
	if len(data) < frame.Size {
		return frame, framing.Resume{Pos: end, State: sum}, nil
	}
	if want := fmt.Sprintf("*%02X\r\n", byte(sum)); string(bytes.ToUpper(data[end:frame.Size])) != want {
		return frame, r, fmt.Errorf("the sentence ends in %q, want %q", data[end:frame.Size], want)
	}
	frame.End = end
	return frame, r, nil
}

func (f sentences) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if r.State&inText != 0 {
		n, _ := f.sum(data[r.Pos:], 0)
		switch n += r.Pos; {
		case n == len(data) || data[n] == '*' && len(data) < n+5:
			return n, framing.Resume{State: inText}, false
		case data[n] == '*':
			return n + 5, framing.Resume{}, true
		}
		r.Pos = n
	}
	if i := bytes.IndexByte(data[r.Pos:], '$'); i >= 0 {
		return r.Pos + i, framing.Resume{}, true
	}
	return len(data), framing.Resume{State: hunting}, false
}

func (sentences) Append(dst, payload []byte) ([]byte, error) {
	if bytes.ContainsAny(payload, "*$\n") {
		return dst, refused(payload)
	}
	sum := byte(0)
	for _, c := range payload {
		sum ^= c
	}
	return fmt.Appendf(dst, "$%s*%02X\r\n", payload, sum), nil
}

func (sentences) MaxEncodedLen(n int) int { return min(n, math.MaxInt-6) + 6 }

// msg are lines, as those of NATS: "MSG 5" announces five bytes and CR LF, any other
// line is a frame of its own. They are delivered whole.
type msg struct{}

func (msg) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	i := bytes.IndexByte(data[r.Pos:min(len(data), maxLine)], '\n')
	if i < 0 {
		if len(data) >= maxLine {
			return framing.Frame{}, r, errors.New("the line is too long")
		}
		return framing.Frame{}, framing.Resume{Pos: len(data)}, nil
	}
	size := r.Pos + i + 1
	number, ok := bytes.CutPrefix(data[:size], []byte("MSG "))
	if !ok {
		return framing.Frame{Size: size, End: size}, r, nil
	}
	n, err := strconv.ParseUint(string(bytes.TrimSuffix(number, []byte("\r\n"))), 10, 31)
	if err != nil {
		return framing.Frame{}, r, err
	}
	f := framing.Frame{Size: size + int(n) + 2}
	switch {
	case f.Size > len(data): // the end of the frame has to be verified
	case string(data[f.Size-2:f.Size]) != "\r\n":
		return f, r, errors.New("no CR LF after the payload")
	default:
		f.End = f.Size
	}
	return f, r, nil
}

const maxLine = 4096

func (f msg) Append(dst, payload []byte) ([]byte, error) { return appendWhole(f, dst, payload) }
func (msg) MaxEncodedLen(n int) int                      { return max(n, maxLine) }

// ubx are frames as of u-blox receivers: 0xB5 0x62, two bytes that are delivered, a
// length, that many bytes, and a checksum. Bytes before 0xB5 0x62 are skipped.
type ubx struct{}

var ubxMagic = []byte{0xB5, 0x62}

func (f ubx) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	switch have := min(2, len(data)); {
	case !bytes.Equal(data[:have], ubxMagic[:have]):
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: 1}, errors.New("no magic at the start of a frame")
	case len(data) < 6:
		return framing.Frame{}, framing.Resume{}, nil
	}
	frame := framing.Frame{Size: 8 + int(binary.LittleEndian.Uint16(data[4:])), Start: 2, End: 2}
	if frame.Size > len(data) {
		return frame, framing.Resume{}, nil
	}
	body, got := data[2:frame.Size-2], data[frame.Size-2:frame.Size]
	if want := f.sum(body); !bytes.Equal(got, want[:]) {
		return frame, framing.Resume{}, fmt.Errorf("checksum %x, want %x", got, want)
	}
	frame.End = frame.Size - 2
	return frame, framing.Resume{}, nil
}

func (ubx) sum(body []byte) (s [2]byte) {
	for _, c := range body {
		s[0] += c
		s[1] += s[0]
	}
	return s
}

func (ubx) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if i := bytes.Index(data[r.Pos:], ubxMagic); i >= 0 {
		return r.Pos + i, framing.Resume{}, true
	}
	if n := len(data); n > r.Pos && data[n-1] == ubxMagic[0] {
		return n - 1, framing.Resume{}, false
	}
	return len(data), framing.Resume{}, false
}

func (f ubx) Append(dst, payload []byte) ([]byte, error) {
	n := len(payload) - 4
	if n < 0 || n > math.MaxUint16 || binary.LittleEndian.Uint16(payload[2:]) != uint16(n) {
		return dst, refused(payload)
	}
	s := f.sum(payload)
	return append(append(append(dst, ubxMagic...), payload...), s[:]...), nil
}

func (ubx) MaxEncodedLen(n int) int { return max(min(n, math.MaxInt-4)+4, 8) }

// marks are frames as of MLLP: 0x0B, the payload, 0x1C 0x0D. Bytes before 0x0B are
// skipped. In Skip, the state is 1 while 0x0B has to be found.
type marks struct{}

var endMark = []byte{0x1C, 0x0D}

func (f marks) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	if r.Pos == 0 && data[0] != 0x0B {
		return framing.Frame{Size: framing.Resync}, framing.Resume{Pos: 1, State: 1}, errors.New("no start of a block")
	}
	end, at := f.find(data, max(1, r.Pos))
	if end == 0 {
		return framing.Frame{}, framing.Resume{Pos: at}, nil
	}
	return framing.Frame{Size: end, Start: 1, End: end - 2}, r, nil
}

// find returns where the first end mark ends or, if there is none, where to resume.
func (marks) find(data []byte, from int) (end, at int) {
	from = min(from, len(data))
	if i := bytes.Index(data[from:], endMark); i >= 0 {
		return from + i + 2, 0
	}
	if n := len(data); n > from && data[n-1] == endMark[0] {
		return 0, n - 1
	}
	return 0, len(data)
}

func (f marks) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	if r.State == 0 {
		end, at := f.find(data, r.Pos)
		return max(end, at), framing.Resume{}, end > 0
	}
	if i := bytes.IndexByte(data[r.Pos:], 0x0B); i >= 0 {
		return r.Pos + i, framing.Resume{}, true
	}
	return len(data), framing.Resume{State: 1}, false
}

func (marks) Append(dst, payload []byte) ([]byte, error) {
	if bytes.Contains(payload, endMark) {
		return dst, refused(payload)
	}
	return append(append(append(dst, 0x0B), payload...), endMark...), nil
}

func (marks) MaxEncodedLen(n int) int { return min(n, math.MaxInt-3) + 3 }
