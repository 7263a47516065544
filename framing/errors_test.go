package framing_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

func TestErrors_Messages(t *testing.T) {
	reason := errors.New("bad luck")
	for _, test := range []struct {
		err  error
		want string
	}{
		{&framing.TooLargeError{Size: 10, Max: 5, Offset: 7}, "framing: frame at offset 7: payload of 10 bytes exceeds the limit of 5 bytes"},
		{&framing.TooLargeError{Max: 5, Offset: 7}, "framing: frame at offset 7: payload exceeds the limit of 5 bytes"},
		{&framing.TooLargeError{Size: 10, Max: 5, Hint: "an HTTP request"}, "framing: frame at offset 0: payload of 10 bytes exceeds the limit of 5 bytes (this looks like an HTTP request)"},
		{&framing.FormatError{Offset: 7, Err: reason}, "framing: frame at offset 7: bad luck"},
		{&framing.FormatError{Err: reason, Hint: "a JSON object"}, "framing: frame at offset 0: bad luck (this looks like a JSON object)"},
		{&framing.UnexpectedEOFError{Have: 3, Offset: 7}, "framing: frame at offset 7: unexpected EOF after 3 bytes"},
		{&framing.UnexpectedEOFError{Have: 3, Want: 9, Offset: 7}, "framing: frame at offset 7: unexpected EOF after 3 of 9 bytes"},
		{&framing.PayloadError{Size: 3, Reason: "too odd"}, "framing: payload of 3 bytes refused: too odd"},
		{&framing.SourceError{Have: 1, Want: 2, Err: io.ErrUnexpectedEOF}, "framing: payload ends after 1 of 2 bytes: unexpected EOF"},
		{&framing.SourceError{Have: 1, Want: 2, Err: io.ErrUnexpectedEOF, Final: true}, "framing: payload ends after 1 of 2 bytes: unexpected EOF (part of the frame was written: nothing can follow)"},
		{&framing.ConfigError{Framer: "fixed", Option: "size", Reason: "too odd"}, "fixed: size: too odd"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("Error() =\n%s; want\n%s", got, test.want)
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
		{&framing.FormatError{Err: reason}, framing.ErrFrame, true},
		{&framing.FormatError{Err: reason, Final: true}, framing.ErrFrame, false},
		{&framing.FormatError{Err: reason}, reason, true},
		{&framing.UnexpectedEOFError{}, io.ErrUnexpectedEOF, true},
		{&framing.UnexpectedEOFError{}, io.EOF, false},
		{&framing.UnexpectedEOFError{}, framing.ErrFrame, false},
		{&framing.PayloadError{}, framing.ErrFrame, false},
		{&framing.SourceError{Err: io.ErrUnexpectedEOF}, io.ErrUnexpectedEOF, true},
		{&framing.SourceError{Err: io.ErrUnexpectedEOF}, framing.ErrFrame, false},
		{&framing.SourceError{Err: &framing.FormatError{Err: io.ErrNoProgress}}, framing.ErrFrame, false}, // the frame that was read is lost, not the one that was written
	} {
		if got := errors.Is(fmt.Errorf("wrapped: %w", test.err), test.target); got != test.want {
			t.Errorf("errors.Is(%T %+v, %v) = %t; want %t", test.err, test.err, test.target, got, test.want)
		}
	}
}

// The error names the protocol of a client that has connected to the wrong port,
// where its first bytes are taken for a length, a header or a line without end.
func TestErrors_HintAtTheProtocol(t *testing.T) {
	uint24 := must(lengthprefix.New(lengthprefix.Config{Width: 3}))
	little := must(lengthprefix.New(lengthprefix.Config{Width: 4, LittleEndian: true}))
	headers := contentlength.New()
	const proxy2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"
	for _, test := range []struct {
		framer framing.Framer
		wire   string
		hint   string
	}{
		{lengthprefix.Uint32(), "GET / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint32(), "POST / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint32(), "PRI * HTTP/2.0\r\n", "an HTTP/2 preface"},
		{lengthprefix.Uint32(), "HTTP/1.1 400 Bad Request\r\n", "an HTTP response"},
		{lengthprefix.Uint32(), "SSH-2.0-OpenSSH\r\n", "an SSH greeting"},
		{lengthprefix.Uint32(), "\x16\x03\x01\x02\x00\x01\x00", "a TLS handshake"},
		{lengthprefix.Uint32(), "\x16\x03\x04\x02\x00\x01\x00", "a TLS handshake"},
		{lengthprefix.Uint32(), "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "a PROXY protocol header"},
		{lengthprefix.Uint32(), proxy2, "a PROXY protocol header"},
		{uint24, "\x16\x03\x01\x02\x00\x01\x00", "a TLS handshake"},
		{lengthprefix.Uint64(), "GET / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint64(), "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "a TLS handshake"},
		{little, "GET / HTTP/1.1\r\n", "an HTTP request"},
		{delimiter.CRLF(), "\x16\x03\x01\x02\x00\x01\x00" + strings.Repeat("x", framing.DefaultMaxPayload), "a TLS handshake"},
		{headers, "GET / HTTP/1.1\r\n\r\n", "an HTTP request"},
		{headers, "\x16\x03\x01\x02\x00\x01\x00", "a TLS handshake"},
		{headers, "SSH-2.0-OpenSSH\r\n", "an SSH greeting"},
		{headers, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "a PROXY protocol header"},
		{headers, proxy2, "a PROXY protocol header"},
		{headers, `{"jsonrpc":"2.0"}` + "\n", "a JSON object"},
		{headers, "\xef\xbb\xbfContent-Length: 2\r\n\r\nhi", "text with a byte order mark"},
		{magic{}, "GET / HTTP/1.1\r\n", "an HTTP request"},
		{headers, "POST http://a/ HTTP/1.1\r\n", "an HTTP request"},
		{headers, "POST http://a", "an HTTP request"}, // the rest of the line has not arrived
		{headers, "POST /", "an HTTP request"},
		{headers, "OPTIONS * HTTP/1.1\r\n", "an HTTP request"},
		{headers, "CONNECT a:1 HTTP/1.1\r\n", "an HTTP request"},
		{headers, "OPTIONS sip:a SIP/2.0\r\nX: HTTP/1\r\n", ""},
		{lengthprefix.Uint32(), "GET key\r\n", ""},
		{lengthprefix.Uint32(), "OPTIONS / HTTP/1.1\r\n", "an HTTP request"},
		{lengthprefix.Uint32(), "OPTIONS * RTSP/1.0\r\n", ""},
		{lengthprefix.Uint32(), "OPTIONS sip:a SIP/2.0\r\n", ""},
		{lengthprefix.Uint32(), "CONNECT\naccept-version:1.2\n\n\x00", ""},
		{lengthprefix.Uint32(), "CONNECT {}\r\n", ""},
		{lengthprefix.Uint32(), "DELETE 1\r\n", ""},
		{lengthprefix.Uint32(), "GET ", "an HTTP request"}, // no more has arrived
		{lengthprefix.Uint32(), "OPTI", "an HTTP request"},
		{uint24, "SSH-2.0-OpenSSH\r\n", ""}, // "-" is of the payload
		{lengthprefix.Uint32(), "\x7f\xff\xff\xff1234", ""},
		{lengthprefix.Uint32(), "\x17\x03\x01\x02", ""},
		{lengthprefix.Uint32(), "GETS", ""},
		{headers, "Content-Size: 2\r\n\r\nhi", ""},
	} {
		for _, s := range sources[:2] {
			_, err := framing.NewReader(s.of(strings.NewReader(test.wire)), test.framer).ReadFrame()
			var tooLarge *framing.TooLargeError
			var format *framing.FormatError
			var got string
			switch {
			case errors.As(err, &tooLarge):
				got = tooLarge.Hint
			case errors.As(err, &format):
				got = format.Hint
			default:
				t.Errorf("%v: ReadFrame() of %.20q: error %T %v; want a TooLargeError or a FormatError", test.framer, test.wire, err, err)
			}
			if s.dripped && (got == "" || got == "an HTTP request") {
				continue // the first bytes are an error already, and tell too little, or are a method only
			}
			if got != test.hint {
				t.Errorf("%v: ReadFrame() of %.20q: Hint %q of %v; want %q", test.framer, test.wire, got, err, test.hint)
			} else if test.hint != "" && !strings.HasSuffix(err.Error(), " (this looks like "+test.hint+")") {
				t.Errorf("%v: ReadFrame() of %.20q: error %v; want it to end with the hint", test.framer, test.wire, err)
			}
		}
	}
}
