package syslog_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/syslog"
)

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                                 {},
		"15 <13>1 - - - - -":               frametest.Frames("<13>1 - - - - -"),
		"<13>1 - - - - -\n":                frametest.Frames("<13>1 - - - - -"),
		"7 <13>one<13>two\n3 <1>":          frametest.Frames("<13>one", "<13>two", "<1>"),
		"8 <13>one\n8 <13>two\n":           frametest.Frames("<13>one\n", "<13>two\n"),
		"7 <13>one\n7 <13>two\n":           frametest.Frames("<13>one", "<13>two"),
		"7 <13>one\r\n\n<13>two\r\n":       frametest.Frames("<13>one", "<13>two"),
		"54 <1 minute elapsed\n":           frametest.Frames("54 <1 minute elapsed"),
		"5 <13>\n":                         frametest.Frames("<13>\n"),
		"3 <13>\n":                         frametest.Frames("3 <13>"), // the PRI is not counted whole
		"09 <13>hello\n":                   frametest.Frames("09 <13>hello"),
		"0 <13>hello\n":                    frametest.Frames("0 <13>hello"),
		"9 <1234>x\n":                      frametest.Frames("9 <1234>x"),
		"9 <>hello\n":                      frametest.Frames("9 <>hello"),
		"9  <13>hello\n":                   frametest.Frames("9  <13>hello"),
		"1234567890 <13>hello\n":           frametest.Frames("1234567890 <13>hello"),
		"\r\r\n\ra\n":                      frametest.Frames("\r", "\ra"),
		"\n\r\n":                           {},
		"\r":                               {Torn: true},
		"9":                                {Torn: true},
		"9 <13":                            {Torn: true},
		"9 <13>hell":                       {Torn: true},
		"999999999 <13>":                   {Torn: true},
		"<13>hello":                        {Torn: true},
		"<13>Oct 11 22:14:15 su: hi\n\xff": {Frames: frametest.Frames("<13>Oct 11 22:14:15 su: hi").Frames, Torn: true},
	} {
		frametest.Compare(t, syslog.New(), []byte(wire), want)
		frametest.Compare(t, syslog.New().WriteLines(), []byte(wire), want)
	}
}

func TestRefusedPayload(t *testing.T) {
	for payload, want := range map[string]string{
		"":             "syslog has no empty frames; the payload must have at least one byte",
		"a\nb":         `it contains "\n" and does not begin with a PRI, such as <13>`,
		"\n":           `it contains "\n" and does not begin with a PRI, such as <13>`,
		"9 <13>hello":  "it begins as a counted frame does; a line must not",
		"9 <13>hello!": "it begins as a counted frame does; a line must not",
	} {
		for _, f := range []*syslog.Framer{syslog.New(), syslog.New().WriteLines()} {
			got, err := f.Append([]byte("x"), []byte(payload))
			if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || e.Reason != want || e.Size != int64(len(payload)) || string(got) != "x" {
				t.Errorf(`%v: %q: got %q, %v; want "x" and a PayloadError: %s`, f, payload, got, err, want)
			}
		}
	}
}

func TestAppendHeader(t *testing.T) {
	for _, test := range []struct {
		framer *syslog.Framer
		start  string
		size   int64
		header string
		want   error
	}{
		{syslog.New(), "<13>", 4, "4 ", nil},
		{syslog.New(), "<13>hel", 999_999_999, "999999999 ", nil},
		{syslog.New(), "<13>hel", 1_000_000_000, "", framing.ErrNoHeader},
		{syslog.New(), "<13", 9, "", framing.ErrNoHeader},
		{syslog.New(), "hello", 5, "", framing.ErrNoHeader},
		{syslog.New().WriteLines(), "<13>", 4, "", framing.ErrNoHeader},
	} {
		got, err := test.framer.AppendHeader([]byte("x"), []byte(test.start), test.size)
		if string(got) != "x"+test.header || err != test.want {
			t.Errorf("%v: AppendHeader(%q, %d) = %q, %v; want %q, %v", test.framer, test.start, test.size, got, err, "x"+test.header, test.want)
		}
	}
	got, err := syslog.New().AppendHeader([]byte("x"), nil, -1)
	if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "x" {
		t.Errorf(`AppendHeader of -1 = %q, %v; want "x" and a PayloadError`, got, err)
	}
}

// A line that grows too large is skipped to its end.
func TestTooLarge(t *testing.T) {
	for _, size := range []int{1, 7, 100} {
		wire := strings.Repeat("line ", 8) + "\n40 <13>" + strings.Repeat("x", 36) + "<1>"
		r := framing.NewReader(frametest.Chunks([]byte(wire+"\n"), size), syslog.New())
		r.SetMaxPayload(3)
		for _, offset := range []int64{0, 41} {
			_, err := r.ReadFrame()
			if e := (*framing.TooLargeError)(nil); !errors.As(err, &e) || e.Offset != offset {
				t.Fatalf("chunks of %d bytes: got error %v; want a TooLargeError at offset %d", size, err, offset)
			}
		}
		if payload, err := r.ReadFrame(); string(payload) != "<1>" || err != nil {
			t.Fatalf(`chunks of %d bytes: ReadFrame() = %q, %v; want "<1>", nil`, size, payload, err)
		}
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 15, math.MaxInt - 15: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := syslog.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

func TestAllocs(t *testing.T) {
	for _, payload := range []string{"<13>" + strings.Repeat("x", 1024), strings.Repeat("x", 1024)} {
		frametest.CheckAllocs(t, syslog.New(), []byte(payload))
		frametest.CheckAllocs(t, syslog.New().WriteLines(), []byte(payload))
	}
}

func Benchmark(b *testing.B) {
	b.Run("counted", func(b *testing.B) { frametest.Benchmark(b, syslog.New(), []byte("<13>1 - - - - - hello")) })
	b.Run("line", func(b *testing.B) {
		frametest.Benchmark(b, syslog.New().WriteLines(), []byte("<13>1 - - - - - hello"))
	})
}
