package main

import "fmt"

// A level is how a case went.
type level string

const (
	pass      level = "pass"
	info      level = "informational"
	notStrict level = "not strict"
	fail      level = "fail"
	leftOut   level = "does not apply"
)

// levels are in ascending order: of several, the worst is that of a case.
var levels = []level{leftOut, pass, info, notStrict, fail}

// A verdict is the outcome of a case, a step or a round. It is the error of a step
// that deviates.
type verdict struct {
	Level  level
	Reason string
}

func (v *verdict) Error() string { return string(v.Level) + ": " + v.Reason }

func failed(format string, a ...any) *verdict { return &verdict{fail, fmt.Sprintf(format, a...)} }
func loose(format string, a ...any) *verdict  { return &verdict{notStrict, fmt.Sprintf(format, a...)} }
func inapplicable(format string, a ...any) *verdict {
	return &verdict{leftOut, fmt.Sprintf(format, a...)}
}

// rank returns the position of l among levels.
func (l level) rank() int {
	for i, other := range levels {
		if l == other {
			return i
		}
	}
	return -1
}
