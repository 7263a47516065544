package play

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
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

// bytes returns the stream that input stands for. Messages that are refused are
// left out of it.
func (m Mode) bytes(input string, framer framing.Framer, limit int) (stream []byte, errs []error) {
	switch m {
	case Messages:
		stream, errs = encode(input, framer, limit)
	case Text:
		var err error
		if stream, err = unquote(input); err != nil {
			errs = append(errs, err)
		}
	case Hex:
		var err error
		if stream, err = unhex(input); err != nil {
			errs = append(errs, err)
		}
	default:
		errs = append(errs, fmt.Errorf("%q is no kind of input; there are %s, %s and %s", string(m), Messages, Text, Hex))
	}
	if len(stream) > MaxStream {
		return nil, append(errs, fmt.Errorf("a stream of %d bytes is more than the %d that are shown here", len(stream), MaxStream))
	}
	return stream, errs
}

// encode returns the frames of the messages. The last line may end without a
// new line, and no text is no message.
func encode(input string, framer framing.Framer, limit int) (stream []byte, errs []error) {
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, framer)
	w.SetMaxPayload(limit)
	number := 0
	for line := range strings.Lines(input) {
		number++
		payload, err := unquote(strings.TrimSuffix(line, "\n"))
		if most := framer.MaxEncodedLen(len(payload)); err == nil && most > 64<<10 {
			err = fmt.Errorf("it may take %d bytes on the wire: more than the %d that are shown here", most, MaxStream)
		}
		if err == nil {
			err = w.WriteFrame(payload)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("message %d: %w", number, err))
		}
	}
	if err := w.Flush(); err != nil {
		errs = append(errs, err)
	}
	return wire.Bytes(), errs
}

// unquote resolves the escapes of a Go string.
func unquote(s string) ([]byte, error) {
	var b []byte
	for rest := s; rest != ""; {
		if c := rest[0]; c != '\\' {
			b, rest = append(b, c), rest[1:]
			continue
		}
		c, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return nil, fmt.Errorf(`character %d: %q begins with no escape; there are those of a Go string: \n \r \t \\ \x00 \u20ac`,
				utf8.RuneCountInString(s[:len(s)-len(rest)])+1, head(rest))
		}
		if multibyte {
			b = utf8.AppendRune(b, c)
		} else {
			b = append(b, byte(c))
		}
		rest = tail
	}
	return b, nil
}

// quote returns b as unquote reads it, in one line.
func quote(b []byte) string {
	q := strconv.Quote(string(b))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// unhex reads pairs of hexadecimal digits and passes over white space.
func unhex(s string) ([]byte, error) {
	var digits []byte
	for i, c := range []rune(s) {
		switch {
		case unicode.IsSpace(c):
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			digits = append(digits, byte(c))
		default:
			return nil, fmt.Errorf("character %d: %q is no hexadecimal digit", i+1, c)
		}
	}
	if len(digits)%2 != 0 {
		return nil, fmt.Errorf("%d digits are given; there must be two for each byte", len(digits))
	}
	return hex.AppendDecode(nil, digits)
}

// head returns the first characters of s, enough for any escape.
func head(s string) string {
	if r := []rune(s); len(r) > 10 {
		return string(r[:10]) + "…"
	}
	return s
}
