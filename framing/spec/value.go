package spec

import (
	"errors"
	"fmt"

	"github.com/wholeframe/wholeframe/framing"
)

// A Value holds a Framer that is configured by a spec: it is a [flag.Value], and can
// be a field of a struct that is decoded from JSON, TOML and the like. The zero
// Value holds no Framer. It is not safe for concurrent use while it is set.
//
// A Value is not a [framing.Framer] itself, since it would hide the optional
// interfaces of the one it holds, such as [framing.Encloser].
type Value struct {
	Framer framing.Framer
}

// String returns the canonical spec of the Framer, or "" if there is none.
func (v Value) String() string {
	if v.Framer == nil {
		return ""
	}
	return fmt.Sprint(v.Framer)
}

// Set sets the Framer to the one that text describes. With an error, which is an
// [*Error], v is unchanged.
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

// MarshalText implements [encoding.TextMarshaler]: it returns the result of String.
// It fails if there is no Framer, or none that a spec describes.
func (v Value) MarshalText() ([]byte, error) {
	text := v.String()
	if v.Framer == nil {
		return nil, errors.New("spec: no framer to marshal")
	}
	if _, err := Parse(text); err != nil {
		return nil, fmt.Errorf("spec: no spec describes a %T", v.Framer)
	}
	return []byte(text), nil
}
