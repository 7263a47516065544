package spec_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"reflect"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

var (
	_ flag.Value               = (*spec.Value)(nil)
	_ encoding.TextUnmarshaler = (*spec.Value)(nil)
	_ encoding.TextMarshaler   = spec.Value{}
	_ flag.Value               = (*spec.Size)(nil)
)

func TestValueAsFlag(t *testing.T) {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	v := spec.Value{Framer: delimiter.Line()}
	flags.Var(&v, "framing", "")
	if got, want := flags.Lookup("framing").DefValue, "line"; got != want {
		t.Errorf("DefValue = %q; want %q", got, want)
	}
	want := `invalid value "liness" for flag -framing: spec: unknown framing "liness"; perhaps line`
	if err := flags.Parse([]string{"-framing=liness"}); err == nil || err.Error() != want {
		t.Errorf("Parse = %v; want %s", err, want)
	}
}

func TestValueSet(t *testing.T) {
	var v spec.Value
	if got := v.String(); got != "" {
		t.Errorf("String of the zero Value = %q; want an empty string", got)
	}
	if err := v.Set("length,width=4"); err != nil || !reflect.DeepEqual(v.Framer, framing.Framer(lengthprefix.Uint32())) || v.String() != "length" {
		t.Errorf("Set = %v, %v; want nil, length", err, v)
	}
	var e *spec.Error
	if err := v.Set("line,lines"); !errors.As(err, &e) || v.String() != "length" {
		t.Errorf("Set of an invalid spec = %v, %v; want an Error, and no change", err, v)
	}
}

func TestValueAsText(t *testing.T) {
	var config struct {
		Framing spec.Value `json:"framing"`
	}
	if err := json.Unmarshal([]byte(`{"framing":"delimiter,hex=3b,text=\\n"}`), &config); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if want := `{"framing":"delimiter,text=;,hex=0a"}`; err != nil || string(text) != want {
		t.Errorf("Marshal = %s, %v; want %s, nil", text, err, want)
	}
	var e *spec.Error
	if err := json.Unmarshal([]byte(`{"framing":""}`), &config); !errors.As(err, &e) {
		t.Errorf("Unmarshal of an empty spec = %v; want an Error", err)
	}
}

// An ownFramer is a Framer that no spec describes.
type ownFramer struct{ framing.Framer }

func (ownFramer) String() string { return "own" }

func TestValueMarshalErrors(t *testing.T) {
	for _, test := range []struct {
		value spec.Value
		want  string
	}{
		{spec.Value{}, "spec: no framer to marshal"},
		{spec.Value{Framer: ownFramer{delimiter.Line()}}, "spec: no spec describes a spec_test.ownFramer"},
	} {
		if text, err := test.value.MarshalText(); text != nil || err == nil || err.Error() != test.want {
			t.Errorf("MarshalText = %q, %v; want %s", text, err, test.want)
		}
	}
}
