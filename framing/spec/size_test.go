package spec_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing/spec"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		text      string
		want      spec.Size
		canonical string // "": text
	}{
		{"0", 0, ""},
		{"1", 1, ""},
		{"1023", 1023, ""},
		{"1024", 1 << 10, "1KiB"},
		{"0064KiB", 64 << 10, "64KiB"},
		{"1536KiB", 3 << 19, ""},
		{"1024KiB", 1 << 20, "1MiB"},
		{"1MiB", 1 << 20, ""},
		{"1GiB", 1 << 30, ""},
		{"0GiB", 0, "0"},
		{"-1", -1, ""},
		{"-1024", -1024, ""},
		{fmt.Sprint(math.MaxInt), math.MaxInt, ""},
		{fmt.Sprint(-math.MaxInt), -math.MaxInt, ""},
	} {
		var s spec.Size
		require.NoError(t, s.Set(c.text), c.text)
		assert.Equal(t, c.want, s, c.text)
		if c.canonical == "" {
			c.canonical = c.text
		}
		assert.Equal(t, c.canonical, s.String())
	}
}

func TestSizeErrors(t *testing.T) {
	const unit = "; write bytes, or 64KiB, 1MiB, 2GiB"
	for _, text := range []string{
		"", "KiB", "1KB", "1kib", "1K", "1B", "1TiB", "1 KiB", " 1", "1.5KiB", "1e3", "0x10", "1_000", "+1", "-0", "-1KiB", "--1", "-", fmt.Sprintf("-%d", uint64(math.MaxInt)+1), fmt.Sprintf("-%d", uint64(math.MaxInt)+2), "1KiBKiB", "1MiBKiB", "٣",
	} {
		s := spec.Size(7)
		assert.EqualError(t, s.Set(text), fmt.Sprintf("spec: %q is no size%s", text, unit))
		assert.Equal(t, spec.Size(7), s, "a failed Set changes nothing")
	}
	tooLarge := fmt.Sprintf(" is too large; the largest size is %d", math.MaxInt)
	for _, text := range []string{
		fmt.Sprint(uint64(math.MaxInt) + 1), "99999999999999999999", fmt.Sprintf("%dGiB", math.MaxInt>>30+1),
		fmt.Sprintf("%dKiB", math.MaxInt>>10+1), fmt.Sprintf("%dKiB", math.MaxInt),
	} {
		var s spec.Size
		assert.EqualError(t, s.Set(text), "spec: "+text+tooLarge)
	}
}

func TestSizeParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := spec.Size(rapid.IntMin(-math.MaxInt).Draw(t, "size"))
		var back spec.Size
		require.NoError(t, back.Set(s.String()))
		require.Equal(t, s, back)
	})
}
