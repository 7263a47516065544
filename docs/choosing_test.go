package docs

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

func parse(t *testing.T, text string) framing.Framer {
	t.Helper()
	f, err := spec.Parse(text)
	require.NoError(t, err)
	return f
}

// receive returns the payload of wire, which is one frame.
func receive(t *testing.T, f framing.Framer, wire []byte) []byte {
	t.Helper()
	r := framing.NewReader(bytes.NewReader(wire), f)
	payload, err := r.AppendPayload(nil)
	require.NoError(t, err, "% x", wire)
	_, err = r.ReadFrame()
	require.Equal(t, io.EOF, err, "% x", wire)
	return payload
}

func octets(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	require.NoError(t, err)
	return b
}

// Each picture is a frame as it is written, or read too; its boxes are drawn
// straight, and what it spells is the payload.
func TestChoosing_Pictures(t *testing.T) {
	shown := map[string]bool{}
	var f framing.Framer
	alsoRead := false
	for _, m := range find(t, read(t, "docs/choosing.md"), "(?m)^`([^`]+)` · |^Also read:$|^```\n((?s:.*?))^```") {
		switch {
		case m[1] != "":
			f = parse(t, m[1])
			name, _, _ := strings.Cut(m[1], ",")
			shown[name] = true
		case m[2] == "":
			alsoRead = true
		default:
			checkPicture(t, f, m[2], alsoRead)
			alsoRead = false
		}
	}
	for _, f := range spec.Framings() {
		assert.True(t, shown[f.Name], "there is no picture of %s", f.Name)
	}
}

func checkPicture(t *testing.T, f framing.Framer, picture string, alsoRead bool) {
	t.Helper()
	lines := strings.Split(picture, "\n")
	require.Len(t, lines, 5, picture)
	upper, lower := strings.Split(lines[1], "|"), strings.Split(lines[2], "|")
	require.Equal(t, len(upper), len(lower), picture)

	rule, top, bottom := "+", "|", "|"
	var wire, spelled, whole []byte // whole: with line ends, and spaces in a text of several words
	for i, cell := range upper[1 : len(upper)-1] {
		digits, caption := strings.TrimSpace(cell), strings.TrimSpace(lower[i+1])
		b := octets(t, digits)
		wire = append(wire, b...)
		if strings.Join(strings.Fields(caption), "") == string(b) {
			assert.Equal(t, string(b), spell(digits, strings.TrimPrefix(lower[i+1], " ")), "the letters stand under their bytes\n%s", picture)
			spelled = append(spelled, b...)
		}
		if caption == string(b) || strings.NewReplacer(" ", "", `\r`, "\r", `\n`, "\n").Replace(caption) == string(b) {
			whole = append(whole, b...)
		}
		width := max(len(digits), len(caption))
		rule += strings.Repeat("-", width+2) + "+"
		top += fmt.Sprintf(" %-*s |", width, digits)
		bottom += fmt.Sprintf(" %-*s |", width, caption)
	}
	assert.Equal(t, strings.Join([]string{rule, top, bottom, rule, ""}, "\n"), picture)

	payload := receive(t, f, slices.Clone(wire))
	written, err := f.Append(nil, payload)
	require.NoError(t, err)
	assert.Equal(t, !alsoRead, bytes.Equal(wire, written), "%v writes %q", f, written)
	if bytes.Contains(wire, payload) {
		assert.Contains(t, []string{string(spelled), string(whole)}, string(payload), picture)
		return
	}
	for _, c := range spelled { // some bytes are escaped, or have no letter
		at := bytes.IndexByte(payload, c)
		require.GreaterOrEqual(t, at, 0, picture)
		payload = payload[at+1:]
	}
}

// spell returns the letters that stand under the first digit of each byte.
func spell(digits, letters string) (s string) {
	for i := 0; i < len(digits); i += 3 {
		s += letters[i : i+1]
	}
	return s
}

// What the framings can do is what they do.
func TestChoosing_Properties(t *testing.T) {
	word := map[bool]string{true: "yes", false: "no"}
	for _, row := range rows(t, read(t, "docs/choosing.md"), "framing \\| any bytes") {
		text := coded(t, row[0])[0]
		f := parse(t, text)
		assert.Equal(t, []string{word[anyBytes(f)], word[streams(f)], word[recovers(t, f)], word[readable(t, f)]}, row[1:], text)
	}
}

// anyBytes reports whether f takes any two bytes, inside a payload and at its
// end.
func anyBytes(f framing.Framer) bool {
	payload := []byte("sixteen letters!")
	for b := range 1 << 16 {
		for _, at := range []int{7, 14} {
			p := slices.Clone(payload)
			p[at], p[at+1] = byte(b>>8), byte(b)
			if _, err := f.Append(nil, p); err != nil {
				return false
			}
		}
	}
	return true
}

func streams(f framing.Framer) bool {
	e, ok := f.(framing.Encloser)
	if !ok {
		return false
	}
	_, err := e.AppendHeader(nil, nil, 16)
	return err == nil
}

// recovers reports whether, wherever a byte of the first message is lost, the
// fourth arrives.
func recovers(t *testing.T, f framing.Framer) bool {
	var wire []byte
	ends := 0
	for i, message := range []string{"the first letter", "a second letter.", "the third letter", "and the last one"} {
		var err error
		wire, err = f.Append(wire, []byte(message))
		require.NoError(t, err)
		if i == 0 {
			ends = len(wire)
		}
	}
	for lost := range ends {
		var last string
		for payload, err := range framing.NewReader(bytes.NewReader(slices.Delete(slices.Clone(wire), lost, lost+1)), f).Frames() {
			if last = string(payload); err != nil {
				last = err.Error()
			}
		}
		if last != "and the last one" {
			return false
		}
	}
	return true
}

// readable reports whether a frame of readable text has bytes of the framing,
// and they are text.
func readable(t *testing.T, f framing.Framer) bool {
	payload := []byte("sixteen letters!")
	wire, err := f.Append(nil, payload)
	require.NoError(t, err)
	return len(wire) > len(payload) && regexp.MustCompile(`^[ -~\r\n]*$`).Match(wire)
}

// The costs are those of a payload of ordinary letters, and of the worst byte.
func TestChoosing_Costs(t *testing.T) {
	for _, row := range rows(t, read(t, "docs/choosing.md"), "framing \\| 16 bytes") {
		f := parse(t, coded(t, row[0])[0])
		cost := func(size int, b byte) int {
			wire, err := f.Append(nil, bytes.Repeat([]byte{b}, size))
			if err != nil {
				return 0
			}
			return len(wire) - size
		}
		worst := 0
		for b := range 256 {
			worst = max(worst, cost(1<<10, byte(b)))
		}
		var got []string
		for _, n := range []int{cost(16, 'x'), cost(1<<10, 'x'), cost(64<<10, 'x'), worst} {
			got = append(got, strconv.Itoa(n))
		}
		assert.Equal(t, row[1:], got, row[0])
	}
}

// A Go line makes the framer of the spec beside it.
func TestGoLines(t *testing.T) {
	var texts []string
	var calls strings.Builder
	used := map[string]bool{"fmt": true}
	add := func(text, expr string) {
		texts = append(texts, text)
		fmt.Fprintf(&calls, "\tshow(%s)\n", expr)
		used["github.com/wholeframe/wholeframe/framing/"+strings.Split(expr, ".")[0]] = true
	}
	for _, m := range find(t, read(t, "docs/choosing.md"), "(?m)`([a-z][^`]*)`(?: ·| \\()[ ]?`([a-z]+\\.[^`]+)`") {
		add(m[1], m[2])
	}
	for _, readme := range []string{"README.md", "README.zh-CN.md"} {
		for _, row := range rows(t, read(t, readme), "spec") {
			exprs := coded(t, row[2])
			for i, text := range coded(t, row[0]) {
				add(text, exprs[i])
			}
		}
	}
	program := "package main\n\nimport (\n"
	for path := range used {
		program += "\t" + strconv.Quote(path) + "\n"
	}
	program += ")\n\n// show prints a framer, or the error beside it.\n" +
		"func show(v ...any) {\n\tif len(v) == 2 && v[1] != nil {\n\t\tv = v[1:]\n\t}\n\tfmt.Println(v[0])\n}\n\n" +
		"func main() {\n" + calls.String() + "}\n"
	var want []string
	for _, text := range texts {
		want = append(want, fmt.Sprint(parse(t, text)))
	}
	assert.Equal(t, want, strings.Split(strings.TrimSpace(goRun(t, program)), "\n"))
}
