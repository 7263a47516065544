package framingtest_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
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

// vectors calls f with each vector of the files in testdata/dir.
func vectors[V any](t *testing.T, dir string, f func(t *testing.T, v V)) {
	t.Helper()
	files, err := fs.Glob(os.DirFS("../../testdata"), dir+"/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("../../testdata", file))
		require.NoError(t, err)
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		var all []V
		require.NoError(t, d.Decode(&all), file)
		require.NotEmpty(t, all, file)
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			for _, v := range all {
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
		if e.Error == "too_large" || v.AcceptUnterminated {
			return // a Scanner has a limit of its own
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

// next takes what came: a frame that begins at offset, if that is not -1.
func (x *expectation) next(payload []byte, err error, offset int64) {
	x.t.Helper()
	note := []any{"%s: %s, %s, cut at %v: event %d", x.how, x.v.Name, x.v.Spec, x.cuts, x.i + 1}
	if x.over = err != nil && !errors.Is(err, framing.ErrFrame); err == io.EOF {
		require.Len(x.t, x.v.Events, x.i, note...)
		return
	}
	require.Less(x.t, x.i, len(x.v.Events), note...)
	want := x.v.Events[x.i]
	x.i++
	if want.Frame != nil {
		require.NoError(x.t, err, note...)
		require.Equal(x.t, string(*want.Frame), string(payload), note...)
		if offset >= 0 {
			require.Equal(x.t, want.Offset, offset, note...)
		}
		return
	}
	var tooLarge *framing.TooLargeError
	var malformed *framing.FormatError
	var unexpected *framing.UnexpectedEOFError
	switch want.Error {
	case "too_large":
		require.ErrorAs(x.t, err, &tooLarge, note...)
		if want.Size > 0 {
			require.Equal(x.t, want.Size, tooLarge.Size, note...)
		}
		require.Equal(x.t, want.Offset, tooLarge.Offset, note...)
		if math.MaxInt == math.MaxInt32 && want.Size > math.MaxInt32-16 {
			want.Final = true // an int cannot say how large the frame is
			x.i = len(x.v.Events)
		}
		require.Equal(x.t, want.Final, tooLarge.Final, note...)
	case "malformed":
		require.ErrorAs(x.t, err, &malformed, note...)
		require.Equal(x.t, want.Offset, malformed.Offset, note...)
		require.Equal(x.t, want.Final, malformed.Final, note...)
	case "unexpected_eof":
		require.ErrorAs(x.t, err, &unexpected, note...)
		require.ErrorIs(x.t, err, io.ErrUnexpectedEOF, note...)
		require.Equal(x.t, framing.UnexpectedEOFError{Have: want.Have, Want: want.Want, Offset: want.Offset}, *unexpected, note...)
	default:
		require.Fail(x.t, "unknown error "+want.Error, note...)
	}
	if x.over {
		require.Len(x.t, x.v.Events, x.i, note...)
	}
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
