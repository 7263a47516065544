package play

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The first guess shows the messages of the pasted text.
func TestGuesses(t *testing.T) {
	for _, c := range []struct {
		name, input string
		mode        Mode
		payloads    string
	}{
		{"netstrings as text", "5:hello,5:world,5:again,", Text, "hello world again"},
		{"lengths in hexadecimal", "0000 0005 68656c6c6f 0000 0005 776f726c64\n0000 0002 6f6b", Hex, "hello world ok"},
		{"lengths as text with escapes", `\x00\x00\x00\x05hello\x00\x00\x00\x05world\x00\x00\x00\x02ok`, Text, "hello world ok"},
		{"digits that are lines", "120\n77\n4411\n9\n58\n301\n6\n7702\n14\n90\n33\n", Text, "120 77 4411 9 58 301 6 7702 14 90 33"},
		{"lines", strings.Repeat("hello\nwonderful\nworld\n", 5), Text, strings.TrimSpace(strings.Repeat("hello wonderful world ", 5))},
	} {
		t.Run(c.name, func(t *testing.T) {
			guesses := Guesses(c.input)
			require.NotEmpty(t, guesses)
			assert.Equal(t, c.mode, guesses[0].Mode)
			assert.NotEmpty(t, guesses[0].Why)
			var payloads []string
			for _, n := range Play(Request{Spec: guesses[0].Spec, Mode: c.mode, Input: c.input, Arrived: -1}).Results {
				payloads = append(payloads, n.Payload)
			}
			assert.Equal(t, c.payloads, strings.Join(payloads, " "), guesses[0].Spec)
		})
	}

	// The presets that split the bytes at the same places come with a spec, and are never null.
	assert.Contains(t, Guesses("0000 0005 68656c6c6f 0000 0005 776f726c64\n0000 0002 6f6b")[0].Protocols, "kafka")
	assert.Equal(t, []string{}, Guesses("hello;wonderful;world;again;and;once;more;")[0].Protocols)

	// The first 4 KiB are examined.
	assert.Equal(t, "netstring", Guesses(strings.Repeat("5:hello,", 600) + "no netstring")[0].Spec)

	for _, input := range []string{"", "ab\n", `0102`, `\q is not an escape, but the rest is long enough`} {
		assert.Equal(t, []Guess{}, Guesses(input), input)
	}
}
