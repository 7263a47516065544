package contentlength_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
)

func TestWire(t *testing.T) {
	lost := frametest.Stream{Lost: true}
	for wire, want := range map[string]frametest.Stream{
		"":                               {},
		"Content-Length: 5\r\n\r\nhello": frametest.Frames("hello"),
		"Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\na":                                    frametest.Frames("", "a"),
		"content-length:5\r\n\r\nhello":                                                          frametest.Frames("hello"),
		"CONTENT-LENGTH: \t 5 \t\r\n\r\nhello":                                                   frametest.Frames("hello"),
		"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}": frametest.Frames("{}"),
		"Content-Type: x\r\nContent-Length: 2\r\n\r\n{}":                                         frametest.Frames("{}"),
		"X-Empty:\r\nX-\xc3\xa9: 1\r\n":                                                          lost, // a name is ASCII
		"X-Empty:\r\nX: \xc3\xa9\r\nContent-Length: 1\r\n\r\na":                                  frametest.Frames("a"),
		"X: a\tb\r\nContent-Length: 1\r\n\r\na":                                                  frametest.Frames("a"),
		"X: a\x7fb\r\nContent-Length: 1\r\n\r\na":                                                lost,
		"X-Length: 7\r\nContent-Length: 1\r\n\r\na":                                              frametest.Frames("a"),
		"Content-Lengths: 7\r\nContent-Length: 1\r\n\r\na":                                       frametest.Frames("a"),

		"C":                             {Torn: true},
		"Content-Length: 5\r\n\r\nhell": {Torn: true},
		"Content-Length: 5\r\n\r":       {Torn: true},
		"Content-Length: 5\r\n":         {Torn: true},
		"Content-Length: ":              {Torn: true},
		"\r":                            {Torn: true},

		"\r\n":                                 lost,
		"Content-Type: x\r\n\r\n":              lost,
		"Content-Length: 1\r\nContent-Length:": lost,
		"Content-Length: 1\r\ncontent-length: 1\r\n\r\na": lost,
		"Content-Length: 1, 1\r\n\r\na":                   lost,
		"Content-Length: 01\r\n\r\na":                     lost,
		"Content-Length: -1\r\n\r\na":                     lost,
		"Content-Length: 0x1\r\n\r\na":                    lost,
		"Content-Length: 1.0\r\n\r\na":                    lost,
		"Content-Length: \r\n\r\n":                        lost,
		"Content-Length : 1\r\n\r\na":                     lost,
		" Content-Length: 1\r\n\r\na":                     lost,
		"Content-Length: 1\r\n folded\r\n\r\na":           lost,
		"Content-Length: 1\n\na":                          lost,
		"Content-Length: 1\r\n\na":                        lost,
		"Content-Length: 1\r\r\n\r\r\na":                  lost,
		"Content-Type: a\x00b\r\n":                        lost,
		": 1\r\n":                                         lost,
		"{\"jsonrpc\"":                                    lost,
		"Content-Length: 18446744073709551616":            lost,
	} {
		frametest.Compare(t, contentlength.New(), []byte(wire), want)
	}
}

// Each error is reported at the byte that causes it, the last one here, and is the
// same if more bytes follow.
func TestErrors(t *testing.T) {
	for wire, want := range map[string]string{
		"{":                                    "malformed header: invalid character '{' in field name",
		"GET ":                                 "malformed header: invalid character ' ' in field name",
		"\xef":                                 "malformed header: invalid character 0xef in field name",
		":":                                    "malformed header: invalid character ':' in field name",
		"Content-Length ":                      "malformed header: invalid character ' ' in field name",
		"Content-Type: a\x00":                  `malformed header: invalid character '\x00' in field value`,
		"Content-Length: 1x":                   "malformed header: invalid character 'x' in field value",
		"Content-Length: x":                    "malformed length: got 'x', want a digit",
		"Content-Length: \r":                   `malformed length: got '\r', want a digit`,
		"Content-Length: 00":                   "malformed length: leading zero, which some programs read as octal",
		"Content-Length: 5\n":                  `malformed header: line ends in "\n", want "\r\n"`,
		"A: b\r\n\n":                           `malformed header: line ends in "\n", want "\r\n"`,
		"Content\n":                            `malformed header: line ends in "\n", want "\r\n"`,
		"Content-Length: 5\r\r":                `malformed header: got '\r' after '\r', want '\n'`,
		"\ra":                                  `malformed header: got 'a' after '\r', want '\n'`,
		"\r\n":                                 "malformed header: missing Content-Length",
		"A: b\r\n\r\n":                         "malformed header: missing Content-Length",
		"Content-Length: 1\r\nContent-LENGTH:": "malformed header: duplicate Content-Length",
		strings.Repeat("x", contentlength.MaxHeader):                             "malformed header: it does not end within 4096 bytes",
		"Content-Length: 1" + strings.Repeat(" ", 4096-len("Content-Length: 1")): "malformed header: it does not end within 4096 bytes",
	} {
		f := contentlength.New()
		if before := []byte(wire[:len(wire)-1]); len(before) > 0 {
			if frame, _, err := f.Split(before, framing.Resume{}); err != nil || frame.Size != 0 {
				t.Errorf("Split(%q) = %+v, %v; want Size 0, nil", before, frame, err)
			}
		}
		for _, more := range []string{"", "\r\n: \n"} {
			if _, _, err := f.Split([]byte(wire+more), framing.Resume{}); err == nil || err.Error() != want {
				t.Errorf("Split(%q): got error %v; want %s", wire+more, err, want)
			}
		}
	}
}

// A Reader names the protocol of a client that has connected to the wrong port.
func TestHints(t *testing.T) {
	for wire, want := range map[string]string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize"}` + "\n": "a JSON object",
		"GET / HTTP/1.1\r\n":                     "an HTTP request",
		"HTTP/1.1 400 Bad Request\r\n":           "an HTTP response",
		"PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\n": "a PROXY protocol header",
		"\r\n\r\n\x00\r\nQUIT\n":                 "a PROXY protocol header",
		"\xef\xbb\xbfContent-Length: 1\r\n\r\na": "text with a byte order mark",
	} {
		_, err := framing.NewReader(strings.NewReader(wire), contentlength.New()).ReadFrame()
		if e := (*framing.FormatError)(nil); !errors.As(err, &e) || e.Hint != want || !e.Final {
			t.Errorf("ReadFrame of %q: got error %v; want a terminal FormatError with the hint %q", wire, err, want)
		}
	}
}

func TestMaxHeader(t *testing.T) {
	head := "Content-Length: 1\r\nX:"
	fill := strings.Repeat("x", contentlength.MaxHeader-len(head)-4)
	frametest.Compare(t, contentlength.New(), []byte(head+fill+"\r\n\r\na"), frametest.Frames("a"))
	frametest.Compare(t, contentlength.New(), []byte(head+fill+"x\r\n\r\na"), frametest.Stream{Lost: true})
}

// Split examines the bytes of a header that arrives byte by byte at most twice, except
// for a name that may be Content-Length and for digits, and allocates nothing.
func TestDrip(t *testing.T) {
	longName := strings.Repeat("Name", 100) + ": x\r\n"
	longValue := "X: " + strings.Repeat("value ", 200) + "\r\n"
	for _, test := range []struct {
		header string
		again  int // examined more than once
	}{
		{longName + longValue + longValue + "Content-Length: 5\r\n\r\n", 700},
		{"Content-Length:" + strings.Repeat(" ", 2000) + "5" + strings.Repeat(" ", 2000) + "\r\n\r\n", 200},
		{"content-length: 1234567890\r\n" + longName + "\r\n", 400},
	} {
		data := []byte(test.header)
		f := contentlength.New()
		examined := 0
		drip := func() {
			var r framing.Resume
			examined = 0
			for n := 1; n <= len(data); n++ {
				examined += n - r.Pos
				frame, next, err := f.Split(data[:n], r)
				if err != nil || (frame.Size > 0) != (n == len(data)) {
					t.Fatalf("Split of %d bytes = %+v, %v; want a Size after %d bytes", n, frame, err, len(data))
				}
				r = next
			}
		}
		if n := testing.AllocsPerRun(1, drip); n > 0 {
			t.Errorf("%.20q: got %v allocations; want none", data, n)
		}
		if most := len(data) + test.again; examined > most {
			t.Errorf("%.20q: examined %d bytes of %d; want at most %d", data, examined, len(data), most)
		}
	}
}

// A frame of more than math.MaxInt is too large for any limit.
func TestTooLarge(t *testing.T) {
	header := func(size int) string { return "Content-Length: " + strconv.Itoa(size) + "\r\n\r\n" }
	start := len(header(math.MaxInt))
	max := uint64(math.MaxInt - start)
	for wire, want := range map[string]framing.TooLargeError{
		"Content-Length: 18446744073709551615\r\n\r\n": {Size: math.MaxUint64, Max: uint64(math.MaxInt - 40)},
		"content-length: 18446744073709551615\r\n\r\n": {Size: math.MaxUint64, Max: uint64(math.MaxInt - 40)},
		"Content-Length: 18446744073709551616":         {Max: max}, // more digits may follow
		header(math.MaxInt):                            {Size: math.MaxInt, Max: max},
		header(math.MaxInt - start + 1):                {Size: max + 1, Max: max},
	} {
		frame, _, err := contentlength.New().Split([]byte(wire), framing.Resume{})
		if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || *e != want || frame != (framing.Frame{}) {
			t.Errorf("Split(%q) = %+v, %+v; want %+v", wire, frame, err, want)
		}
	}
	frame, _, err := contentlength.New().Split([]byte(header(math.MaxInt-start)), framing.Resume{})
	if want := (framing.Frame{Size: math.MaxInt, Start: start, End: math.MaxInt}); frame != want || err != nil {
		t.Errorf("Split = %+v, %v; want %+v, nil", frame, err, want)
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: contentlength.MaxHeader, math.MaxInt - contentlength.MaxHeader: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := contentlength.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

func TestAppendHeader(t *testing.T) {
	for size, want := range map[int64]string{
		0:             "xContent-Length: 0\r\n\r\n",
		math.MaxInt64: "xContent-Length: 9223372036854775807\r\n\r\n",
	} {
		if got, err := contentlength.New().AppendHeader([]byte("x"), nil, size); string(got) != want || err != nil {
			t.Errorf("AppendHeader of %d = %q, %v; want %q", size, got, err, want)
		}
	}
	got, err := contentlength.New().AppendHeader([]byte("x"), nil, -1)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
		t.Errorf(`AppendHeader of -1 = %q, %v; want "x" and a PayloadError`, got, err)
	}
}

func TestAllocs(t *testing.T) { frametest.CheckAllocs(t, contentlength.New(), make([]byte, 1024)) }

func Benchmark(b *testing.B) { frametest.Benchmark(b, contentlength.New(), make([]byte, 16)) }

// BenchmarkFields reads a header with another field.
func BenchmarkFields(b *testing.B) {
	header := []byte("Content-Length: 5\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if frame, _, err := contentlength.New().Split(header, framing.Resume{}); frame.Size == 0 || err != nil {
			b.Fatalf("Split() = %+v, %v; want a Size", frame, err)
		}
	}
}
