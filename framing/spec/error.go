package spec

import "fmt"

// An Error reports a text that is not a valid spec.
type Error struct {
	Text   string // the whole text
	Offset int    // offset in Text, in bytes, of the name or key at fault
	Err    error  // what is wrong, and what is allowed
}

func (e *Error) Error() string {
	if e.Offset == 0 {
		return "spec: " + e.Err.Error()
	}
	return fmt.Sprintf("spec: at byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns Err: a [*framing.ConfigError] if a constructor rejected the values.
func (e *Error) Unwrap() error { return e.Err }

// fault returns an Error about the framing, not about one of its keys.
func fault(text, format string, args ...any) error {
	return &Error{Text: text, Err: fmt.Errorf(format, args...)}
}
