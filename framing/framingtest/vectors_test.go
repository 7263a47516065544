package framingtest_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/internal/frametest"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// hexBytes are bytes that JSON holds in hexadecimal.
type hexBytes []byte

func (b *hexBytes) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	var err error
	*b, err = hex.DecodeString(s)
	return err
}

// A number is a string in JSON if it is larger than 2^53−1 (RFC 7493 section 2.2).
type number uint64

func (n *number) UnmarshalJSON(text []byte) error {
	digits := strings.Trim(string(text), `"`)
	value, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return err
	}
	if quoted := digits != string(text); quoted != (value > 1<<53-1) {
		return fmt.Errorf("%s: want numbers larger than 2^53-1 as strings, and no others", text)
	}
	*n = number(value)
	return nil
}

// A decodeVector is one of testdata/decode, whose README describes it.
type decodeVector struct {
	Name               string        `json:"name"`
	Source             string        `json:"source"`
	Stricter           string        `json:"stricter"`
	Preset             string        `json:"preset"`
	Spec               string        `json:"spec"`
	MaxPayload         *int          `json:"max_payload"`
	AcceptUnterminated bool          `json:"accept_unterminated"`
	Wire               hexBytes      `json:"wire"`
	Events             []vectorEvent `json:"events"`
}

type vectorEvent struct {
	Frame  *hexBytes `json:"frame"`
	Error  string    `json:"error"`
	Offset int64     `json:"offset"`
	Size   number    `json:"size"`
	Have   int64     `json:"have"`
	Want   number    `json:"want"`
	Final  bool      `json:"final"`
}

// An encodeVector is one of testdata/encode.
type encodeVector struct {
	Name    string    `json:"name"`
	Preset  string    `json:"preset"`
	Spec    string    `json:"spec"`
	Payload hexBytes  `json:"payload"`
	Wire    *hexBytes `json:"wire"`
	Refused string    `json:"refused"`
}

// vectors returns the vectors of testdata/dir by file.
func vectors[V any](t *testing.T, dir string) map[string][]V {
	t.Helper()
	files, err := filepath.Glob("../../testdata/" + dir + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got files %v, error %v; want some", files, err)
	}
	all := make(map[string][]V)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v []V
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil || len(v) == 0 {
			t.Fatalf("%s: got %d vectors, error %v; want some", file, len(v), err)
		}
		all[filepath.Base(file)] = v
	}
	return all
}

func parse(t *testing.T, text string) framing.Framer {
	t.Helper()
	f, err := spec.Parse(text)
	if err != nil {
		t.Fatalf("spec.Parse(%q): %v", text, err)
	}
	return f
}

func TestDecodeVectors(t *testing.T) {
	t.Parallel()
	for file, all := range vectors[decodeVector](t, "decode") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, v := range all {
				f := parse(t, v.Spec)
				n := len(v.Wire)
				v.play(t, f, n)
				for cut := 1; cut < n; cut++ {
					v.play(t, f, cut)
				}
				v.play(t, f, 0)
			}
		})
	}
}

// play reads v, cut at byte cut or, if that is 0, after every byte, with everything
// that reads.
func (v decodeVector) play(t *testing.T, f framing.Framer, cut int) {
	t.Helper()
	limit := -1
	if v.MaxPayload != nil {
		limit = *v.MaxPayload
	}
	stream := func() *frametest.Script {
		s := *frametest.Chunks(v.Wire[:cut], max(1, cut))
		if cut == 0 {
			s = *frametest.Chunks(v.Wire, 1)
		} else if cut < len(v.Wire) {
			s = append(s, frametest.Read{Data: string(v.Wire[cut:])})
		}
		return &s
	}

	b := framing.NewBuffer(f)
	b.SetMaxPayload(limit)
	b.AcceptUnterminated(v.AcceptUnterminated)
	x := expectation{t: t, v: v, by: "Buffer", cut: cut}
	for _, read := range *stream() {
		_, _ = b.Write([]byte(read.Data))
		for payload, err := range b.Frames() {
			if x.over {
				break
			}
			x.next(payload, err, b.Offset()-int64(b.Frame().Size))
		}
	}
	for !x.over {
		payload, err := b.Finish()
		x.next(payload, err, -1)
	}

	r := framing.NewReader(stream(), f)
	r.SetMaxPayload(limit)
	r.AcceptUnterminated(v.AcceptUnterminated)
	for x = (expectation{t: t, v: v, by: "Reader", cut: cut}); !x.over; {
		payload, err := r.ReadFrame()
		x.next(payload, err, -1)
	}

	for _, e := range v.Events {
		if e.Error == "too_large" || e.Error == "malformed" && !e.Final || v.AcceptUnterminated {
			return // a Scanner has a limit of its own, and ends at every error
		}
	}
	s := bufio.NewScanner(stream())
	s.Buffer(nil, 1<<20)
	s.Split(framing.SplitFunc(f))
	x = expectation{t: t, v: v, by: "Scanner", cut: cut}
	for s.Scan() {
		x.next(s.Bytes(), nil, -1)
	}
	if err := s.Err(); err != nil {
		x.next(nil, err, -1)
	} else {
		x.next(nil, io.EOF, -1)
	}
}

// An expectation compares what is read with the events of v.
type expectation struct {
	t    *testing.T
	v    decodeVector
	by   string
	cut  int
	i    int
	over bool
}

// next takes what was read: a frame at offset, if that is not -1, or an error.
func (x *expectation) next(payload []byte, err error, offset int64) {
	x.t.Helper()
	got := newEvent(payload, err, offset)
	x.over = err != nil && !errors.Is(err, framing.ErrFrame)
	want := vectorEvent{Error: io.EOF.Error()}
	if x.i < len(x.v.Events) {
		want = x.v.Events[x.i]
	}
	x.i++
	switch {
	case err == nil && offset < 0:
		got.Offset = want.Offset
	case want.Error == "too_large" && want.Size == 0:
		got.Size = 0 // it may be known or not
	case math.MaxInt == math.MaxInt32 && want.Size > math.MaxInt32-16:
		want.Final = true // the size of the frame is not an int
		x.i = len(x.v.Events)
	}
	same := (got.Frame == nil) == (want.Frame == nil) && (got.Frame == nil || bytes.Equal(*got.Frame, *want.Frame))
	got.Frame, want.Frame = nil, nil
	if !same || got != want {
		x.t.Fatalf("%s (%s), cut at %d (0: everywhere), %s: event %d = %q, %v; want %+v", x.v.Name, x.v.Spec, x.cut, x.by, x.i, payload, err, want)
	}
	if x.over && err != io.EOF && x.i < len(x.v.Events) {
		x.t.Fatalf("%s (%s), cut at %d, %s: error %v is terminal; want %+v after it", x.v.Name, x.v.Spec, x.cut, x.by, err, x.v.Events[x.i])
	}
}

// newEvent returns the event for a frame at offset or an error.
func newEvent(payload []byte, err error, offset int64) vectorEvent {
	switch e := err.(type) {
	case nil:
		return vectorEvent{Frame: (*hexBytes)(&payload), Offset: offset}
	case *framing.TooLargeError:
		return vectorEvent{Error: "too_large", Offset: e.Offset, Size: number(e.Size), Final: e.Final}
	case *framing.FormatError:
		return vectorEvent{Error: "malformed", Offset: e.Offset, Final: e.Final}
	case *framing.UnexpectedEOFError:
		if errors.Is(e, io.ErrUnexpectedEOF) {
			return vectorEvent{Error: "unexpected_eof", Offset: e.Offset, Have: e.Have, Want: number(e.Want)}
		}
	}
	return vectorEvent{Error: err.Error()}
}

func TestEncodeVectors(t *testing.T) {
	t.Parallel()
	for file, all := range vectors[encodeVector](t, "encode") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, v := range all {
				f := parse(t, v.Spec)
				var out bytes.Buffer
				w := framing.NewWriter(&out, f)
				errs := [2]error{w.WriteFrame(v.Payload), w.Flush()}
				got, err := f.Append([]byte("before"), v.Payload)
				if v.Wire != nil {
					if want := "before" + string(*v.Wire); string(got) != want || err != nil {
						t.Errorf("%s: Append(before, %q) = %q, %v; want %q", v.Spec, v.Payload, got, err, want)
					}
					if want := string(*v.Wire); out.String() != want || errs != [2]error{} {
						t.Errorf("%s: WriteFrame(%q) wrote %q, errors %v; want %q", v.Spec, v.Payload, &out, errs, want)
					}
					continue
				}
				if e := (*framing.PayloadError)(nil); !errors.As(err, &e) || string(got) != "before" {
					t.Errorf("%s: Append(before, %q) = %q, %v; want before and a PayloadError", v.Spec, v.Payload, got, err)
				}
				if v.Refused != "too_large" && v.Refused != "payload" {
					t.Errorf("%s: unknown refusal %q", v.Spec, v.Refused)
				}
			}
		})
	}
}

// Every vector has the one spec text of its framing, which is that of String with
// delimiters in hexadecimal digits, and a preset is the same framing.
func TestVectorsHaveOneText(t *testing.T) {
	t.Parallel()
	check := func(name, text, preset string) {
		t.Helper()
		f := parse(t, text)
		if want := hexDelimiters(fmt.Sprint(f)); text != want {
			t.Errorf("%s: got the spec %s, want %s", name, text, want)
		}
		if preset != "" && fmt.Sprint(parse(t, preset)) != fmt.Sprint(f) {
			t.Errorf("%s: the preset %s is %s, want %s", name, preset, parse(t, preset), text)
		}
	}
	for _, all := range vectors[decodeVector](t, "decode") {
		for _, v := range all {
			check(v.Name, v.Spec, v.Preset)
		}
	}
	for _, all := range vectors[encodeVector](t, "encode") {
		for _, v := range all {
			check(v.Name, v.Spec, v.Preset)
		}
	}
}

var textKey = regexp.MustCompile(`,text=((?:[^\\,]|\\.)+)`)

// hexDelimiters returns spec, as String writes it, with hex= for text=.
func hexDelimiters(spec string) string {
	return textKey.ReplaceAllStringFunc(spec, func(key string) string {
		text := strings.TrimPrefix(key, ",text=")
		return ",hex=" + hex.EncodeToString([]byte(strings.NewReplacer(`\\`, `\`, `\,`, `,`).Replace(text)))
	})
}

// stricter are the rules that testdata/README.md explains.
var stricter = map[string]string{
	"bare-newline":    "dot content-length",
	"escape":          "slip",
	"leading-zero":    "content-length text-head",
	"minimal":         "varint",
	"nul":             "resp text-head",
	"repeated-length": "content-length",
}

// A vector that is marked as stricter than the source of its framing has an error
// that the source does not ask for, and names the rule.
func TestStricterVectors(t *testing.T) {
	t.Parallel()
	found := make(map[string]bool)
	for _, all := range vectors[decodeVector](t, "decode") {
		for _, v := range all {
			if v.Stricter == "" {
				continue
			}
			name, _, _ := strings.Cut(v.Spec, ",")
			found[v.Stricter+" "+name] = true
			if v.Events[0].Error != "malformed" {
				t.Errorf("%s is marked %q; got the event %+v, want malformed", v.Name, v.Stricter, v.Events[0])
			}
		}
	}
	for rule, names := range stricter {
		for _, name := range strings.Fields(names) {
			if key := rule + " " + name; !found[key] {
				t.Errorf("no vector of %s is marked %q", name, rule)
			} else {
				delete(found, key)
			}
		}
	}
	if len(found) > 0 {
		t.Errorf("unknown marks: %v", found)
	}
}

// Every key of every framing has vectors in both directions, every error has some,
// and no name occurs twice.
func TestVectorsCoverEveryOption(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	decoded, encoded, kinds := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	note := func(seen map[string]bool, text, kind string) {
		name, keys, _ := strings.Cut(text, ",")
		kinds[name+" "+kind] = true
		seen[name] = true
		for key := range strings.SplitSeq(keys, ",") {
			key, _, _ = strings.Cut(key, "=")
			seen[name+","+key] = true
		}
	}
	name := func(name string) {
		if name == "" || names[name] {
			t.Errorf("got the name %q, want one that is unique", name)
		}
		names[name] = true
	}
	for _, all := range vectors[decodeVector](t, "decode") {
		for _, v := range all {
			name(v.Name)
			note(decoded, v.Spec, "")
			for _, e := range v.Events {
				note(decoded, v.Spec, e.Error)
			}
		}
	}
	for _, all := range vectors[encodeVector](t, "encode") {
		for _, v := range all {
			name(v.Name)
			note(encoded, v.Spec, v.Refused)
		}
	}
	for _, f := range spec.Framings() {
		wanted := []string{f.Name}
		for _, key := range f.Keys {
			if key.Name == "text" {
				continue // hex is the same
			}
			wanted = append(wanted, f.Name+","+key.Name)
		}
		for _, w := range wanted {
			if !decoded[w] || !encoded[w] {
				t.Errorf("%s: decode vectors %t, encode vectors %t; want both", w, decoded[w], encoded[w])
			}
		}
	}
	for name, errors := range map[string]string{
		"line":           "too_large unexpected_eof payload",
		"crlf":           "too_large unexpected_eof payload",
		"delimiter":      "too_large unexpected_eof payload",
		"dot":            "too_large unexpected_eof malformed payload",
		"length":         "too_large unexpected_eof malformed payload",
		"varint":         "too_large unexpected_eof malformed",
		"fixed":          "too_large unexpected_eof payload",
		"netstring":      "too_large unexpected_eof malformed",
		"octet-count":    "too_large unexpected_eof malformed payload",
		"syslog":         "too_large unexpected_eof payload",
		"content-length": "too_large unexpected_eof malformed payload",
		"text-head":      "too_large unexpected_eof malformed payload",
		"json":           "too_large unexpected_eof malformed payload",
		"resp":           "too_large unexpected_eof malformed payload",
		"record-mark":    "too_large unexpected_eof",
		"stuffed":        "too_large unexpected_eof malformed payload",
		"slip":           "too_large unexpected_eof malformed payload",
		"cobs":           "too_large unexpected_eof malformed",
		"enclosed":       "too_large unexpected_eof malformed payload",
		"stx":            "too_large unexpected_eof malformed payload",
	} {
		for _, e := range strings.Fields(errors) {
			if !kinds[name+" "+e] {
				t.Errorf("no vector of %s has the error %s", name, e)
			}
		}
	}
}
