package framing_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func TestErrors_Messages(t *testing.T) {
	reason := errors.New("bad luck")
	for _, test := range []struct {
		err  error
		want string
	}{
		{&framing.TooLargeError{Size: 10, Max: 5, Offset: 7}, "framing: frame at offset 7: payload of 10 bytes is larger than the limit of 5"},
		{&framing.TooLargeError{Max: 5, Offset: 7}, "framing: frame at offset 7: payload larger than the limit of 5"},
		{&framing.TooLargeError{Size: 10, Max: 5, Looks: "an HTTP request"}, "framing: frame at offset 0: payload of 10 bytes is larger than the limit of 5 (this looks like an HTTP request)"},
		{&framing.FormatError{Offset: 7, Reason: reason}, "framing: frame at offset 7: bad luck"},
		{&framing.UnexpectedEOFError{Have: 3, Offset: 7}, "framing: frame at offset 7: unexpected EOF after 3 bytes"},
		{&framing.UnexpectedEOFError{Have: 3, Want: 9, Offset: 7}, "framing: frame at offset 7: unexpected EOF after 3 of 9 bytes"},
		{&framing.PayloadError{Size: 3, Reason: "too odd"}, "framing: payload of 3 bytes refused: too odd"},
		{&framing.ConfigError{Framer: "fixed", Option: "size", Reason: "too odd"}, "fixed: size: too odd"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("\n got %s\nwant %s", got, test.want)
		}
	}
}

func TestErrors_Is(t *testing.T) {
	reason := errors.New("bad luck")
	for _, test := range []struct {
		err, target error
		want        bool
	}{
		{&framing.TooLargeError{}, framing.ErrFrame, true},
		{&framing.TooLargeError{Final: true}, framing.ErrFrame, false},
		{&framing.FormatError{Reason: reason}, framing.ErrFrame, true},
		{&framing.FormatError{Reason: reason, Final: true}, framing.ErrFrame, false},
		{&framing.FormatError{Reason: reason}, reason, true},
		{&framing.UnexpectedEOFError{}, io.ErrUnexpectedEOF, true},
		{&framing.UnexpectedEOFError{}, io.EOF, false},
		{&framing.UnexpectedEOFError{}, framing.ErrFrame, false},
		{&framing.PayloadError{}, framing.ErrFrame, false},
	} {
		if got := errors.Is(fmt.Errorf("wrapped: %w", test.err), test.target); got != test.want {
			t.Errorf("errors.Is(%T %+v, %v) is %t", test.err, test.err, test.target, got)
		}
	}
}

// A client of another protocol is named, where its first bytes are taken for a
// length, or for a line without end.
func TestErrors_NameTheMistake(t *testing.T) {
	uint24 := must(lengthprefix.New(lengthprefix.Config{Width: 3}))
	little := must(lengthprefix.New(lengthprefix.Config{Width: 4, LittleEndian: true}))
	for _, test := range []struct {
		framer framing.Framer
		wire   string
		looks  string
	}{
		{lengthprefix.Uint32(), "GET / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint32(), "POST / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint32(), "PRI * HTTP/2.0\r\n", "an HTTP request"},
		{lengthprefix.Uint32(), "HTTP/1.1 400 Bad Request\r\n", "an HTTP response"},
		{lengthprefix.Uint32(), "SSH-2.0-OpenSSH\r\n", "an SSH greeting"},
		{lengthprefix.Uint32(), "\x16\x03\x01\x02\x00\x01\x00", "a TLS handshake"},
		{lengthprefix.Uint32(), "\x16\x03\x04\x02\x00\x01\x00", "a TLS handshake"},
		{lengthprefix.Uint32(), "\x16\x03\x05\x02\x00\x01\x00", ""},
		{uint24, "\x16\x03\x01\x02\x00\x01\x00", "a TLS handshake"},
		{lengthprefix.Uint64(), "GET / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint64(), "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "a TLS handshake"},
		{little, "GET / HTTP/1.1\r\n", "an HTTP request"},
		{delimiter.CRLF(), "\x16\x03\x01\x02\x00\x01\x00" + strings.Repeat("x", framing.DefaultMaxPayload), "a TLS handshake"},
		{lengthprefix.Uint32(), "\x7f\xff\xff\xff1234", ""},
		{lengthprefix.Uint32(), "\x17\x03\x01\x02", ""},
		{lengthprefix.Uint32(), "GETS", ""},
	} {
		for _, s := range sources[:2] { // at once and byte by byte
			_, err := framing.NewReader(s.of(strings.NewReader(test.wire)), test.framer).ReadFrame()
			var e *framing.TooLargeError
			if !errors.As(err, &e) || e.Looks != test.looks {
				t.Errorf("%v, %.20q, %s: %T %v", test.framer, test.wire, s.name, err, err)
			} else if test.looks != "" && !strings.Contains(err.Error(), "(this looks like "+test.looks+")") {
				t.Errorf("the message does not name %s: %v", test.looks, err)
			}
		}
	}
}
