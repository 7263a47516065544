package spec_test

import (
	"encoding"
	"encoding/json"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	parse := func(args ...string) (spec.Value, string, error) {
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		v := spec.Value{Framer: delimiter.Line()}
		flags.Var(&v, "framing", "")
		return v, flags.Lookup("framing").DefValue, flags.Parse(args)
	}
	_, usual, err := parse()
	require.NoError(t, err)
	assert.Equal(t, "line", usual)

	_, _, err = parse("-framing=lines")
	assert.EqualError(t, err, `invalid value "lines" for flag -framing: spec: unknown framing "lines"; there are `+allNames())
}

func TestValueSet(t *testing.T) {
	var v spec.Value
	assert.Equal(t, "", v.String())
	require.NoError(t, v.Set("length,width=4"))
	assert.Equal(t, lengthprefix.Uint32(), v.Framer)
	assert.Equal(t, "length", v.String())

	var fault *spec.Error
	require.ErrorAs(t, v.Set("line,lines"), &fault)
	assert.Equal(t, "length", v.String(), "a failed Set changes nothing")
}

func TestValueAsText(t *testing.T) {
	var config struct {
		Framing spec.Value `json:"framing"`
	}
	require.NoError(t, json.Unmarshal([]byte(`{"framing":"delimiter,hex=3b,text=\\n"}`), &config))
	text, err := json.Marshal(config)
	require.NoError(t, err)
	assert.Equal(t, `{"framing":"delimiter,text=;,hex=0a"}`, string(text))

	var fault *spec.Error
	assert.ErrorAs(t, json.Unmarshal([]byte(`{"framing":""}`), &config), &fault)
}

// strange is a framer that no text describes.
type strange struct{ framing.Framer }

func (strange) String() string { return "strange" }

func TestValueMarshalErrors(t *testing.T) {
	_, err := spec.Value{}.MarshalText()
	assert.EqualError(t, err, "spec: no framer to write as text")

	v := spec.Value{Framer: strange{delimiter.Line()}}
	assert.Equal(t, "strange", v.String())
	_, err = v.MarshalText()
	assert.EqualError(t, err, "spec: no text describes a spec_test.strange")
}
