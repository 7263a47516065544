package jsonvalue_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
)

// FuzzJSON compares Split with a decoder that knows one byte after another, and with
// encoding/json, as far as that takes the stream for valid.
func FuzzJSON(f *testing.F) {
	for _, wire := range []string{`{}[]`, `{"a":[1,"}\"\\"]} 12 "b"`, "1{}2\n", "}", "[}", `"\u0022"`, "truefalse ", " \t\r\n[1]"} {
		f.Add([]byte(wire))
	}
	frametest.Vectors(f, "json", func(_ string, wire []byte) { f.Add(wire) })
	f.Fuzz(func(t *testing.T, wire []byte) {
		if len(wire) > frametest.MaxFuzz {
			return
		}
		want := decode(wire)
		frametest.Compare(t, jsonvalue.New(), wire, want)
		compareJSON(t, wire)

		var sent []byte
		if len(wire) > 0 && !bytes.ContainsAny(wire[:1], " \t\r\n") {
			// It is one value if a line end after it changes nothing but a scalar.
			switch s := decode(append(bytes.Clone(wire), '\n')); {
			case s.Lost || s.Torn || len(s.Frames) != 1 || s.Frames[0].Payload != string(wire):
			case want.Torn:
				sent = append(bytes.Clone(wire), '\n')
			default:
				sent = wire
			}
		}
		frametest.CheckAppend(t, jsonvalue.New(), wire, sent)
	})
}

// decode reads wire byte by byte.
func decode(wire []byte) (s frametest.Stream) {
	var value []byte
	depth, quoted, escaped, scalar := 0, false, false, false
	for _, c := range wire {
		is := func(set string) bool { return bytes.IndexByte([]byte(set), c) >= 0 }
		if scalar && is(" \t\r\n\"{}[],:") {
			s.Valid(value)
			value, scalar = nil, false
		}
		if len(value) == 0 {
			switch {
			case is(" \t\r\n"):
				continue
			case is("-0123456789tfn"):
				scalar = true
			case !is(`{["`):
				s.Lost = true
				return s
			}
		}
		value = append(value, c)
		switch {
		case scalar:
			continue
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case is(`"`):
			quoted = true
		case is("{["):
			depth++
		case is("}]"):
			depth--
		}
		if depth == 0 && !quoted {
			s.Valid(value)
			value = nil
		}
	}
	s.Torn = len(value) > 0
	return s
}

// compareJSON fails if encoding/json finds other values in wire. It takes a value for
// ended where the next byte cannot be a part of it, as in truefalse, which is no value
// here.
func compareJSON(t *testing.T, wire []byte) {
	d := json.NewDecoder(bytes.NewReader(wire))
	r := framing.NewReader(bytes.NewReader(wire), jsonvalue.New())
	r.AcceptUnterminated(true)
	for {
		var want json.RawMessage
		if err := d.Decode(&want); err != nil {
			return
		}
		got, err := r.ReadFrame()
		if err == nil && !json.Valid(got) {
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q: got %q, %v; encoding/json %q", wire, got, err, want)
		}
	}
}
