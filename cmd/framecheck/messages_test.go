package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing/spec"
)

// In most framings letters are messages, in some form, of any size that is asked for.
func TestMessages(t *testing.T) {
	without := map[string]bool{}
	for _, f := range spec.Framings() {
		framer, err := spec.Parse(f.Example)
		require.NoError(t, err)
		m, err := newMessages(framer, 0, nil)
		if err == errNoForm {
			without[f.Name] = true
			continue
		}
		require.NoError(t, err, f.Name)
		for number := range 3 {
			for _, size := range []int{0, 1, 7, 4093, 4094, 60000} {
				size = m.allowed(size)
				p := m.payload(number, size)
				assert.Len(t, p, size, f.Name)
				_, v := m.frame(p)
				assert.Nil(t, v, "%s: %d bytes", f.Name, size)
			}
		}
	}
	assert.Empty(t, without)
}

// Only what the framing refuses is malformed, and only framings with headers announce.
func TestMessagesOf(t *testing.T) {
	for text, want := range map[string]struct {
		malformed, allowed string
		announces          bool
		fill               string
	}{
		"length":            {"", "\x00\x00\x00\x01x", true, ""},
		"netstring":         {"x", "1:x,", true, ""},
		"line":              {"", "x\n", false, ""},
		"slip":              {"\xdb\xdb\xc0", "\xdb\xdc\xc0", false, "\xc0"},
		"length,skip-empty": {"", "\x00\x00\x00\x01x", true, "\x00\x00\x00\x00"},
		"fixed,size=16":     {"", "sixteen letters!", false, ""},
	} {
		framer, err := spec.Parse(text)
		require.NoError(t, err)
		m, err := newMessages(framer, 0, nil)
		require.NoError(t, err)
		assert.Equal(t, want.announces, m.announces(), text)
		assert.Equal(t, want.fill, string(m.fill), text)
		assert.False(t, m.refuses([]byte(want.allowed)), text)
		if want.malformed != "" {
			assert.True(t, m.refuses([]byte(want.malformed)), text)
		}
	}
}
