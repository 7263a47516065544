package play

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// shown writes what the page shows in a line each.
func shown(r Response) (lines []string) {
	for _, n := range r.Results {
		var parts []string
		for _, p := range n.Parts {
			parts = append(parts, fmt.Sprint(p.Kind, " ", p.Size))
		}
		line := fmt.Sprintf("%s at %d by piece %d: %s", n.Kind, n.Offset, n.Piece, strings.Join(parts, ", "))
		if n.Kind == "frame" {
			line += fmt.Sprintf(": %q", n.Payload)
		}
		if n.Error != "" {
			line += fmt.Sprintf(": %d: %s", n.At, n.Error)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPlay(t *testing.T) {
	for _, c := range []struct {
		name string
		q    Request
		want []string
	}{
		{"a cut frame and two that stick together", Request{Spec: "line", Mode: Messages, Input: "hello\nworld\nagain", Cuts: []int{3}, Arrived: -1}, []string{
			`frame at 0 by piece 2: payload 5, trailer 1: "hello"`,
			`frame at 6 by piece 2: payload 5, trailer 1: "world"`,
			`frame at 12 by piece 2: payload 5, trailer 1: "again"`,
		}},
		{"not all pieces", Request{Spec: "length,width=2", Mode: Hex, Input: "0005 68656c6c6f 0002 68", Cuts: []int{7, 9}, Arrived: 2}, []string{
			`frame at 0 by piece 1: header 2, payload 5: "hello"`,
			`waiting at 7 by piece 2: header 2`,
		}},
		{"no piece", Request{Spec: "line", Mode: Text, Input: "hello\n", Arrived: 0}, nil},
		{"more pieces than there are", Request{Spec: "line", Mode: Text, Input: "a\n", Arrived: 9}, []string{
			`frame at 0 by piece 1: payload 1, trailer 1: "a"`,
		}},
		{"an end between frames", Request{Spec: "line", Mode: Text, Input: "a\n", Arrived: -1, End: true}, []string{
			`frame at 0 by piece 1: payload 1, trailer 1: "a"`,
		}},
		{"an end inside a frame", Request{Spec: "length", Mode: Hex, Input: "00000001 61 00000005 6162", Arrived: -1, End: true}, []string{
			`frame at 0 by piece 1: header 4, payload 1: "a"`,
			`refused at 5 by piece 1: header 4, payload 2: 5: framing: frame at offset 5: unexpected EOF after 6 of 9 bytes`,
		}},
		{"an end that has not come", Request{Spec: "line", Mode: Text, Input: "ab", Cuts: []int{1}, Arrived: 1, End: true}, []string{
			`waiting at 0 by piece 1: incomplete 1`,
		}},
		{"stuffing, fill bytes, an invalid frame", Request{Spec: "slip", Mode: Hex, Input: "61dbdcc0 c0 62db21c0 63c0", Arrived: -1}, []string{
			`frame at 0 by piece 1: payload 1, stuffing 2, trailer 1: "a\\xc0"`,
			`fill at 4 by piece 1: fill 1`,
			`refused at 5 by piece 1: skipped 4: 5: framing: frame at offset 5: malformed escape: got 0x21 after 0xdb, want 0xdc or 0xdd`,
			`frame at 9 by piece 1: payload 1, trailer 1: "c"`,
		}},
		{"one error after the other", Request{Spec: "cobs", Mode: Hex, Input: "0500 0500", Arrived: -1}, []string{
			`refused at 0 by piece 1: skipped 2: 0: framing: frame at offset 0: malformed code: 0x05 at byte 0 exceeds the frame, which has 1 byte before its zero`,
			`refused at 2 by piece 1: skipped 2: 2: framing: frame at offset 2: malformed code: 0x05 at byte 0 exceeds the frame, which has 1 byte before its zero`,
		}},
		{"too large, skipped in pieces, one result", Request{Spec: "line", Max: "2", Mode: Text, Input: "abcdef\ngh\n", Cuts: []int{1, 2, 3, 4, 5, 6, 7}, Arrived: -1}, []string{
			`refused at 0 by piece 7: skipped 7: 0: framing: frame at offset 0: payload exceeds the limit of 2 bytes`,
			`frame at 7 by piece 8: payload 2, trailer 1: "gh"`,
		}},
		{"an incomplete frame after a refused one", Request{Spec: "line", Max: "2", Mode: Text, Input: "toolong\nab", Arrived: -1}, []string{
			`refused at 0 by piece 1: skipped 8: 0: framing: frame at offset 0: payload exceeds the limit of 2 bytes`,
			`waiting at 8 by piece 1: incomplete 2`,
		}},
		{"lost, in pieces, one result", Request{Spec: "netstring", Mode: Text, Input: "1:a,x:yz", Cuts: []int{5, 6}, Arrived: -1}, []string{
			`frame at 0 by piece 1: header 2, payload 1, trailer 1: "a"`,
			`refused at 4 by piece 3: lost 4: 4: framing: frame at offset 4: malformed length: got 'x', want a digit`,
		}},
		{"frames that are larger than memory", Request{Spec: "fixed,size=1048576GiB", Max: "-1", Mode: Hex, Input: "6162", Arrived: -1, End: true}, []string{
			`refused at 0 by piece 1: payload 2: 0: framing: frame at offset 0: unexpected EOF after 2 of 1125899906842624 bytes`,
		}},
		{"no limit", Request{Spec: "length", Max: "-1", Mode: Hex, Input: "7fffffff", Arrived: -1}, []string{
			`waiting at 0 by piece 1: header 4`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Play(c.q)
			assert.Empty(t, slices.Concat(r.SpecErrors, r.MaxErrors, r.InputErrors))
			assert.Equal(t, c.want, shown(r))
		})
	}
}

func TestPlayWrongFields(t *testing.T) {
	r := Play(Request{Spec: "length,width=9,order=big", Max: "1MB", Mode: Hex, Input: "6162", Arrived: -1})
	assert.Equal(t, []Fault{{"spec: at byte 7: lengthprefix: width: 9 is not allowed; it must be 1 to 8 bytes", 7, 14}}, r.SpecErrors)
	assert.Len(t, r.MaxErrors, 1)
	assert.Contains(t, r.MaxErrors[0].Text, `invalid size "1MB"`)
	assert.Equal(t, "6162", r.Hex, "the bytes are shown as they are")
	assert.Equal(t, "6162", r.Rest, "and kept when they are to be messages")
	assert.Empty(t, r.Results)
	assert.Empty(t, r.Program)

	// Places are those of a browser, which counts in UTF-16.
	r = Play(Request{Spec: "delimiter,text=\U0001f600,width=9", Mode: Text})
	require.Len(t, r.SpecErrors, 1)
	assert.Equal(t, [2]int{18, 25}, [2]int{r.SpecErrors[0].Start, r.SpecErrors[0].End})

	// An escaped comma does not end a value.
	for text, want := range map[string][2]int{`delimiter,text=a\,\q,keep`: {10, 20}, `delimiter,text=a\`: {10, 17}, `delimiter,text=a\\,width=9,keep`: {19, 26}} {
		r = Play(Request{Spec: text, Mode: Text})
		require.Len(t, r.SpecErrors, 1)
		assert.Equal(t, want, [2]int{r.SpecErrors[0].Start, r.SpecErrors[0].End}, text)
	}

	r = Play(Request{Spec: "line", Max: "2", Mode: Messages, Input: "ab\nabc"})
	assert.Equal(t, "61620a", r.Hex)
	assert.Equal(t, []Fault{{"message 2: framing: payload of 3 bytes refused: it exceeds the limit of 2 bytes", 3, 6}}, r.InputErrors)

	// Arrays are never null in JSON.
	for _, text := range []string{"", "line"} {
		b, err := json.Marshal(Play(Request{Spec: text, Mode: Text}))
		require.NoError(t, err)
		for _, empty := range []string{`"maxErrors":[]`, `"inputErrors":[]`, `"cuts":[]`, `"results":[]`} {
			assert.Contains(t, string(b), empty)
		}
	}
}

func TestInput(t *testing.T) {
	const tooLong = "the stream has more than 1024 bytes, the most that are shown here"
	const escapes = `: want one of a Go string, such as \n \r \t \\ \x00 \u20ac`
	for _, c := range []struct {
		mode   Mode
		spec   string
		input  string
		hex    string
		faults []Fault
	}{
		{Messages, "line", "a\nb", "610a620a", nil},
		{Messages, "line", "a\nb\n", "610a620a", nil},
		{Messages, "line", "", "", nil},
		{Messages, "line", "\n", "0a", nil},
		{Messages, "line", "a\n\n", "610a0a", nil},
		{Messages, "line", "a\n\nb", "610a0a620a", nil},
		{Messages, "line", `a\tb\x00\u20ac\\`, "61096200e282ac5c0a", nil},
		{Messages, "line", "\U0001f600\nb\\nc\n\U0001f600\\q\nd", "f09f98800a640a", []Fault{
			{`message 2: framing: payload of 3 bytes refused: it contains the delimiter "\n" at byte 1`, 3, 7},
			{`message 3: invalid escape "\\q"` + escapes, 10, 12},
		}},
		{Messages, "fixed,size=64KiB,pad=00", "a", "", []Fault{{tooLong, 0, 1}}},
		{Messages, "stuffed,table=hdlc", strings.Repeat("a", 40000), "", []Fault{{"message 1: it may take 80002 bytes on the wire; at most 1024 are shown here", 0, 40000}}},
		{Text, "line", "a\r\nb", "610d0a62", nil},
		{Text, "line", `é\x`, "", []Fault{{`invalid escape "\\x"` + escapes, 1, 3}}},
		{Text, "line", `\u12 later`, "", []Fault{{`invalid escape "\\u12 l"` + escapes, 0, 6}}},
		{Text, "line", `\`, "", []Fault{{`invalid escape "\\"` + escapes, 0, 1}}},
		{Hex, "line", " 0A ff\n0\t0 ", "0aff00", nil},
		{Hex, "line", "00 0g", "", []Fault{{"invalid hexadecimal digit 'g'", 4, 5}}},
		{Hex, "line", "000", "", []Fault{{"3 hexadecimal digits: want two for each byte", 0, 3}}},
		{Text, "line", strings.Repeat("a", MaxStream), strings.Repeat("61", MaxStream), nil},
		{Text, "line", strings.Repeat("a", MaxStream+1), "", []Fault{{tooLong, 0, 1025}}},
		{"base64", "line", "YQ==", "", []Fault{{`unknown notation "base64": want messages, text or hex`, 0, 0}}},
	} {
		t.Run(string(c.mode)+" "+c.spec+" "+c.input[:min(len(c.input), 20)], func(t *testing.T) {
			r := Play(Request{Spec: c.spec, Mode: c.mode, Input: c.input, Arrived: -1})
			assert.Equal(t, c.hex, r.Hex)
			if c.faults == nil {
				c.faults = []Fault{}
			}
			assert.Equal(t, c.faults, r.InputErrors)
		})
	}

	r := Play(Request{Spec: "line", Mode: Messages, Input: "a", Rest: "6"})
	assert.Equal(t, []Fault{{"the bytes after the input: 1 hexadecimal digits: want two for each byte", 0, 0}}, r.InputErrors)
}

// The messages of a paste are framed up to the one with which the stream is too long:
// each may take 64 KiB.
func TestTooManyMessages(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := Play(Request{Spec: "fixed,size=64KiB,pad=00", Mode: Messages, Input: strings.Repeat("a\n", 1000), Arrived: -1})
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
	assert.Empty(t, r.Hex)
	assert.Len(t, r.InputErrors, 1)
}

// Of many refused messages the first are described, and the others counted.
func TestManyRefusedMessages(t *testing.T) {
	r := Play(Request{Spec: "fixed,size=2", Mode: Messages, Input: strings.Repeat("abc\n", 5000) + "ab", Arrived: -1})
	assert.Equal(t, "6162", r.Hex)
	require.Len(t, r.InputErrors, 21)
	assert.Equal(t, Fault{"message 20: framing: payload of 3 bytes refused: it must have exactly 2 bytes", 76, 79}, r.InputErrors[19])
	assert.Equal(t, Fault{"more refused messages: 4980", 0, 0}, r.InputErrors[20])
}

// Bytes that are not a whole frame, or that would be written in another way, are the rest.
func TestMessagesAndRest(t *testing.T) {
	for _, c := range []struct{ spec, hex, messages, rest string }{
		{"line", "610a62", "a\n", "62"},
		{"line", "610d0a620a", "", "610d0a620a"}, // Line writes \n alone
		{"netstring", "313a612c78", "a\n", "78"},
		{"slip", "c061c0", "", "c061c0"}, // a fill byte
		{"line", "0a610a", "\na\n", ""},
	} {
		r := Play(Request{Spec: c.spec, Mode: Hex, Input: c.hex})
		assert.Equal(t, c.messages, r.Messages, c.hex)
		assert.Equal(t, c.rest, r.Rest, c.hex)
	}
}

// For any bytes and cuts, under every framing: the parts are those of all bytes
// that have arrived, each once and in order, and every notation is the stream.
func TestPartsTile(t *testing.T) {
	menu := Menu()
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(rapid.SampledFrom([]byte("\x00\x01\x02\x03\x05\x10\r\n ;:,19aC\xc0\xdb\xdc\xdd\xff")), 1, 60).Draw(t, "stream")
		q := Request{
			Spec: rapid.SampledFrom(menu).Draw(t, "framing").Spec, Max: rapid.SampledFrom([]string{"", "0", "3", "-1"}).Draw(t, "max"),
			Mode: Hex, Input: hex.EncodeToString(stream), Cuts: rapid.SliceOfN(rapid.IntRange(-1, 61), 0, 9).Draw(t, "cuts"),
			Arrived: rapid.IntRange(-1, 9).Draw(t, "arrived"), End: rapid.Bool().Draw(t, "end"),
		}
		r := Play(q)
		at := 0
		for _, n := range r.Results {
			size := 0
			for _, p := range n.Parts {
				size += p.Size
			}
			if int(n.Offset) != at || size != n.Size || n.Piece < 1 || n.Piece > r.Arrived {
				t.Fatalf("%+v after %d bytes", n, at)
			}
			at += size
		}
		if at != r.Bytes {
			t.Fatalf("%d bytes of %d are shown", at, r.Bytes)
		}
		for _, n := range []Request{{Mode: Text, Input: r.Text}, {Mode: Hex, Input: r.Hex}, {Mode: Messages, Input: r.Messages, Rest: r.Rest}} {
			n.Spec, n.Max = q.Spec, q.Max
			if again := Play(n); again.Hex != q.Input {
				t.Fatalf("%q and %s as %s are %s, not %s", n.Input, n.Rest, n.Mode, again.Hex, q.Input)
			}
		}
	})
}

// Every framing that can be chosen takes its sample and gives it back.
func TestMenu(t *testing.T) {
	var protocols []string
	for _, item := range Menu() {
		if item.Group == "Protocols" {
			protocols = append(protocols, item.Name)
			continue
		}
		r := Play(Request{Spec: item.Spec, Mode: Messages, Input: item.Sample, Arrived: -1, End: true})
		assert.Empty(t, slices.Concat(r.SpecErrors, r.InputErrors), item.Name)
		var payloads []string
		for _, n := range r.Results {
			payloads = append(payloads, n.Payload)
		}
		assert.Equal(t, item.Sample, strings.Join(payloads, "\n"), item.Name)
	}
	assert.Len(t, protocols, len(spec.Presets()))
}

// Every place in the documents that the menu names is there.
func TestMenuDocuments(t *testing.T) {
	for _, item := range Menu() {
		file, section, _ := strings.Cut(item.Doc, "#")
		text, err := os.ReadFile("../../../" + file)
		require.NoError(t, err, item.Name)
		found := section == ""
		for line := range strings.Lines(string(text)) {
			heading := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
			found = found || line[0] == '#' && strings.NewReplacer(" ", "-", ",", "").Replace(heading) == section
		}
		assert.True(t, found, "%s: %s", item.Name, item.Doc)
	}
}
