package play

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/wholeframe/wholeframe/framing"
)

// A Mode says what was typed.
type Mode string

const (
	Messages Mode = "messages" // a payload in each line, with the escapes of a Go string
	Text     Mode = "text"     // the stream, with the same escapes; a new line is the byte 0a
	Hex      Mode = "hex"      // the stream in hexadecimal, with white space anywhere
)

// maxFaults is the number of refused messages that are described; the others are counted.
const maxFaults = 20

// stream returns the bytes that were typed. Messages that are refused are left out
// of them.
func (q Request) stream(framer framing.Framer, limit int) (stream []byte, faults []Fault) {
	faults = []Fault{}
	fault := func(start, end int, err error) { faults = append(faults, Fault{err.Error(), start, end}) }
	switch q.Mode {
	case Messages:
		refused := 0
		stream = encode(q.Input, framer, limit, func(start, end int, err error) {
			if refused++; refused <= maxFaults {
				fault(start, end, err)
			}
		})
		if more := refused - maxFaults; more > 0 {
			fault(0, 0, fmt.Errorf("more refused messages: %d", more))
		}
	case Text:
		stream = unquote(q.Input, fault)
	case Hex:
		stream = unhex(q.Input, fault)
	default:
		fault(0, 0, fmt.Errorf("unknown notation %q: want %s, %s or %s", string(q.Mode), Messages, Text, Hex))
	}
	stream = append(stream, unhex(q.Rest, func(_, _ int, err error) { fault(0, 0, fmt.Errorf("the bytes after the input: %w", err)) })...)
	if len(stream) > MaxStream {
		fault(0, units(q.Input), fmt.Errorf("the stream has more than %d bytes, the most that are shown here", MaxStream))
		return nil, faults
	}
	return stream, faults
}

// encode returns the frames of the messages, up to the one that exceeds MaxStream.
// The last line may end without a newline. An empty input has no messages.
func encode(input string, framer framing.Framer, limit int, fault func(start, end int, err error)) []byte {
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, framer)
	w.SetMaxPayload(limit)
	number, at := 0, 0
	for line := range strings.Lines(input) {
		number++
		text := strings.TrimSuffix(line, "\n")
		failed := false
		payload := unquote(text, func(start, end int, err error) {
			failed = true
			fault(at+start, at+end, fmt.Errorf("message %d: %w", number, err))
		})
		var err error
		if most := framer.MaxEncodedLen(len(payload)); most > 64<<10 {
			err = fmt.Errorf("it may take %d bytes on the wire; at most %d are shown here", most, MaxStream)
		} else if !failed {
			if err = w.WriteFrame(payload); err == nil {
				err = w.Flush()
			}
		}
		if err != nil {
			fault(at, at+units(text), fmt.Errorf("message %d: %w", number, err))
		}
		if wire.Len() > MaxStream {
			break
		}
		at += units(line)
	}
	return wire.Bytes()
}

// decode returns the first frames of the stream as encode reads them, and the
// bytes that encode would not write: half a frame, an invalid one, or one that is
// written in another way.
func decode(stream []byte, framer framing.Framer, limit int) (messages string, rest []byte) {
	var text strings.Builder
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, framer)
	w.SetMaxPayload(limit)
	r := framing.NewReader(bytes.NewReader(stream), framer)
	r.SetMaxPayload(limit)
	written := 0
	for payload, err := range r.Frames() {
		if err != nil || w.WriteFrame(payload) != nil || w.Flush() != nil || !bytes.HasPrefix(stream, wire.Bytes()) {
			break
		}
		written = wire.Len()
		text.WriteString(quote(payload) + "\n")
	}
	return text.String(), stream[written:]
}

// units returns how many UTF-16 code units s has: a browser counts in these.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// unquote resolves the escapes of a Go string, up to one that is invalid.
func unquote(s string, fault func(start, end int, err error)) []byte {
	var b []byte
	for rest := s; rest != ""; {
		if c := rest[0]; c != '\\' {
			b, rest = append(b, c), rest[1:]
			continue
		}
		c, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			before, wrong := s[:len(s)-len(rest)], head(rest)
			fault(units(before), units(before)+units(wrong), fmt.Errorf(`invalid escape %q: want one of a Go string, such as \n \r \t \\ \x00 \u20ac`, wrong))
			return nil
		}
		if multibyte {
			b = utf8.AppendRune(b, c)
		} else {
			b = append(b, byte(c))
		}
		rest = tail
	}
	return b
}

// quote returns b as unquote reads it, in one line.
func quote(b []byte) string {
	q := strconv.Quote(string(b))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// unhex reads pairs of hexadecimal digits and skips white space.
func unhex(s string, fault func(start, end int, err error)) []byte {
	var digits []byte
	for i, c := range s {
		switch {
		case unicode.IsSpace(c):
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			digits = append(digits, byte(c))
		default:
			fault(units(s[:i]), units(s[:i])+units(string(c)), fmt.Errorf("invalid hexadecimal digit %q", c))
			return nil
		}
	}
	b := make([]byte, len(digits)/2)
	if _, err := hex.Decode(b, digits); err != nil {
		fault(0, units(s), fmt.Errorf("%d hexadecimal digits: want two for each byte", len(digits)))
		return nil
	}
	return b
}

// head returns the first characters of s, enough for an escape.
func head(s string) string {
	n := 2
	if len(s) > 1 {
		n = map[byte]int{'x': 4, 'u': 6, 'U': 10}[s[1]]
	}
	r := []rune(s)
	return string(r[:min(max(n, 2), len(r))])
}
