package fuzz_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

// most is the most bytes of a stream that targets look at: what is longer
// takes longer, and is no different.
const most = 512

// seeds calls add with the wire vectors of testdata/decode/name.json for every
// name, and with the texts of their framers. It leaves out the long ones, which
// fuzzing would spend its time on.
func seeds(f *testing.F, add func(spec string, wire []byte), names ...string) {
	f.Helper()
	for _, name := range names {
		text, err := os.ReadFile("../../../testdata/decode/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		var vectors []struct{ Spec, Wire string }
		if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) == 0 {
			f.Fatalf("%s: %d vectors, %v", name, len(vectors), err)
		}
		for _, v := range vectors {
			wire, err := hex.DecodeString(v.Wire)
			if err != nil {
				f.Fatalf("%s: %v", name, err)
			}
			if len(wire) <= most/2 {
				add(v.Spec, wire)
			}
		}
	}
}

// writes fails where Append does not make sent of payload, or Enclose another
// frame.
func writes(t *testing.T, f framing.Framer, payload, sent []byte) {
	have, err := f.Append([]byte("before"), payload)
	if err != nil || string(have) != "before"+string(sent) {
		t.Helper()
		t.Fatalf("%v makes of %q %q, %v; want %q", f, payload, have, err, sent)
	}
	if limit := f.MaxEncodedLen(len(payload)); len(sent) > limit {
		t.Helper()
		t.Fatalf("%v says that %d bytes take %d at most: %q", f, len(payload), limit, sent)
	}
	if e, ok := f.(framing.Encloser); ok {
		header, trailer, ok := e.Enclose(payload)
		if !ok || !bytes.Equal(slices.Concat(header, payload, trailer), sent) {
			t.Helper()
			t.Fatalf("%v puts %q and %q around %q, %t; want %q", f, header, trailer, payload, ok, sent)
		}
	}
}

// refuses fails where Append or Enclose accepts payload.
func refuses(t *testing.T, f framing.Framer, payload []byte) {
	have, err := f.Append([]byte("before"), payload)
	if err == nil || string(have) != "before" {
		t.Helper()
		t.Fatalf("%v makes of %q %q, %v; it cannot carry that", f, payload, have, err)
	}
	if e, ok := f.(framing.Encloser); ok {
		if header, trailer, ok := e.Enclose(payload); ok {
			t.Helper()
			t.Fatalf("%v puts %q and %q around %q; it cannot carry that", f, header, trailer, payload)
		}
	}
}
