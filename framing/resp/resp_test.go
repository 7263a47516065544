package resp_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/resp"
)

func TestWire(t *testing.T) {
	invalid := frametest.Frame{Invalid: true}
	for wire, want := range map[string]frametest.Stream{
		"":                                 {},
		"\r\n\n":                           {},
		"+OK\r\n-ERR x\r\n:1\r\n":          frametest.Frames("+OK\r\n", "-ERR x\r\n", ":1\r\n"),
		"$5\r\na\r\nbc\r\n$0\r\n\r\n":      frametest.Frames("$5\r\na\r\nbc\r\n", "$0\r\n\r\n"),
		"$-1\r\n*-1\r\n*0\r\n":             frametest.Frames("$-1\r\n", "*-1\r\n", "*0\r\n"),
		"*2\r\n*1\r\n:1\r\n*0\r\n+a\r\n":   frametest.Frames("*2\r\n*1\r\n:1\r\n*0\r\n", "+a\r\n"),
		"%1\r\n+a\r\n%1\r\n:1\r\n:2\r\n":   frametest.Frames("%1\r\n+a\r\n%1\r\n:1\r\n:2\r\n"),
		"|1\r\n+a\r\n:1\r\n*1\r\n_\r\n":    frametest.Frames("|1\r\n+a\r\n:1\r\n*1\r\n_\r\n"),
		"|0\r\n+a\r\n":                     frametest.Frames("|0\r\n+a\r\n"),
		"~1\r\n#t\r\n>1\r\n,1.5\r\n(1\r\n": frametest.Frames("~1\r\n#t\r\n", ">1\r\n,1.5\r\n", "(1\r\n"),
		"!3\r\nERR\r\n=5\r\ntxt:a\r\n":     frametest.Frames("!3\r\nERR\r\n", "=5\r\ntxt:a\r\n"),
		"PING\r\nget a\n+OK\r\n":           frametest.Frames("PING\r\n", "get a\n", "+OK\r\n"),
		"auth a\r\nZCARD a\n":              frametest.Frames("auth a\r\n", "ZCARD a\n"),
		// Redis skips blanks before an inline command, and takes quotes off its words.
		" PING\r\n\tPING\n\"PING\"\r\n'PING'\r\n": frametest.Frames(" PING\r\n", "\tPING\n", "\"PING\"\r\n", "'PING'\r\n"),
		"ECHO \"a\r\nPING\r\n":                    frametest.Frames("ECHO \"a\r\n", "PING\r\n"),
		" *1\r\n+OK\r\n":                          frametest.Frames(" *1\r\n", "+OK\r\n"),
		"*1\r\n PING\r\n":                         {Lost: true},
		"PING\x00\r\nPING\r\n":                    {Lost: true}, // Redis finds no line end after NUL
		"PING\x00":                                {Lost: true},
		"PING\n+\x00\r\n$1\r\n\x00\r\n":           frametest.Frames("PING\n", "+\x00\r\n", "$1\r\n\x00\r\n"),
		"@":                                       {Lost: true},
		"[":                                       {Lost: true},
		"$1\r\nabc+OK\r\n":                        {Frames: []frametest.Frame{invalid, {Payload: "+OK\r\n"}}},
		"*2\r\n$1\r\nabc+OK\r\n":                  {Lost: true},
		"*1\r\nPING\r\n":                          {Lost: true},
		"+a\n":                                    {Lost: true},
		"$?\r\n":                                  {Lost: true},
		"$-2\r\n":                                 {Lost: true},
		"%-1\r\n":                                 {Lost: true},
		"$2147483646\r\n":                         {Lost: true},
		"*268435457\r\n":                          {Lost: true},
		"*268435456\r\n":                          {Torn: true},
		"$5\r\nhel":                               {Torn: true},
		"*2\r\n+a\r\n":                            {Torn: true},
	} {
		frametest.Compare(t, resp.New(), []byte(wire), want)
	}
}

func TestErrors(t *testing.T) {
	for wire, want := range map[string]string{
		"\xff":                     "malformed value: it begins with 0xff, want one of +-:_#,($!=*~>%| or an inline command",
		"?":                        "malformed value: it begins with '?', want one of +-:_#,($!=*~>%| or an inline command",
		"*1\r\nPING":               "malformed value: it begins with 'P', want one of +-:_#,($!=*~>%|",
		"+a\n":                     "malformed value: it does not end in CR LF",
		"$x":                       "malformed length: want 1 to 18 decimal digits and CR LF",
		"$2147483646\r\n":          "malformed length: it exceeds 2147483645, the limit of a bulk string",
		"%200000000\r\n":           "malformed length: more than 268435456 values of aggregates must follow",
		"*2147483647\r\n":          "malformed length: more than 268435456 values of aggregates must follow",
		"|999999999999999999\r\n":  "malformed length: more than 268435456 values of aggregates must follow",
		"*1000000000000000000\r\n": "malformed length: want 1 to 18 decimal digits and CR LF",
		"PING\x00":                 "malformed value: an inline command must not contain NUL",
		"\v":                       `malformed value: it begins with '\v', want one of +-:_#,($!=*~>%| or an inline command`,
	} {
		frame, _, err := resp.New().Split([]byte(wire), framing.Resume{})
		if fmt.Sprint(err) != want || frame.Size != 0 {
			t.Errorf("Split(%q) = %+v, %v; want Size 0, %s", wire, frame, err, want)
		}
	}
	for _, payload := range []string{"", "\r\n", "hello", "+OK", "+OK\r\n+OK\r\n", "$5\r\nhell\r\n", "*1\r\nPING\r\n"} {
		got, err := resp.New().Append([]byte("dst"), []byte(payload))
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "dst" {
			t.Errorf("Append(%q) = %q, %v; want dst, a PayloadError", payload, got, err)
		}
	}
}

// The size of a frame is known when its last bulk string begins.
func TestAnnounces(t *testing.T) {
	frame, _, err := resp.New().Split([]byte("*2\r\n:1\r\n$1000000\r\n"), framing.Resume{})
	if want := (framing.Frame{Size: 18 + 1000000 + 2}); err != nil || frame != want {
		t.Errorf("Split = %+v, %v; want %+v, nil", frame, err, want)
	}
	if _, _, err := resp.New().Split([]byte("*2\r\n$2147483645\r\n"), framing.Resume{}); err != nil {
		t.Errorf("Split of the largest bulk string: got error %v; want nil", err)
	}
}

// A value over the limit is skipped, wherever the stream is inside it when the limit is
// passed.
func TestTooLarge(t *testing.T) {
	const large = "*3\r\n*2\r\n+0123456789\r\n$12\r\n\r\n0123456789\r\n:1\r\n%1\r\n_\r\n$10\r\n0123456789\r\n"
	wire := []byte(large + "+a\r\n")
	for size := 1; size <= len(wire); size++ {
		r := framing.NewReader(frametest.Chunks(wire, size), resp.New())
		r.SetMaxPayload(4)
		if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
			t.Fatalf("ReadFrame() in chunks of %d: got %v; want a TooLargeError", size, err)
		}
		if payload, err := r.ReadFrame(); string(payload) != "+a\r\n" || err != nil {
			t.Fatalf("ReadFrame() in chunks of %d = %q, %v; want +a, nil", size, payload, err)
		}
	}
}

// The end of a value that is malformed where it is skipped is never found: what
// follows must not be taken for a command.
func TestTooLargeMalformed(t *testing.T) {
	r := framing.NewReader(strings.NewReader("*2\r\n$30\r\n"+strings.Repeat("a", 30)+"FLUSHALL\r\n+a\r\n"), resp.New())
	r.SetMaxPayload(4)
	if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
		t.Fatalf("ReadFrame(): got %v; want a TooLargeError", err)
	}
	payload, err := r.ReadFrame()
	if e := (*framing.UnexpectedEOFError)(nil); !errors.As(err, &e) {
		t.Errorf("second ReadFrame() = %q, %v; want an UnexpectedEOFError", payload, err)
	}
}

var payloads = map[string][]byte{
	"simple":  []byte("+OK\r\n"),
	"command": []byte("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"),
	"bulk":    []byte("$1024\r\n" + string(bytes.Repeat([]byte("x"), 1024)) + "\r\n"),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, resp.New(), payload)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 24, 24: 24, 100: 100} {
		if got := resp.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

func Benchmark(b *testing.B) {
	for name, payload := range payloads {
		b.Run(name, func(b *testing.B) { frametest.Benchmark(b, resp.New(), payload) })
	}
}
