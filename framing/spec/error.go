package spec

import "fmt"

// An Error reports a text that describes no framing.
type Error struct {
	Text   string // the whole text
	Offset int    // where in Text the fault is: the byte at which the name or key at fault begins
	Reason error  // what is wrong, and what is allowed
}

func (e *Error) Error() string {
	if e.Offset == 0 {
		return "spec: " + e.Reason.Error()
	}
	return fmt.Sprintf("spec: at byte %d: %v", e.Offset, e.Reason)
}

// Unwrap returns Reason: a [*framing.ConfigError] where a constructor refused
// the values.
func (e *Error) Unwrap() error { return e.Reason }

// fault returns the error of a text whose framing itself is at fault.
func fault(text, format string, args ...any) error {
	return &Error{Text: text, Reason: fmt.Errorf(format, args...)}
}
