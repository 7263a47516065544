// Package vectors compares what decoders and encoders of other stacks make of the
// wire vectors in testdata with what the vectors expect.
package vectors

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// A Decode is a vector of testdata/decode, with what this package needs of it.
type Decode struct {
	Name     string
	Stricter string
	Spec     string
	Events   []Event
}

// An Event is a payload or an error, as testdata/README.md describes them.
type Event struct {
	Frame *string // hexadecimal digits
	Error string
	Final bool
}

// String returns the event as runners print it.
func (e Event) String() string {
	switch {
	case e.Frame == nil:
		return e.Error
	case *e.Frame == "":
		return "frame"
	}
	return "frame " + *e.Frame
}

// events returns the events of v as runners print them.
func (v Decode) events() []string {
	all := make([]string, len(v.Events))
	for i, e := range v.Events {
		all[i] = e.String()
	}
	return all
}

// An Encode is a vector of testdata/encode.
type Encode struct {
	Name    string
	Spec    string
	Wire    *string // nil: no frame carries the payload
	Refused string
}

// A Set has all vectors by their names.
type Set struct {
	Decode map[string]Decode
	Encode map[string]Encode
}

// Load reads the vectors in the folder testdata.
func Load(testdata string) (Set, error) {
	s := Set{Decode: make(map[string]Decode), Encode: make(map[string]Encode)}
	err := load(filepath.Join(testdata, "decode"), func(v Decode) { s.Decode[v.Name] = v })
	if err == nil {
		err = load(filepath.Join(testdata, "encode"), func(v Encode) { s.Encode[v.Name] = v })
	}
	return s, err
}

func load[V any](dir string, add func(V)) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no vectors in %s", dir)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var all []V
		if err := json.Unmarshal(text, &all); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, v := range all {
			add(v)
		}
	}
	return nil
}
