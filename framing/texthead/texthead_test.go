package texthead_test

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

// Each error is reported at the byte that causes it, the last one here.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		framer     *texthead.Framer
		wire, want string
	}{
		{texthead.SIP(), "\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\r\nB: c\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\r\nB: c\r\n\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\r\nl: 5\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\r\nl: x", "malformed length: got 'x', want a digit"},
		{texthead.SIP(), "A\r\nl: 01", "malformed length: leading zero, which some programs read as octal"},
		{texthead.SIP(), "A\r\nl: 5x", "malformed length: got 'x' after digits, want the end of the word"},
		{texthead.SIP(), "A\r\nl: 5 6", "malformed length: got '6' after digits, want the end of the word"},
		{texthead.SIP(), "A\r\nl: 5\r6", `malformed head: "\r" inside a line`},
		{texthead.SIP(), "A\r\nl: 5\r\n ", "malformed head: the size of the body continues on another line"},
		{texthead.SIP(), "A\r\nl: 5\r\nContent-Length:", "malformed head: the size of the body is announced twice"},
		{texthead.SIP(), "A\r\nB: c\r\n\r\n", "malformed head: no field announces the size of the body, want Content-Length or l"},
		{texthead.RTSP(), "A\r\nContent-Length" + strings.Repeat(" ", 18), "malformed head: too many blanks after the name of a field"},
		{texthead.STOMP(), "A\ncontent-length:x", "malformed length: got 'x', want a digit"},
		{texthead.STOMP(), "BEGIN\ncontent-length:1\n\n", "malformed head: a body, which only SEND, MESSAGE and ERROR may have"},
		{texthead.STOMP(), "SEND \ncontent-length:1\n\n", "malformed head: a body, which only SEND, MESSAGE and ERROR may have"},
		{texthead.NATS(), "PUB a\n", "malformed head: PUB with 2 words, want 3 or more"},
		{texthead.NATS(), "PUB a b c 5\n", "malformed head: PUB with 5 words, want 4 or fewer"},
		{texthead.NATS(), "PUB a b\n", "malformed length: got 'b', want a digit"},
		{texthead.NATS(), "PUB a 5x\n", "malformed length: got 'x' after digits, want the end of the word"},
		// Only SP separates the words of memcached.
		{texthead.Memcached(), "set\t", `malformed head: control character '\t'`},
		{texthead.Memcached(), "set a\t", `malformed head: control character '\t'`},
		{texthead.Memcached(), "set a 0 0 1\t", `malformed head: control character '\t'`},
		{texthead.Memcached(), " ", "malformed head: it begins with ' ', want a letter or another character of a word"},
		{texthead.Memcached(), "\t", "malformed head: it begins with '\\t', want a letter or another character of a word"},
		{texthead.Memcached(), "\x80", "malformed head: it begins with 0x80, want a letter or another character of a word"},
		{texthead.Memcached(), "set a\x00", `malformed head: control character '\x00'`},
		{texthead.Memcached(), "get a\x7f", `malformed head: control character '\x7f'`},
		{texthead.Memcached(), "set a 0 0 1\rx", `malformed head: "\r" inside a line`},
		{texthead.Memcached(), "version\rx", `malformed head: "\r" inside a line`},
		{texthead.NATS(), " ", "malformed head: it begins with ' ', want a letter or another character of a word"},
		{texthead.NATS(), "\t", "malformed head: it begins with '\\t', want a letter or another character of a word"},
		{texthead.NATS(), "PUB a\x00", `malformed head: control character '\x00'`},
		{texthead.NATS(), "SUB\v", `malformed head: control character '\v'`},
		{texthead.NATS(), "SUB \n", `malformed head: a blank between the only word of a line and "\n", want "\r\n"`},
		{texthead.NATS(), "PUB\t \n", `malformed head: a blank between the only word of a line and "\n", want "\r\n"`},
		{texthead.NATS(), "PING\rx", `malformed head: "\r" inside a line`},

		// What could hide a field that announces a size, or the end of a head.
		{texthead.SIP(), "\rx", `malformed head: "\r" inside a line`},
		{texthead.SIP(), "\x00", "malformed head: it begins with '\\x00', want a letter or another character of a word"},
		{texthead.SIP(), " ", "malformed head: it begins with ' ', want a letter or another character of a word"},
		{texthead.SIP(), "A\rl", `malformed head: "\r" inside a line`},
		{texthead.SIP(), "A\x00", `malformed head: control character '\x00'`},
		{texthead.SIP(), "A\r\nX: a\rl", `malformed head: "\r" inside a line`},
		{texthead.SIP(), "A\r\nX: a\x00", `malformed head: control character '\x00'`},
		{texthead.SIP(), "A\r\nContent-Length\x00", `malformed head: invalid character '\x00' in the name of a field`},
		{texthead.SIP(), "A\r\nContent-Length\v", `malformed head: invalid character '\v' in the name of a field`},
		{texthead.SIP(), "A\r\nContent-Length x", `malformed head: invalid character 'x' in the name of a field`},
		{texthead.SIP(), "A\r\n" + strings.Repeat("n", 40) + "\v", `malformed head: invalid character '\v' in the name of a field`},
		{texthead.SIP(), "A\r\n" + strings.Repeat("n", 40) + " n", `malformed head: invalid character 'n' in the name of a field`},
		{texthead.SIP(), "A\r\n" + strings.Repeat("n", 40) + "\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\r\n:", `malformed head: invalid character ':' in the name of a field`},
		{texthead.SIP(), "A\r\nB\r", `malformed head: invalid character '\r' in the name of a field`},
		{texthead.SIP(), "A\r\nB\n", `malformed head: line ends in "\n", want "\r\n"`},
		{texthead.SIP(), "A\r\n ", "malformed head: a blank at the start of a line that continues no field"},
		{texthead.SIP(), "A\r\nB: c\r\n\t \r", "malformed head: a line of blanks"},
		{texthead.RTSP(), "$", "malformed head: interleaved binary data, which begins with '$', is another framing: length,width=2,offset=2,keep"},
		{texthead.STOMP(), "\x00", "malformed head: it begins with '\\x00', want a letter or another character of a word"},
		{texthead.STOMP(), "A\x00", `malformed head: control character '\x00'`},
		{texthead.STOMP(), "A\nb:\x00", `malformed head: control character '\x00'`},
		{texthead.STOMP(), "A\nb:c\rx", `malformed head: "\r" inside a line`},
		{texthead.STOMP(), "A\nb\n", `malformed head: invalid character '\n' in the name of a field`},
		{texthead.STOMP(), "A\nb\x00", `malformed head: invalid character '\x00' in the name of a field`},
		{texthead.STOMP(), "A\n ", "malformed head: a blank at the start of a line that continues no field"},
		{texthead.STOMP(), "A\nb:c\n ", "malformed head: a blank at the start of a line that continues no field"},
		{texthead.STOMP(), "A\ncontent-length :", "malformed head: a blank after the name of a field"},
		{texthead.Memcached(), strings.Repeat("x", texthead.MaxHead), "malformed head: it does not end within 65536 bytes"},
	} {
		if before := []byte(test.wire[:len(test.wire)-1]); len(before) > 0 {
			if frame, _, err := test.framer.Split(before, framing.Resume{}); err != nil || frame.Size != 0 {
				t.Errorf("%v: Split(%.40q) = %+v, %v; want Size 0, nil", test.framer, before, frame, err)
			}
		}
		if _, _, err := test.framer.Split([]byte(test.wire), framing.Resume{}); err == nil || err.Error() != test.want {
			t.Errorf("%v: Split(%.40q): got error %v; want %s", test.framer, test.wire, err, test.want)
		}
	}
}

func TestRefusedPayload(t *testing.T) {
	for _, test := range []struct {
		framer        *texthead.Framer
		payload, want string
	}{
		{texthead.SIP(), "", "it must be one whole frame; its end is missing"},
		{texthead.SIP(), "\r\nA\r\nl: 0\r\n\r\n", "it must be one whole frame; it begins with an empty line"},
		{texthead.SIP(), "A\r\n\r\n", "it must be one whole frame: malformed head: no field announces the size of the body, want Content-Length or l"},
		{texthead.SIP(), "A\r\nl: 5\r\n\r\nhell", "its head makes a frame of 16 bytes"},
		{texthead.SIP(), "A\r\nl: 5\r\n\r\nhello!", "its head makes a frame of 16 bytes"},
		{texthead.RTSP(), "A\r\n\r\nx", "its head makes a frame of 5 bytes"},
		{texthead.STOMP(), "A\n\nhello", "it must be one whole frame; its end is missing"},
		{texthead.STOMP(), "A\n\na\x00b\x00", "its head makes a frame of 5 bytes"},
		{texthead.NATS(), "PUB a 5\r\nhello!\n", `it must be one whole frame: malformed frame: got "!\n" after the announced body, want "\r\n"`},
		{texthead.Memcached(), "get a", "it must be one whole frame; its end is missing"},
	} {
		got, err := test.framer.Append([]byte("x"), []byte(test.payload))
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != test.want || e.Size != int64(len(test.payload)) || string(got) != "x" {
			t.Errorf(`%v: Append(%q) = %q, %v; want "x" and a PayloadError: %s`, test.framer, test.payload, got, err, test.want)
		}
	}
}

// AppendHeader verifies the head that the payload begins with, and what ends it.
func TestAppendHeader(t *testing.T) {
	for _, test := range []struct {
		framer *texthead.Framer
		start  string
		size   int64
		want   string
	}{
		{texthead.SIP(), "A\r\nl: 5\r\n\r\n", 16, ""},
		{texthead.SIP(), "A\r\nl: 5\r\n\r", 16, framing.ErrNoHeader.Error()},
		{texthead.SIP(), "", 16, framing.ErrNoHeader.Error()},
		{texthead.SIP(), "A\r\nl: 5\r\n\r\n", 17, "framing: payload of 17 bytes refused: its head makes a frame of 16 bytes"},
		{texthead.NATS(), "PUB a 5\r\nhello\r", 16, framing.ErrNoHeader.Error()},
		{texthead.NATS(), "PUB a 5\r\nhello\r\n", 16, ""},
		{texthead.NATS(), "PUB a 5\r\n", 17, "framing: payload of 17 bytes refused: its head makes a frame of 16 bytes"},
		{texthead.STOMP(), "A\n\n", 5, framing.ErrNoHeader.Error()},
		{texthead.STOMP(), "", -1, "framing: payload of -1 bytes refused: its size is negative"},
	} {
		got, err := test.framer.AppendHeader([]byte("x"), []byte(test.start), test.size)
		if string(got) != "x" || (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf(`%v: AppendHeader(%q, %d) = %q, %v; want "x", %s`, test.framer, test.start, test.size, got, err, test.want)
		}
	}
}

// Errors of SIP and RTSP do not say that the peer speaks HTTP, which has OPTIONS too.
func TestHint(t *testing.T) {
	for wire, want := range map[string]string{
		"OPTIONS sip:bob SIP/2.0\r\n\r\n":   "",
		"OPTIONS rtsp://a RTSP/1.0\r\n :":   "",
		"OPTIONS * HTTP/1.1\r\nHost\r\n":    "an HTTP request",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n": "an HTTP request",
	} {
		_, err := framing.NewReader(strings.NewReader(wire), texthead.SIP()).ReadFrame()
		if e := (*framing.FormatError)(nil); !errors.As(err, &e) || e.Hint != want {
			t.Errorf("ReadFrame of %q: got error %v; want a FormatError with the hint %q", wire, err, want)
		}
	}
}

// A frame of more than math.MaxInt is too large for any limit.
func TestTooLarge(t *testing.T) {
	head := func(size int) string { return "A\r\nl: " + strconv.Itoa(size) + "\r\n\r\n" }
	most := math.MaxInt - len(head(math.MaxInt))
	for wire, want := range map[string]framing.TooLargeError{
		"A\r\nl: 18446744073709551616":         {Max: uint64(math.MaxInt - texthead.MaxHead)},
		"A\r\nl: 18446744073709551615\r\n\r\n": {Size: math.MaxUint64, Max: uint64(math.MaxInt - 30)},
		head(most + 1):                         {Size: uint64(most + 1), Max: uint64(most)},
	} {
		frame, _, err := texthead.SIP().Split([]byte(wire), framing.Resume{})
		if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || *e != want || frame != (framing.Frame{}) {
			t.Errorf("Split(%q) = %+v, %+v; want %+v", wire, frame, err, want)
		}
	}
	frame, _, err := texthead.SIP().Split([]byte(head(most)), framing.Resume{})
	if frame.Size != math.MaxInt || err != nil {
		t.Errorf("Split = %+v, %v; want Size %d, nil", frame, err, math.MaxInt)
	}
}

// A STOMP frame without a size that grows too large is skipped to its NUL, also if that
// arrives alone.
func TestSkip(t *testing.T) {
	wire := "SEND\n\n" + strings.Repeat("x", 3*texthead.MaxHead) + "\x00\nACK\n\n\x00"
	for _, src := range []io.Reader{strings.NewReader(wire), iotest.OneByteReader(strings.NewReader(wire))} {
		r := framing.NewReader(src, texthead.STOMP())
		r.SetMaxPayload(1000)
		_, err := r.ReadFrame()
		if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Offset != 0 {
			t.Errorf("ReadFrame(): got error %v; want a TooLargeError", err)
		}
		if payload, err := r.ReadFrame(); string(payload) != "ACK\n\n\x00" || err != nil {
			t.Errorf(`ReadFrame() = %q, %v; want "ACK\n\n\x00", nil`, payload, err)
		}
	}
}

// Split examines the bytes of a head that arrives byte by byte at most twice, except for
// names that may announce a size and for digits.
func TestDrip(t *testing.T) {
	data := []byte("A" + strings.Repeat("x", 1000) + "\r\nB: " + strings.Repeat("y", 1000) + "\r\n" + strings.Repeat("n", 500) + ":\r\nl:" + strings.Repeat(" ", 1000) + "5" + strings.Repeat(" ", 1000) + "\r\n\r\n")
	examined := 0
	var r framing.Resume
	for n := 1; n <= len(data); n++ {
		examined += n - r.Pos
		frame, next, err := texthead.SIP().Split(data[:n], r)
		if err != nil || (frame.Size > 0) != (n == len(data)) {
			t.Fatalf("Split of %d bytes = %+v, %v; want a Size after %d bytes", n, frame, err, len(data))
		}
		r = next
	}
	if most := len(data) + 2000; examined > most {
		t.Errorf("examined %d bytes of %d; want at most %d", examined, len(data), most)
	}
}

func TestWriteFill(t *testing.T) {
	for _, f := range []*texthead.Framer{texthead.SIP(), texthead.STOMP()} {
		var wire strings.Builder
		w := framing.NewWriter(&wire, f)
		if err := w.WriteFill([]byte("\r\n\r\n")); err != nil {
			t.Errorf("%v: WriteFill() = %v; want nil", f, err)
		}
		if err := w.WriteFill([]byte("\n")); (err == nil) != (f.String() == "text-head,protocol=stomp") {
			t.Errorf("%v: WriteFill of a newline = %v; want an error for SIP only", f, err)
		}
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: texthead.MaxHead, texthead.MaxHead + 1: texthead.MaxHead + 1, math.MaxInt: math.MaxInt} {
		if got := texthead.SIP().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

// messages are one of each protocol.
var messages = []struct {
	framer  *texthead.Framer
	payload string
}{
	{texthead.SIP(), "OPTIONS sip:bob SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z\r\nFrom: <sip:a>\r\nl: 5\r\n\r\nhello"},
	{texthead.RTSP(), "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"},
	{texthead.STOMP(), "SEND\ndestination:/a\n\nhello\x00"},
	{texthead.NATS(), "PUB greetings 5\r\nhello\r\n"},
	{texthead.Memcached(), "set greeting 0 0 5\r\nhello\r\n"},
}

func TestAllocs(t *testing.T) {
	for _, m := range messages {
		frametest.CheckAllocs(t, m.framer, []byte(m.payload))
	}
}

func Benchmark(b *testing.B) {
	for _, m := range messages {
		b.Run(m.framer.String(), func(b *testing.B) { frametest.Benchmark(b, m.framer, []byte(m.payload)) })
	}
}

// Words of NATS are in upper or lower case of ASCII: a server knows no "MſG", whose s is
// a long one.
func TestNATS_ASCII(t *testing.T) {
	frametest.Compare(t, texthead.NATS(), []byte("mSg a 1 1\r\na\r\n"), frametest.Frames("mSg a 1 1\r\na\r\n"))
	frametest.Compare(t, texthead.NATS(), []byte("M\u017fG a 1 1\r\na\r\n"), frametest.Frames("M\u017fG a 1 1\r\n", "a\r\n"))
}

// A NATS server takes the "\n" of "SUB \n" and the next line for the arguments of SUB, and
// the body after that for commands.
func TestNATS_NoArguments(t *testing.T) {
	const next = "PUB a 6\r\nPING\r\n\r\n"
	for line, want := range map[string]frametest.Stream{
		"SUB \n":     {Lost: true},
		"SUB\t \n":   {Lost: true},
		"SUB\n":      frametest.Frames("SUB\n", next),
		"SUB \r\n":   frametest.Frames("SUB \r\n", next),
		"SUB a 1 \n": frametest.Frames("SUB a 1 \n", next),
	} {
		frametest.Compare(t, texthead.NATS(), []byte(line+next), want)
	}
}

// RabbitMQ does not read content-length in a BEGIN, which ends at a NUL there; what
// follows would be a SEND. A size of 0 is the same to all programs.
func TestSTOMP_Bodies(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"BEGIN\ncontent-length:6\n\n\x00SEND\n\x00":   {Lost: true},
		"SEND\ncontent-length:6\n\n\x00SEND\n\x00":    frametest.Frames("SEND\ncontent-length:6\n\n\x00SEND\n\x00"),
		"MESSAGE\r\ncontent-length:1\r\n\r\n\x00\x00": frametest.Frames("MESSAGE\r\ncontent-length:1\r\n\r\n\x00\x00"),
		"ERROR\ncontent-length:1\n\n\x00\x00":         frametest.Frames("ERROR\ncontent-length:1\n\n\x00\x00"),
		"BEGIN\ncontent-length:0\n\n\x00\n":           frametest.Frames("BEGIN\ncontent-length:0\n\n\x00"),
		"BEGIN\n\nbody\x00":                           frametest.Frames("BEGIN\n\nbody\x00"),
	} {
		frametest.Compare(t, texthead.STOMP(), []byte(wire), want)
	}
}
