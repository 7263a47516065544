package framingtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
)

// A wrong framer has one classic defect.
type wrong struct {
	defect string
	law    string // that must reject it
	make   func() framing.Framer
}

// wrongs are all of them.
var wrongs = slices.Concat(wrongDelimiters, wrongLengths, wrongEscapes, wrongMethods)

func TestSimpleFramersKeepTheLaws(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]framing.Framer{
		"ending in one byte":    ending(";"),
		"ending in two bytes":   ending("\r\n"),
		"ending in three bytes": ending("END"),
		"counted in 2 bytes":    counted(2),
		"counted in 8 bytes":    counted(8),
		"escaped":               escaped(),
		"varied":                varied(),
		"netstrings":            netstrings(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Run(t, f)
		})
	}
}

func TestEveryWrongFramerIsRejected(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(wrongs), 40)
	for _, w := range wrongs {
		t.Run(w.defect, func(t *testing.T) {
			t.Parallel()
			k, fail := probe(w.make(), Config{})
			defer k.close()
			require.Nil(t, fail, "probing must get by with it")
			i := slices.IndexFunc(laws, func(l law) bool { return strings.HasPrefix(l.name, w.law) })
			require.GreaterOrEqual(t, i, 0, "no law %q", w.law)
			require.True(t, laws[i].applies == nil || laws[i].applies(k))
			fail = laws[i].verdict(k, t.Name())
			require.NotNil(t, fail, "%s does not reject it", w.law)
			assert.NotEmpty(t, fail.what)
			t.Log(fail)
		})
	}
}
