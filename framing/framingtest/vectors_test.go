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
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// octets are bytes that JSON holds in hexadecimal.
type octets []byte

func (o *octets) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	b, err := hex.DecodeString(s)
	*o = b
	return err
}

// A decodeVector is one of testdata/decode, whose README describes it.
type decodeVector struct {
	Name               string  `json:"name"`
	Source             string  `json:"source"`
	Spec               string  `json:"spec"`
	MaxPayload         *int    `json:"max_payload"`
	AcceptUnterminated bool    `json:"accept_unterminated"`
	Wire               octets  `json:"wire"`
	Events             []event `json:"events"`
}

type event struct {
	Frame  *octets `json:"frame"`
	Error  string  `json:"error"`
	Offset int64   `json:"offset"`
	Size   uint64  `json:"size"`
	Have   int64   `json:"have"`
	Want   int64   `json:"want"`
	Final  bool    `json:"final"`
}

// An encodeVector is one of testdata/encode.
type encodeVector struct {
	Spec    string  `json:"spec"`
	Payload octets  `json:"payload"`
	Wire    *octets `json:"wire"`
	Refused string  `json:"refused"`
}

// files returns the names of the files of vectors.
func files(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("../../testdata/" + dir + "/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// read returns the vectors of one file.
func read[V any](t *testing.T, file string) (all []V) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&all), file)
	require.NotEmpty(t, all, file)
	return all
}

// load returns all vectors of testdata/dir.
func load[V any](t *testing.T, dir string) (all []V) {
	t.Helper()
	for _, file := range files(t, dir) {
		all = append(all, read[V](t, file)...)
	}
	return all
}

// vectors calls f with each vector of the files in testdata/dir.
func vectors[V any](t *testing.T, dir string, f func(t *testing.T, v V)) {
	t.Helper()
	for _, file := range files(t, dir) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			for _, v := range read[V](t, file) {
				f(t, v)
			}
		})
	}
}

func parsed(t *testing.T, text string) framing.Framer {
	t.Helper()
	f, err := spec.Parse(text)
	require.NoError(t, err, text)
	return f
}

func TestDecodeVectors(t *testing.T) {
	t.Parallel()
	vectors(t, "decode", func(t *testing.T, v decodeVector) {
		f := parsed(t, v.Spec)
		n := len(v.Wire)
		v.play(t, f, nil)
		for cut := 1; cut < n; cut++ {
			v.play(t, f, []int{cut})
		}
		if n > 2 {
			every := make([]int, 0, n)
			for i := 1; i < n; i++ {
				every = append(every, i)
			}
			v.play(t, f, every)
		}
	})
}

// Every key of every framing has vectors in both directions, every error has
// some, and no name stands twice.
func TestVectorsCoverEveryOption(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	decoded, encoded, kinds := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	note := func(seen map[string]bool, text string) {
		name, keys, _ := strings.Cut(text, ",")
		seen[name] = true
		for key := range strings.SplitSeq(keys, ",") {
			key, _, _ = strings.Cut(key, "=")
			seen[name+","+key] = true
		}
	}
	for _, v := range load[decodeVector](t, "decode") {
		assert.False(t, names[v.Name], "%s stands twice", v.Name)
		names[v.Name] = true
		note(decoded, v.Spec)
		for _, e := range v.Events {
			kinds[v.Spec[:strings.IndexByte(v.Spec+",", ',')]+" "+e.Error] = true
		}
	}
	for _, v := range load[encodeVector](t, "encode") {
		note(encoded, v.Spec)
		kinds[v.Spec[:strings.IndexByte(v.Spec+",", ',')]+" "+v.Refused] = true
	}
	for _, f := range spec.Framings() {
		assert.True(t, decoded[f.Name] && encoded[f.Name], "%s has no vectors", f.Name)
		for _, key := range f.Keys {
			assert.True(t, decoded[f.Name+","+key.Name], "%s,%s is not decoded", f.Name, key.Name)
			assert.True(t, encoded[f.Name+","+key.Name], "%s,%s is not encoded", f.Name, key.Name)
		}
	}
	for _, e := range []string{
		"line too_large", "line unexpected_eof", "line payload",
		"crlf too_large", "crlf unexpected_eof", "crlf payload",
		"delimiter too_large", "delimiter unexpected_eof", "delimiter payload",
		"length too_large", "length unexpected_eof", "length malformed", "length payload",
		"varint too_large", "varint unexpected_eof", "varint malformed",
		"fixed too_large", "fixed unexpected_eof", "fixed payload",
		"netstring too_large", "netstring unexpected_eof", "netstring malformed",
		"octet-count too_large", "octet-count unexpected_eof", "octet-count malformed", "octet-count payload",
		"content-length too_large", "content-length unexpected_eof", "content-length malformed",
		"slip too_large", "slip unexpected_eof", "slip malformed", "slip payload",
		"cobs too_large", "cobs unexpected_eof", "cobs malformed",
		"stx too_large", "stx unexpected_eof", "stx malformed", "stx payload",
	} {
		assert.True(t, kinds[e], "%s has no vector", e)
	}
}

// play reads v in pieces with everything that reads.
func (v decodeVector) play(t *testing.T, f framing.Framer, cuts []int) {
	t.Helper()
	limit := -1
	if v.MaxPayload != nil {
		limit = *v.MaxPayload
	}
	pieces := make([][]byte, 0, len(cuts)+1)
	from := 0
	for _, to := range append(cuts, len(v.Wire)) {
		if to > from {
			pieces = append(pieces, v.Wire[from:to])
		}
		from = to
	}

	b := framing.NewBuffer(f)
	b.SetMaxPayload(limit)
	b.AcceptUnterminated(v.AcceptUnterminated)
	x := expectation{t: t, v: v, how: "Buffer", cuts: cuts}
	for i := 0; i < len(pieces) && !x.over; i++ {
		b.Write(pieces[i])
		for payload, err := range b.Frames() {
			x.next(payload, err, b.Offset()-int64(b.Frame().Size))
		}
	}
	for !x.over {
		payload, err := b.End()
		x.next(payload, err, -1)
	}

	r := framing.NewReader(&arrivals{pieces}, f)
	r.SetMaxPayload(limit)
	r.AcceptUnterminated(v.AcceptUnterminated)
	for x = (expectation{t: t, v: v, how: "Reader", cuts: cuts}); !x.over; {
		payload, err := r.ReadFrame()
		x.next(payload, err, -1)
	}

	for _, e := range v.Events {
		if e.Error == "too_large" || e.Error == "malformed" && !e.Final || v.AcceptUnterminated {
			return // a Scanner has a limit of its own, and ends at every error
		}
	}
	s := bufio.NewScanner(&arrivals{pieces})
	s.Buffer(nil, 1<<20)
	s.Split(framing.SplitFunc(f))
	x = expectation{t: t, v: v, how: "Scanner", cuts: cuts}
	for s.Scan() {
		x.next(s.Bytes(), nil, -1)
	}
	if err := s.Err(); err != nil {
		x.next(nil, err, -1)
	}
	x.next(nil, io.EOF, -1)
}

// arrivals is a stream whose reads bring one piece each.
type arrivals struct{ pieces [][]byte }

func (a *arrivals) Read(b []byte) (int, error) {
	if len(a.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(b, a.pieces[0])
	if a.pieces = append([][]byte{a.pieces[0][n:]}, a.pieces[1:]...); len(a.pieces[0]) == 0 {
		a.pieces = a.pieces[1:]
	}
	return n, nil
}

// An expectation compares what comes with what v says.
type expectation struct {
	t    *testing.T
	v    decodeVector
	how  string
	cuts []int
	i    int
	over bool
}

// next takes what came: a frame that begins at offset, if that is not -1, or
// an error.
func (x *expectation) next(payload []byte, err error, offset int64) {
	x.t.Helper()
	fail := func(format string, args ...any) {
		x.t.Helper()
		require.Failf(x.t, fmt.Sprintf(format, args...), "%s: %s (%s), cut at %v, event %d", x.how, x.v.Name, x.v.Spec, x.cuts, x.i+1)
	}
	x.over = err != nil && !errors.Is(err, framing.ErrFrame)
	if err == io.EOF {
		if x.i < len(x.v.Events) {
			fail("the stream ends, before %+v", x.v.Events[x.i])
		}
		return
	}
	if x.i == len(x.v.Events) {
		fail("there is more: %q, %v", payload, err)
	}
	want := x.v.Events[x.i]
	x.i++
	got := event{Frame: (*octets)(&payload), Offset: offset}
	if err != nil {
		got = errorEvent(err)
	}
	switch {
	case err == nil && offset < 0:
		got.Offset = want.Offset
	case want.Error == "too_large" && want.Size == 0:
		got.Size = 0 // it may be known or not
	case math.MaxInt == math.MaxInt32 && want.Size > math.MaxInt32-16:
		want.Final = true // an int cannot say how large the frame is
		x.i = len(x.v.Events)
	}
	if (got.Frame == nil) != (want.Frame == nil) || got.Frame != nil && !bytes.Equal(*got.Frame, *want.Frame) {
		fail("%q, %v came, not %+v", payload, err, want)
	}
	got.Frame, want.Frame = nil, nil
	if got != want || err != nil && want.Final != (x.over && want.Error != "unexpected_eof") {
		fail("%+v (%v) came, not %+v", got, err, want)
	}
	if x.over && x.i < len(x.v.Events) {
		fail("%v is final, before %+v", err, x.v.Events[x.i])
	}
}

// errorEvent returns the event that err is.
func errorEvent(err error) event {
	switch e := err.(type) {
	case *framing.TooLargeError:
		return event{Error: "too_large", Offset: e.Offset, Size: e.Size, Final: e.Final}
	case *framing.FormatError:
		return event{Error: "malformed", Offset: e.Offset, Final: e.Final}
	case *framing.UnexpectedEOFError:
		if errors.Is(e, io.ErrUnexpectedEOF) {
			return event{Error: "unexpected_eof", Offset: e.Offset, Have: e.Have, Want: e.Want}
		}
	}
	return event{Error: err.Error()}
}

func TestEncodeVectors(t *testing.T) {
	t.Parallel()
	vectors(t, "encode", func(t *testing.T, v encodeVector) {
		f := parsed(t, v.Spec)
		wire, err := f.Append([]byte("before"), v.Payload)
		if v.Wire != nil {
			require.NoError(t, err, "%s of %q", v.Spec, v.Payload)
			require.Equal(t, "before"+string(*v.Wire), string(wire), "%s of %q", v.Spec, v.Payload)
			var w bytes.Buffer
			writer := framing.NewWriter(&w, f)
			require.NoError(t, writer.WriteFrame(v.Payload))
			require.NoError(t, writer.Flush())
			require.Equal(t, string(*v.Wire), w.String())
			return
		}
		require.Equal(t, "before", string(wire))
		var tooLarge *framing.TooLargeError
		var refused *framing.PayloadError
		switch v.Refused {
		case "too_large":
			assert.ErrorAs(t, err, &tooLarge, "%s of %q", v.Spec, v.Payload)
		case "payload":
			assert.ErrorAs(t, err, &refused, "%s of %q", v.Spec, v.Payload)
		default:
			assert.Fail(t, "unknown refusal "+v.Refused)
		}
	})
}
