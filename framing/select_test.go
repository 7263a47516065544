package framing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/enclosed"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/resp"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/framing/texthead"
)

// interleaved is the framing of media in a stream of RTSP (RFC 2326, section 10.12).
var interleaved = must(lengthprefix.New(lengthprefix.Config{Width: 2, Offset: 2, Magic: []byte("$"), Keep: true}))

// RTSP has messages and, between them, packets of media: "$", a channel, and a length
// of 2 bytes.
func ExampleSelect() {
	media, err := lengthprefix.New(lengthprefix.Config{Width: 2, Offset: 2, Magic: []byte("$"), Keep: true})
	if err != nil {
		fmt.Println(err)
	}
	f, err := framing.Select(map[string]framing.Framer{
		"$": media,
		"":  texthead.RTSP(),
	})
	if err != nil {
		fmt.Println(err)
	}
	stream := strings.NewReader("RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n" + "$\x00\x00\x05media" + "$\x01\x00\x04more")
	for frame, err := range framing.NewReader(stream, f).Frames() {
		fmt.Printf("%q %v\n", frame, err)
	}
	// Output:
	// "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n" <nil>
	// "$\x00\x00\x05media" <nil>
	// "$\x01\x00\x04more" <nil>
}

// The first packet of a client of PostgreSQL begins with a length, all others with a
// letter; a record of TLS begins with 0x16 and 3, a line does not.
func TestSelect_Laws(t *testing.T) {
	select2 := func(a string, first framing.Framer, other framing.Framer) framing.Framer {
		return must(framing.Select(map[string]framing.Framer{a: first, "": other}))
	}
	startup := must(lengthprefix.New(lengthprefix.Config{Width: 4, IncludesHeader: true, Keep: true}))
	for name, test := range map[string]struct {
		framer framing.Framer
		config framingtest.Config
	}{
		"rtsp": {select2("$", interleaved, texthead.RTSP()), framingtest.Config{
			Payloads: [][]byte{[]byte("$\x00\x00\x00"), []byte("$\x01\x00\x05media"), []byte("OPTIONS * RTSP/1.0\r\n\r\n"), []byte("RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")},
		}},
		"postgres": {select2("\x00", startup, must(spec.Parse("postgres"))), framingtest.Config{
			Payloads: [][]byte{{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}, {'S', 0, 0, 0, 4}, {'Q', 0, 0, 0, 6, 'a', 0}},
		}},
		"tls or lines": {select2("\x16\x03", must(spec.Parse("tls")), delimiter.Line()), framingtest.Config{
			Payloads: [][]byte{{0x16, 3, 1, 0, 1, 0}, []byte("hello"), {}},
		}},
		"json or redis": {select2("{", jsonvalue.New(), resp.New()), framingtest.Config{
			Payloads: [][]byte{[]byte("{}"), []byte(`{"a":[1,2]}`), []byte("*2\r\n:1\r\n$2\r\nhi\r\n"), []byte("PING\r\n")},
		}},
		"no other": {must(framing.Select(map[string]framing.Framer{"$": interleaved, "BYE": delimiter.Line()})), framingtest.Config{
			Payloads: [][]byte{[]byte("$\x00\x00\x00"), []byte("BYE"), []byte("BYEBYE")},
			Wire:     [][]byte{[]byte("BYE\nBYX\n")},
		}},
		"resync": {select2("\xb5", must(spec.Parse("length,width=2,offset=4,magic=b562,resync,keep")), delimiter.Line()), framingtest.Config{
			Payloads: [][]byte{[]byte("\xb5b\x01\x02\x00\x01a"), []byte("hello")},
			Wire:     [][]byte{[]byte("hello\n\xb5c\n")},
		}},
		"of select": {select2("a", select2("ab", delimiter.Line(), delimiter.CRLF()), select2("{", jsonvalue.New(), delimiter.Line())), framingtest.Config{
			Payloads: [][]byte{[]byte("ab"), []byte("ac"), []byte(`{"a":[1,2]}`), []byte("hello")},
		}},
	} {
		t.Run(name, func(t *testing.T) { test.config.Run(t, test.framer) })
	}
}

// The longest prefix wins, however the bytes arrive.
func TestSelect_LongestPrefix(t *testing.T) {
	hash, hashes := must(delimiter.New(";")), must(delimiter.New("!"))
	f := must(framing.Select(map[string]framing.Framer{"#": hash.Keep(), "##": hashes.Keep(), "": delimiter.Line()}))
	const wire = "#a!b;" + "##a;b!" + "a#\n" + "#;" + "\n"
	frametest.Compare(t, f, []byte(wire), frametest.Frames("#a!b;", "##a;b!", "a#", "#;", ""))
	frametest.Compare(t, f, []byte("#"), frametest.Stream{Torn: true})
}

// A frame that begins with no prefix ends the stream, with an error that names all.
func TestSelect_NoPrefix(t *testing.T) {
	f := must(framing.Select(map[string]framing.Framer{"$": interleaved, "BYE": delimiter.Line()}))
	r := framing.NewReader(iotest.OneByteReader(strings.NewReader("$\x00\x00\x00BYE\nBYX\n")), f)
	for _, want := range []string{"$\x00\x00\x00", "BYE"} {
		if got, err := r.ReadFrame(); string(got) != want || err != nil {
			t.Fatalf("ReadFrame() = %q, %v; want %q, nil", got, err, want)
		}
	}
	_, err := r.ReadFrame()
	const want = `framing: frame at offset 8: malformed frame: it begins with "BYX", want "$" or "BYE"`
	if e := (*framing.FormatError)(nil); !errors.As(err, &e) || !e.Final || e.Offset != 8 || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("ReadFrame() = _, %v; want %s at byte 8", err, want)
	}
	if _, err := f.Append(nil, []byte("BY")); !errors.As(err, new(*framing.PayloadError)) {
		t.Errorf(`Append("BY") = _, %v; want a PayloadError`, err)
	}
}

// A payload whose frame would be read as one of another kind is refused.
func TestSelect_OtherKind(t *testing.T) {
	f := must(framing.Select(map[string]framing.Framer{"\x00\x00": interleaved, "": lengthprefix.Uint16()}))
	_, err := f.Append([]byte("dst"), nil)
	const want = `framing: payload of 0 bytes refused: its frame would begin with "\x00\x00", as those of another kind do`
	if err == nil || err.Error() != want {
		t.Errorf("Append(nil) = _, %v; want %s", err, want)
	}
}

// A payload is also refused if its frame begins with no prefix, and if it is shorter than
// a prefix with which the frame after it could complete it.
func TestSelect_FrameOfNoKind(t *testing.T) {
	for _, test := range []struct {
		prefixes map[string]framing.Framer
		payload  string
		want     string
	}{
		{map[string]framing.Framer{"ab": lengthprefix.Uint16()}, "abc", `malformed frame: it begins with "\x00", want "ab"`},
		{map[string]framing.Framer{"\n\n": delimiter.CRLF(), "": delimiter.Line()}, "", `its frame would be "\n", with which those of another kind begin`},
	} {
		got, err := must(framing.Select(test.prefixes)).Append([]byte("x"), []byte(test.payload))
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != test.want || string(got) != "x" {
			t.Errorf(`Append("x", %q) = %q, %v; want "x" and a PayloadError: %s`, test.payload, got, err, test.want)
		}
	}
}

// Fill of one kind ends where a frame of another begins, however the bytes arrive.
func TestSelect_Fill(t *testing.T) {
	f := must(framing.Select(map[string]framing.Framer{"$": interleaved, "\r\n#": must(delimiter.New("!")).Keep(), "": enclosed.MLLP()}))
	frametest.Compare(t, f, []byte("xy$\x00\x00\x00\r\x0ba$\x1c\r\r\n\r\n#b!x$"), frametest.Stream{
		Frames: frametest.Frames("$\x00\x00\x00", "a$", "\r\n#b!").Frames,
		Torn:   true,
	})
	f = must(framing.Select(map[string]framing.Framer{"$": interleaved, "": must(lengthprefix.New(lengthprefix.Config{Width: 1, Offset: 1, SkipEmpty: true}))}))
	frametest.Compare(t, f, []byte("x\x00$\x00\x00\x00x\x00x\x01a"), frametest.Frames("$\x00\x00\x00", "a"))
}

// A frame that is complete within the limit is read, even if a prefix is longer.
func TestSelect_LimitBelowPrefix(t *testing.T) {
	f := must(framing.Select(map[string]framing.Framer{"\n\n\n\n": delimiter.Line(), "": delimiter.Line()}))
	r := framing.NewReader(strings.NewReader("\n\n\na\n"), f)
	r.SetMaxPayload(0)
	if got, err := r.ReadFrame(); len(got) != 0 || err != nil {
		t.Errorf(`ReadFrame() = %q, %v; want "", nil`, got, err)
	}
}

// What needs all of Resume.State, a value that lacks nearly 2²⁸ others, is refused; it
// is not read again from its start whenever a byte arrives.
func TestSelect_TooManyParts(t *testing.T) {
	f := must(framing.Select(map[string]framing.Framer{"{": jsonvalue.New(), "": resp.New()}))
	for n, want := range map[string]error{"*60000000\r\n:1": nil, "*268435455\r\n:1": framing.ErrFrame} {
		_, r, err := f.Split([]byte(n), framing.Resume{})
		if (err == nil) != (want == nil) || err == nil && r.Pos == 0 {
			t.Errorf("Split(%q) = _, %v, %v; want an error: %t", n, r, err, want != nil)
		}
	}
}

func TestSelect_ConfigErrors(t *testing.T) {
	for want, prefixes := range map[string]map[string]framing.Framer{
		"select: prefix: there is none; at least one is needed": nil,
		`select: prefix: the framer of "a" is nil`:              {"a": nil, "": delimiter.Line()},
	} {
		f, err := framing.Select(prefixes)
		if e := (*framing.ConfigError)(nil); f != nil || !errors.As(err, &e) || err.Error() != want {
			t.Errorf("Select(%v) = %v, %v; want nil, %s", prefixes, f, err, want)
		}
	}
}

// Choosing costs no allocation.
func BenchmarkSelect(b *testing.B) {
	f := must(framing.Select(map[string]framing.Framer{"$": interleaved, "": delimiter.Line()}))
	for _, payload := range []string{"$\x00\x00\x05media", "a line of text"} {
		b.Run(payload[:1], func(b *testing.B) { frametest.Benchmark(b, f, []byte(payload)) })
	}
}
