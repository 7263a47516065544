// Command framecat is nc for framed protocols: it sends each line of its input
// as one message and prints each reply as a line.
//
//	framecat -framing=length 127.0.0.1:8000
//
// It can also show the wire (-x), make trouble (-chop, -stick, -half, -delay),
// accept clients (-listen), show what passes between them and a server (-to), in
// another framing for each (-to-framing), record and replay sessions (-record,
// -replay), cut a stream into its messages (-decode) and load a server that echoes
// (-load). framecat -h prints examples, framecat -flags all flags, and framecat
// -framing=help the framings.
//
// What comes from a peer never reaches a terminal as it is, unless -raw asks for
// that: a message that is not plain text is printed as a Go string.
//
// Exit codes: 0 all is well; 1 a message was refused or a reply is missing, a stream
// broke, or a connection or standard output failed; 2 wrong usage; 130 ended by
// SIGINT or SIGTERM, and nothing was wrong before. With -listen these two are the
// ordinary end: 0.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitFine        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// errInterrupted says that a signal has ended the work before its end.
var errInterrupted = errors.New("interrupted")

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process

	o, err := parse(args)
	var help helpText
	switch {
	case errors.As(err, &help):
		fmt.Fprint(stdout, string(help))
		return exitFine
	case err != nil:
		fmt.Fprintf(stderr, "framecat: %s\nRun 'framecat -h' for help.\n", clean(err.Error()))
		return exitUsage
	}
	out := newScreen(stdout, o.painter(stdout))
	p := &problems{w: stderr, out: out}
	err = o.mode.run(ctx, &job{options: o, stdin: stdin, out: out, stderr: stderr, problems: p})
	if failed := out.Flush(); failed != nil && !errors.Is(err, failed) {
		p.report(failed)
	}
	if err != nil && err != errInterrupted {
		p.report(err)
	}
	switch {
	case p.any():
		return exitFailed
	case err != nil:
		return exitInterrupted
	}
	return exitFine
}
