package command

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A style is how messages are printed.
type style uint8

const (
	quoted style = iota // as they are if they are plain text, else as Go strings
	raw                 // as they are
	asHex               // as hexadecimal digits
)

// append appends a message as it is printed, without an end of line.
func (s style) append(dst, message []byte) []byte {
	switch {
	case s == asHex:
		return hex.AppendEncode(dst, message)
	case s == raw || plain(message):
		return append(dst, message...)
	}
	return strconv.AppendQuote(dst, string(message))
}

// plain reports whether a message can be printed unchanged: as one line that a
// terminal shows unaltered, and that cannot be mistaken for a quoted one. Control
// characters are not printable, nor are those that change the direction of text.
func plain(message []byte) bool {
	if len(message) > 0 && message[0] == '"' {
		return false
	}
	for at := 0; at < len(message); {
		r, n := utf8.DecodeRune(message[at:])
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			return false
		}
		at += n
	}
	return true
}

// clean returns the text of an error with what is not printable, and may come
// from a peer, as the escapes of a Go string.
func clean(text string) string {
	if plain([]byte(text)) {
		return text
	}
	var s strings.Builder
	for at := 0; at < len(text); {
		r, n := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			q := strconv.Quote(text[at : at+n])
			s.WriteString(q[1 : len(q)-1])
		} else {
			s.WriteString(text[at : at+n])
		}
		at += n
	}
	return s.String()
}

// count returns "1 message", "2 messages".
func count[N int | int64](n N, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "ply"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// bytesOf returns "1 byte", "2 bytes".
func bytesOf(n int) string { return count(n, "byte") }
