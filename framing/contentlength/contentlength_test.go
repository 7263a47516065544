package contentlength_test

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/headers"
	"github.com/wholeframe/wholeframe/framing/internal/oracle"
)

func frames(payloads ...string) (s oracle.Stream) {
	for _, p := range payloads {
		s.Frame([]byte(p))
	}
	return s
}

func TestLaws(t *testing.T) { framingtest.Run(t, headers.New()) }

func TestWire(t *testing.T) {
	lost := oracle.Stream{Lost: true}
	for wire, want := range map[string]oracle.Stream{
		"":                               {},
		"Content-Length: 5\r\n\r\nhello": frames("hello"),
		"Content-Length: 0\r\n\r\nContent-Length: 1\r\n\r\na":                                    frames("", "a"),
		"content-length:5\r\n\r\nhello":                                                          frames("hello"),
		"CONTENT-LENGTH: \t 5 \t\r\n\r\nhello":                                                   frames("hello"),
		"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}": frames("{}"),
		"Content-Type: x\r\nContent-Length: 2\r\n\r\n{}":                                         frames("{}"),
		"X-Empty:\r\nX-\xc3\xa9: 1\r\n":                                                          lost, // a name is ASCII
		"X-Empty:\r\nX: \xc3\xa9\r\nContent-Length: 1\r\n\r\na":                                  frames("a"),
		"X: a\tb\r\nContent-Length: 1\r\n\r\na":                                                  frames("a"),
		"X: a\x7fb\r\nContent-Length: 1\r\n\r\na":                                                lost,
		"X-Length: 7\r\nContent-Length: 1\r\n\r\na":                                              frames("a"),

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
		oracle.Compare(t, headers.New(), []byte(wire), want)
	}
}

// TestErrors shows what each mistake is called, as soon as it is there.
func TestErrors(t *testing.T) {
	for wire, text := range map[string]string{
		"GET ":                                 "looks like an HTTP request",
		"HTTP/":                                "looks like an HTTP response",
		"Content-Length: 5\n":                  `"\n" alone`,
		"Content-Length: 5\r\n\n":              `"\n" alone`,
		"Content-Length: 5\r\r":                `'\r' stands between "\r" and "\n"`,
		"\r\n":                                 "without Content-Length",
		"Content-Length: 1\r\nContent-LENGTH:": "twice",
		"Content-Length: x":                    `'x', not with a digit`,
		"Content-Length: 00":                   "leading zero",
		"Content-Length: 1x":                   "'x' stands in the value",
		"{":                                    `'{', not with the name`,
		"Content-Length ":                      `' ' stands behind the name "Content-Length"`,
		strings.Repeat("x", headers.MaxHeader): "4096 bytes",
	} {
		_, err := headers.New().Split([]byte(wire[:len(wire)-1]), 0)
		require.NoError(t, err, wire)
		_, err = headers.New().Split([]byte(wire), 0)
		require.ErrorContains(t, err, text)
		_, more := headers.New().Split([]byte(wire+"\r\n: \n"), 0)
		require.Equal(t, err, more)
	}
}

func TestMaxHeader(t *testing.T) {
	head := "Content-Length: 1\r\nX:"
	fill := strings.Repeat("x", headers.MaxHeader-len(head)-4)
	oracle.Compare(t, headers.New(), []byte(head+fill+"\r\n\r\na"), frames("a"))
	oracle.Compare(t, headers.New(), []byte(head+fill+"x\r\n\r\na"), oracle.Stream{Lost: true})
}

func TestTooLarge(t *testing.T) {
	for wire, size := range map[string]uint64{
		"Content-Length: 18446744073709551615\r\n\r\n": math.MaxUint64,
		"content-length: 18446744073709551615\r\n\r\n": math.MaxUint64,
		"Content-Length: 18446744073709551616":         0, // more digits may follow
	} {
		frame, err := headers.New().Split([]byte(wire), 0)
		var large *framing.TooLargeError
		require.ErrorAs(t, err, &large, wire)
		require.Equal(t, size, large.Size, wire)
		require.Zero(t, frame)
	}
	start := len("Content-Length: \r\n\r\n") + len(strconv.Itoa(math.MaxInt))
	frame, err := headers.New().Split([]byte("Content-Length: "+strconv.Itoa(math.MaxInt-start)+"\r\n\r\n"), 0)
	require.NoError(t, err)
	require.Equal(t, framing.Frame{Size: math.MaxInt, Start: start, End: math.MaxInt}, frame)
	frame, err = headers.New().Split([]byte("Content-Length: "+strconv.Itoa(math.MaxInt-start+1)+"\r\n\r\n"), 0)
	require.Error(t, err)
	require.Zero(t, frame)

	// 3 GiB are too many for an int of 32 bits and a limit otherwise.
	buf := framing.NewBuffer(headers.New())
	buf.Write([]byte("Content-Length: 3221225472\r\n\r\n"))
	_, _, err = buf.Next()
	var large *framing.TooLargeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, uint64(3<<30), large.Size)
	require.Equal(t, math.MaxInt < 3<<30, large.Final)
}

func TestMaxEncodedLen(t *testing.T) {
	f := headers.New()
	require.Equal(t, headers.MaxHeader, f.MaxEncodedLen(0))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt-headers.MaxHeader))
	require.Equal(t, math.MaxInt, f.MaxEncodedLen(math.MaxInt))
}

func TestPrefixer(t *testing.T) {
	f := headers.New()
	head, err := f.AppendHeader([]byte("x"), math.MaxInt64)
	require.NoError(t, err)
	require.Equal(t, "xContent-Length: 9223372036854775807\r\n\r\n", string(head))
	require.Nil(t, f.Trailer())
	head, err = f.AppendHeader([]byte("x"), 0)
	require.NoError(t, err)
	require.Equal(t, "xContent-Length: 0\r\n\r\n", string(head))
	head, err = f.AppendHeader([]byte("x"), -1)
	var refused *framing.PayloadError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "x", string(head))
}

// costs are payloads, from ordinary to the dearest.
var costs = []struct {
	name    string
	framer  framing.Framer
	payload []byte
}{
	{"16", headers.New(), bytes.Repeat([]byte("x"), 16)},
	{"1KiB", headers.New(), bytes.Repeat([]byte("x"), 1024)},
}

func TestNoAllocation(t *testing.T) {
	for _, c := range costs {
		wire, err := c.framer.Append(nil, c.payload)
		require.NoError(t, err)
		buf := framing.NewBuffer(c.framer)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			wire, _ = c.framer.Append(wire[:0], c.payload)
			buf.Write(wire)
			if payload, ok, err := buf.Next(); !ok || err != nil || len(payload) != len(c.payload) {
				t.Fatal(len(payload), ok, err)
			}
		}), c.name)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range costs {
		b.Run(c.name, func(b *testing.B) {
			wire, _ := c.framer.Append(nil, c.payload)
			buf := framing.NewBuffer(c.framer)
			b.SetBytes(int64(len(c.payload)))
			b.ReportAllocs()
			for b.Loop() {
				buf.Write(wire)
				if _, ok, err := buf.Next(); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range costs {
		b.Run(c.name, func(b *testing.B) {
			var wire []byte
			b.SetBytes(int64(len(c.payload)))
			b.ReportAllocs()
			for b.Loop() {
				wire, _ = c.framer.Append(wire[:0], c.payload)
			}
		})
	}
}

func TestErrorRepeatsFewBytesOfAName(t *testing.T) {
	_, err := headers.New().Split([]byte(strings.Repeat("x", 3000)+" "), 0)
	require.ErrorContains(t, err, "malformed header")
	require.Less(t, len(err.Error()), 200)
}
