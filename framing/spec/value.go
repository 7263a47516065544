package spec

import (
	"errors"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
)

// A Value is a framer that is read from text and written as text: a
// [flag.Value], and a field of anything that is decoded from JSON, TOML or the
// like. Its zero value holds no framer.
//
// It is no framer itself, for one that wraps another hides what the other can
// do beyond a [framing.Framer]: use its field.
type Value struct {
	Framer framing.Framer
}

// String returns the canonical text of the framer, or "" if there is none.
func (v Value) String() string {
	if v.Framer == nil {
		return ""
	}
	return fmt.Sprint(v.Framer)
}

// Set sets the framer to the one that text describes. On error, which is an
// [*Error], it leaves v as it was.
func (v *Value) Set(text string) error {
	f, err := Parse(text)
	if err != nil {
		return err
	}
	v.Framer = f
	return nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]: it is Set.
func (v *Value) UnmarshalText(text []byte) error { return v.Set(string(text)) }

// MarshalText implements [encoding.TextMarshaler]: it returns what String
// returns. A framer that no text describes, and none at all, is an error.
func (v Value) MarshalText() ([]byte, error) {
	text := v.String()
	if v.Framer == nil {
		return nil, errors.New("spec: no framer to write as text")
	}
	if _, err := Parse(text); err != nil {
		return nil, fmt.Errorf("spec: no text describes a %T", v.Framer)
	}
	return []byte(text), nil
}
