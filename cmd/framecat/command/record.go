package command

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// A side is who has sent a message.
type side uint8

const (
	nobody side = iota // it is not known
	byClient
	byServer
)

// arrow points from the client to the server, or back.
func (s side) arrow() string {
	return [...]string{"", "->", "<-"}[s]
}

func (s side) String() string { return [...]string{"", "client", "server"}[s] }

func (s side) other() side { return byClient + byServer - s }

// A record is a message as -json prints it and -record keeps it.
type record struct {
	Time time.Time `json:"time,omitzero"`
	Conn int       `json:"conn,omitzero"` // the number of the connection, from 1
	From string    `json:"from,omitzero"` // "client" or "server"
	N    int       `json:"n"`             // the number of the message, from this side of the connection, from 1
	Size int       `json:"size"`          // bytes
	Text *string   `json:"text,omitempty"`
	Hex  *string   `json:"hex,omitempty"` // in place of Text, if the payload is not UTF-8
}

func newRecord(at time.Time, conn int, from side, n int, payload []byte) record {
	r := record{Time: at, Conn: conn, From: from.String(), N: n, Size: len(payload)}
	if text := string(payload); utf8.ValidString(text) {
		r.Text = &text
	} else {
		digits := hex.EncodeToString(payload)
		r.Hex = &digits
	}
	return r
}

// appendJSON appends a value as a line of JSON, with the characters that are not
// printable escaped: nothing in it controls a terminal.
func appendJSON(dst []byte, v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // numbers, text and times of now: nothing that cannot be encoded
	for _, c := range string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))) {
		switch {
		case strconv.IsPrint(c):
			dst = utf8.AppendRune(dst, c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, c)
		}
	}
	return append(dst, '\n')
}

// parseRecord parses a line that appendJSON or the user has written.
func parseRecord(line []byte) (r record, payload []byte, err error) {
	if err := json.Unmarshal(line, &r); err != nil {
		return r, nil, fmt.Errorf("not a recorded message: %w", err)
	}
	switch {
	case r.From != byClient.String() && r.From != byServer.String():
		return r, nil, fmt.Errorf(`"from" is %q: want "client" or "server"`, r.From)
	case (r.Text == nil) == (r.Hex == nil):
		return r, nil, errors.New(`want either "text" or "hex"`)
	case r.Text != nil:
		return r, []byte(*r.Text), nil
	}
	payload, err = hex.DecodeString(*r.Hex)
	if err != nil {
		return r, nil, fmt.Errorf(`"hex" is not pairs of hexadecimal digits: %w`, err)
	}
	return r, payload, nil
}
