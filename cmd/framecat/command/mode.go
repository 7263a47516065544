package command

import (
	"context"
	"flag"
	"io"
)

// A mode is one of the things that framecat does. Each is in a file of its own.
type mode struct {
	flag     string // selects the mode; "" for the one that needs none
	examples []example
	noTarget string   // what it takes, if it takes no HOST:PORT: "reads standard input"
	groups   []*group // the flags that it takes; no mode has a flag of its own outside of them

	// check rejects flags that contradict each other. It may be nil.
	check func(o *options) error

	// run does the work. It returns errInterrupted if ctx has ended it early.
	run func(ctx context.Context, j *job) error
}

// modes are all modes, in the order of the help. The first is the one that no flag
// selects.
var modes = []*mode{chatMode, listenMode, replayMode, decodeMode, guessMode, loadMode}

// An example is a line of the help.
type example struct{ command, about string }

// A group is flags that are listed together in the help.
type group struct {
	title    string
	register func(f *flag.FlagSet, o *options)
}

// A job is what a mode works on.
type job struct {
	*options
	stdin    io.Reader
	out      *screen // standard output
	stderr   io.Writer
	problems *problems
}
