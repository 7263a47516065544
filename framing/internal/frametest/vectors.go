package frametest

import (
	"encoding/hex"
	"encoding/json"
	"os"
)

// MaxFuzz is the number of bytes of input to which fuzz targets restrict themselves:
// longer inputs take longer and find no more.
const MaxFuzz = 512

// Vectors calls add with the spec and the stream of each wire vector in
// testdata/decode/name.json, as seeds for fuzzing. It omits streams of more than
// MaxFuzz/2 bytes. The test must be in a package directly below framing.
func Vectors(t T, name string, add func(spec string, wire []byte)) {
	t.Helper()
	text, err := os.ReadFile("../../testdata/decode/" + name + ".json")
	if err != nil {
		t.Fatalf("%v", err)
	}
	var vectors []struct{ Spec, Wire string }
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%s: got %d vectors, %v; want some", name, len(vectors), err)
	}
	for _, v := range vectors {
		wire, err := hex.DecodeString(v.Wire)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(wire) <= MaxFuzz/2 {
			add(v.Spec, wire)
		}
	}
}
