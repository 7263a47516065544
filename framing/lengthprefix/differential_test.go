package lengthprefix_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing/internal/oracle"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// Varint finds the frames that encoding/binary finds with io.ReadFull, in any
// stream. Without NonMinimal, what AppendUvarint writes differently is refused.
func TestVarint_Binary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nonMinimal := rapid.Bool().Draw(t, "non-minimal")
		var wire []byte
		for range rapid.IntRange(0, 8).Draw(t, "pieces") {
			switch rapid.IntRange(0, 4).Draw(t, "piece") {
			case 0:
				wire = append(wire, rapid.SliceOfN(rapid.SampledFrom([]byte("\x00\x01\x02\x7f\x80\x81\xff")), 1, 11).Draw(t, "bytes")...)
			case 1:
				wire = binary.AppendUvarint(wire, rapid.Uint64().Draw(t, "length"))
			case 2: // nine bytes that go on, and one that may be too many
				wire = append(wire, bytes.Repeat([]byte{rapid.SampledFrom([]byte("\x80\x81\xff")).Draw(t, "group")}, 9)...)
				wire = append(wire, rapid.SampledFrom([]byte("\x00\x01\x02\x80")).Draw(t, "last"))
			default:
				payload := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload")
				wire = append(binary.AppendUvarint(wire, uint64(len(payload))), payload...)
			}
		}

		var want oracle.Stream
		for rest := bytes.NewReader(wire); rest.Len() > 0; {
			before := rest.Len()
			size, err := binary.ReadUvarint(rest)
			n := before - rest.Len()
			if err == io.ErrUnexpectedEOF {
				want.Torn = true
				break
			}
			want.Lost = err != nil || n > len(binary.AppendUvarint(nil, size)) && !nonMinimal || size > uint64(math.MaxInt-n)
			if want.Lost {
				break
			}
			if want.Torn = size > uint64(rest.Len()); want.Torn {
				break
			}
			payload := make([]byte, size)
			if _, err := io.ReadFull(rest, payload); err != nil {
				t.Fatal(err)
			}
			want.Frame(payload)
		}

		f := lengthprefix.Varint()
		if nonMinimal {
			f = f.NonMinimal()
		}
		oracle.Compare(t, f, wire, want)
	})
}
