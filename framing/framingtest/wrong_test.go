package framingtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wholeframe/wholeframe/framing"
)

// A wrong framer has one classic defect.
type wrong struct {
	defect string
	law    string // that must reject it
	make   func() framing.Framer
}

// wrongs are all of them.
var wrongs = slices.Concat(wrongDelimiters, wrongLengths, wrongEscapes, wrongMethods, wrongMemory)

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

// What the sweeps reject, random cases reject too: for each law that draws
// them, one of the framers at least that break it.
func TestRandomCasesReject(t *testing.T) {
	t.Parallel()
	for _, l := range laws {
		if l.draw == nil {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.sweep = nil
			for _, w := range wrongs {
				if !strings.HasPrefix(l.name, w.law) {
					continue
				}
				k, fail := probe(w.make(), Config{})
				require.Nil(t, fail)
				fail = l.verdict(k, t.Name())
				k.close()
				if fail != nil {
					assert.NotEmpty(t, fail.what)
					return
				}
			}
			if slices.ContainsFunc(wrongs, func(w wrong) bool { return strings.HasPrefix(l.name, w.law) }) {
				t.Error("random cases reject none of the framers that break it")
			}
		})
	}
}

// A law whose random cases cannot be drawn is not kept.
func TestCasesThatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	k, fail := probe(ending(";"), Config{})
	require.Nil(t, fail)
	defer k.close()
	l := law{name: "none", check: (*kit).concatenation, draw: func(_ *kit, t *rapid.T) input {
		t.SkipNow()
		return input{}
	}}
	fail = l.verdict(k, t.Name())
	require.NotNil(t, fail)
	assert.Contains(t, fail.what, "could not be drawn")
}

// A difference names what came and what did not.
func TestDifferenceTells(t *testing.T) {
	t.Parallel()
	k, fail := probe(ending(";"), Config{})
	require.Nil(t, fail)
	defer k.close()
	two, one := k.read([]byte("a;b;"), nil, -1), k.read([]byte("a;"), nil, -1)
	assert.Nil(t, k.differ(two, two, "", ""))
	fail = k.differ(one[:1], two, "Once", "Twice")
	require.NotNil(t, fail)
	assert.Contains(t, fail.what, "Once, event 2 is: nothing\nTwice, it is: ")
	fail = k.differ(two, one[:1], "Twice", "Once")
	require.NotNil(t, fail)
	assert.Contains(t, fail.what, "Once, it is: nothing")
	assert.Equal(t, "a condemned frame (Size: 3, no)", fmt.Sprint(result{Frame: framing.Frame{Size: 3}, err: errors.New("no")}))
	assert.Equal(t, event{kind: otherError, err: io.ErrClosedPipe.Error(), final: true}, errorEvent(io.ErrClosedPipe))
	assert.Empty(t, fmt.Sprint(call{}))
}

// A panic while the kit finds out what a framer carries is a failure as well,
// which tells the call.
func TestPanicWhileProbing(t *testing.T) {
	t.Parallel()
	f := ending(";")
	f.split = func([]byte, int) (framing.Frame, error) { panic("no") }
	_, fail := probe(f, Config{})
	require.NotNil(t, fail)
	assert.Contains(t, fail.what, "panic: no")
	assert.Contains(t, fail.code, "f.Split(data, 0)")
}

// Examples of wire bytes that are right take part in every law, and break none.
func TestConfigWireOfRightFramers(t *testing.T) {
	t.Parallel()
	Config{Wire: [][]byte{[]byte("hello\r\n"), []byte("\n")}}.Run(t, lines(func(data []byte) ([]byte, error) {
		return bytes.TrimSuffix(data, []byte("\r")), nil
	})())
	Config{Wire: [][]byte{{0, 2, 'a', 'b'}}}.Run(t, counted(2))
}

// Where no page can be made unreadable, hidden bytes hold others instead, by
// which a right framer is not misled.
func TestResumptionWithoutAWall(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]framing.Framer{"ending": ending("\r\n"), "escaped": escaped(), "counted": counted(2)} {
		k, fail := probe(f, Config{})
		require.Nil(t, fail)
		k.close()
		k.wall = nil
		for in := range k.everything() {
			require.Nil(t, k.resumption(in), name)
		}
	}
}

// Payloads that the kit cannot hit upon are taken from Config, and built upon.
func TestConfigPayloads(t *testing.T) {
	t.Parallel()
	choosy := func() fakeSkipper {
		f := ending("END")
		f.append = func(dst, payload []byte) ([]byte, error) {
			if n := len(payload); n < 6 || string(payload[:3]) != "HEY" || strings.Index(string(payload), "END") != n-3 {
				return dst, errRefused
			}
			return append(dst, payload...), nil
		}
		split := f.split
		f.split = func(data []byte, seen int) (framing.Frame, error) {
			frame, err := split(data, seen)
			frame.End = frame.Size
			return frame, err
		}
		return f
	}
	_, fail := probe(choosy(), Config{})
	require.NotNil(t, fail)
	assert.Contains(t, fail.what, "Config.Payloads")
	Config{Payloads: [][]byte{[]byte("HEYEND"), []byte("HEY YOU END")}}.Run(t, choosy())

	_, fail = probe(choosy(), Config{Payloads: [][]byte{[]byte("HO")}})
	require.NotNil(t, fail)
	assert.Contains(t, fail.what, "refuses an example")
}

// A second form on the wire, which is never written, is found to be wrong by
// an example of it.
func TestConfigWire(t *testing.T) {
	t.Parallel()
	f := ending(";")
	split := f.split
	f.split = func(data []byte, seen int) (framing.Frame, error) {
		if i := strings.Index(string(data), "<<EOM>>"); i >= 0 && !strings.Contains(string(data[:i]), ";") {
			return framing.Frame{Size: i + 7, End: i}, nil
		}
		return split(data, seen)
	}
	k, fail := probe(f, Config{Wire: [][]byte{[]byte("hello<<EOM>>")}})
	require.Nil(t, fail)
	defer k.close()
	i := slices.IndexFunc(laws, func(l law) bool { return l.name == "L7-bound" })
	require.NotNil(t, laws[i].verdict(k, t.Name()), "the second terminator is longer than MaxEncodedLen allows")
}
