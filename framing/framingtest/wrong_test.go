package framingtest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

var errMalformed = errors.New("malformed")

// A wrong Framer has one classic defect.
type wrong struct {
	defect string
	law    string // that must reject it
	make   func() framing.Framer
}

// wrongs are all of them.
var wrongs = slices.Concat(wrongDelimiters, wrongLengths, wrongEscapes, wrongMethods, wrongMemory, wrongContract)

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
	if len(wrongs) < 94+14 {
		t.Errorf("got %d wrong framers; want 108 or more", len(wrongs))
	}
	for _, w := range wrongs {
		t.Run(w.defect, func(t *testing.T) {
			t.Parallel()
			var c Config
			for _, p := range wrongSamples[w.defect] {
				c.Payloads = append(c.Payloads, []byte(p))
			}
			k, fail := prepared(t, w.make(), c)
			if fail != nil {
				t.Fatalf("prepare: %v", fail)
			}
			l := lawOf(t, w.law)
			if l.applies != nil && !l.applies(k) {
				t.Fatalf("law %q does not apply", w.law)
			}
			fail = k.verdict(l)
			if fail == nil {
				t.Fatalf("%s does not reject it", w.law)
			}
			t.Log(fail)
		})
	}
}

// lawOf returns the law whose name starts with name.
func lawOf(t *testing.T, name string) law {
	t.Helper()
	i := slices.IndexFunc(laws, func(l law) bool { return strings.HasPrefix(l.name, name) })
	if i < 0 {
		t.Fatalf("no law %q", name)
	}
	return laws[i]
}

// prepared returns a kit for f with the samples of c, or why it cannot be prepared.
func prepared(t *testing.T, f framing.Framer, c Config) (*kit, *failure) {
	t.Helper()
	k := newKit(f)
	t.Cleanup(k.wall.close)
	return k, k.attempt(func() { k.prepare(c) })
}

// choosy accepts what starts with HEY and ends with the only END.
func choosy() framing.Framer {
	f := ending("END")
	f.add = func(dst, payload []byte) ([]byte, error) {
		if n := len(payload); n < 6 || string(payload[:3]) != "HEY" || strings.Index(string(payload), "END") != n-3 {
			return dst, refused(payload)
		}
		return append(dst, payload...), nil
	}
	split := f.split
	f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
		switch have := min(3, len(data)); {
		case string(data[:have]) != "HEY"[:have]:
			return framing.Frame{}, r, errMalformed
		case have < 3:
			return framing.Frame{}, r, nil
		}
		frame, r, err := split(data, framing.Resume{Pos: max(3, r.Pos)})
		frame.End = frame.Size
		return frame, r, err
	}
	return wrapped{f.fake, f.split}
}

func TestConfigPayloads(t *testing.T) {
	t.Parallel()
	if _, fail := prepared(t, choosy(), Config{}); fail == nil || !strings.Contains(fail.what, "give samples in Config.Payloads") {
		t.Errorf("without samples: %v; want a request for them", fail)
	}
	if _, fail := prepared(t, choosy(), Config{Payloads: [][]byte{[]byte("HO")}}); fail == nil || !strings.Contains(fail.what, "refuses a sample") {
		t.Errorf("with a sample that is refused: %v; want that", fail)
	}
	k, fail := prepared(t, choosy(), Config{Payloads: [][]byte{[]byte("HEYEND"), []byte("HEY YOU END")}})
	if fail != nil || !strings.Contains(k.summary(), "payloads of up to 655") {
		t.Errorf("with samples: %v, %s; want payloads grown to 65,5xx bytes", fail, k.summary())
	}
}

// A second form on the wire, which is never written, is found to be wrong with a
// sample of it.
func TestConfigWire(t *testing.T) {
	t.Parallel()
	f := ending(";")
	split := f.split
	f.split = func(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
		if i := strings.Index(string(data), "<<EOM>>"); i >= 0 && !strings.Contains(string(data[:i]), ";") {
			return framing.Frame{Size: i + 7, End: i}, r, nil
		}
		return split(data, r)
	}
	k, fail := prepared(t, f, Config{Wire: [][]byte{[]byte("hello<<EOM>>")}})
	if fail != nil {
		t.Fatal(fail)
	}
	if k.verdict(lawOf(t, "L7")) == nil {
		t.Error("L7 does not reject a terminator that is longer than MaxEncodedLen allows")
	}
}

// A panic is a failure that shows the call.
func TestPanic(t *testing.T) {
	t.Parallel()
	f := ending(";")
	f.add = func([]byte, []byte) ([]byte, error) { panic("no") }
	_, fail := prepared(t, f, Config{})
	if fail == nil || !strings.Contains(fail.what, "panic: no") || !strings.Contains(fail.call, "Append(nil,") {
		t.Errorf("got %v; want the panic and the call of Append", fail)
	}
}

// Where no memory can be protected, other bytes are in place of the hidden ones: they
// do not mislead a correct Framer, and show that a wrong one examines them.
func TestWithoutWall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		f    framing.Framer
		fail bool
	}{
		"ending":     {ending("\r\n"), false},
		"escaped":    {escaped(), false},
		"counted":    {counted(2), false},
		"rescanning": {rescanning(), true},
	} {
		k, fail := prepared(t, test.f, Config{})
		if fail != nil {
			t.Fatal(fail)
		}
		k.wall.close()
		k.wall = nil
		if fail := k.verdict(lawOf(t, "L4")); (fail != nil) != test.fail {
			t.Errorf("%s: L4 = %v; want a failure: %t", name, fail, test.fail)
		}
	}
}
