package jsonvalue_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
)

func TestWire(t *testing.T) {
	for wire, want := range map[string]frametest.Stream{
		"":                       {},
		" \t\r\n":                {},
		`{}[]"" `:                frametest.Frames(`{}`, `[]`, `""`),
		`{"a":"}"}[1,[2]]`:       frametest.Frames(`{"a":"}"}`, `[1,[2]]`),
		`"\"" "\\" "\\\""`:       frametest.Frames(`"\""`, `"\\"`, `"\\\""`),
		"1 -2.5e3\ntrue\tnull\r": frametest.Frames("1", "-2.5e3", "true", "null"),
		`1{}2[]3"a"`:             frametest.Frames("1", "{}", "2", "[]", "3", `"a"`),
		"[}":                     frametest.Frames("[}"),
		"12":                     {Torn: true},
		`{"a":`:                  {Torn: true},
		`"a\`:                    {Torn: true},
		"{}}":                    {Frames: frametest.Frames("{}").Frames, Lost: true},
		"1,2":                    {Frames: frametest.Frames("1").Frames, Lost: true},
		"x":                      {Lost: true},
	} {
		frametest.Compare(t, jsonvalue.New(), []byte(wire), want)
	}
}

func TestErrors(t *testing.T) {
	const want = `malformed value: it begins with 'x', want {, [, ", a digit, -, true, false or null`
	if frame, _, err := jsonvalue.New().Split([]byte("x"), framing.Resume{}); fmt.Sprint(err) != want || frame.Size != 0 {
		t.Errorf("Split = %+v, %v; want Size 0, %s", frame, err, want)
	}
	for _, payload := range []string{"", " {}", "{} ", "{}{}", "{", "1 ", "1[", `"a`, `"a\"`, "x"} {
		got, err := jsonvalue.New().Append([]byte("dst"), []byte(payload))
		if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "dst" {
			t.Errorf("Append(%q) = %q, %v; want dst, a PayloadError", payload, got, err)
		}
	}
}

// A value that nothing has to follow is delivered as soon as it ends.
func TestDeliversAtOnce(t *testing.T) {
	for _, value := range []string{"{}", "[1]", `"a"`} {
		if frame, _, err := jsonvalue.New().Split([]byte(value), framing.Resume{}); frame.Size != len(value) || err != nil {
			t.Errorf("Split(%q) = %+v, %v; want Size %d, nil", value, frame, err, len(value))
		}
	}
}

func TestAcceptUnterminated(t *testing.T) {
	for wire, want := range map[string]string{
		"{} 12": "12, <nil>",
		`{} [1`: ", framing: frame at offset 3: the stream ends inside a value",
		`{} "a`: ", framing: frame at offset 3: the stream ends inside a value",
		"{}":    ", EOF",
	} {
		r := framing.NewReader(strings.NewReader(wire), jsonvalue.New())
		r.AcceptUnterminated(true)
		if _, err := r.ReadFrame(); err != nil {
			t.Fatal(err)
		}
		payload, err := r.ReadFrame()
		if got := fmt.Sprintf("%s, %v", payload, err); got != want {
			t.Errorf("%q: second ReadFrame = %s; want %s", wire, got, want)
		}
	}
}

// A value over the limit is skipped, however deep the stream is inside it when the
// limit is passed.
func TestTooLarge(t *testing.T) {
	const wire = `{"a":["]}\"]}",{}]} "0123456789\"}" 123456789 [1]`
	for size := 1; size <= len(wire); size++ {
		r := framing.NewReader(frametest.Chunks([]byte(wire), size), jsonvalue.New())
		r.SetMaxPayload(4)
		for range 3 {
			if _, err := r.ReadFrame(); !errors.Is(err, framing.ErrFrame) {
				t.Fatalf("ReadFrame() in chunks of %d: got %v; want a TooLargeError", size, err)
			}
		}
		if payload, err := r.ReadFrame(); string(payload) != "[1]" || err != nil {
			t.Fatalf("ReadFrame() in chunks of %d = %q, %v; want [1], nil", size, payload, err)
		}
		if _, err := r.ReadFrame(); err != io.EOF {
			t.Fatalf("ReadFrame() in chunks of %d: got %v; want EOF", size, err)
		}
	}
}

// A value of 16 MiB that arrives byte by byte is examined once.
func TestDrip(t *testing.T) {
	wire := append(append([]byte(`["`), bytes.Repeat([]byte(`\"[",{}"`), 2<<20)...), `"]`...)
	data := bytes.Clone(wire)
	var r framing.Resume
	for n := 1; n <= len(wire); n++ {
		frame, next, err := jsonvalue.New().Split(data[:n], r)
		if err != nil || (frame.Size > 0) != (n == len(wire)) {
			t.Fatalf("Split of %d bytes = %+v, %v", n, frame, err)
		}
		if n < len(wire) && next.Pos != n {
			t.Fatalf("Split of %d bytes returned position %d; want %d", n, next.Pos, n)
		}
		clear(data[r.Pos:n]) // it must not be examined again
		r = next
	}
}

func TestMaxEncodedLen(t *testing.T) {
	for n, want := range map[int]int{0: 1, 5: 6, math.MaxInt - 1: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := jsonvalue.New().MaxEncodedLen(n); got != want {
			t.Errorf("MaxEncodedLen(%d) = %d; want %d", n, got, want)
		}
	}
}

var payloads = map[string][]byte{
	"scalar": []byte("12"),
	"object": []byte(`{"id":12,"name":"a \"name\"","list":[1,2,3],"empty":{}}`),
	"string": append(append([]byte{'"'}, bytes.Repeat([]byte("x"), 1024)...), '"'),
}

func TestAllocs(t *testing.T) {
	for _, payload := range payloads {
		frametest.CheckAllocs(t, jsonvalue.New(), payload)
	}
}

func Benchmark(b *testing.B) {
	for name, payload := range payloads {
		b.Run(name, func(b *testing.B) { frametest.Benchmark(b, jsonvalue.New(), payload) })
	}
}
