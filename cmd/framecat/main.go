// Command framecat is nc for framed protocols: it sends each line of its input
// as one message and prints each reply as a line.
//
//	framecat -framing=length 127.0.0.1:8000
//
// It can also show the bytes on the wire (-x), cut and delay writes (-chop, -stick,
// -half, -delay), accept clients (-listen), show the messages between clients and a
// server (-to), with different framings (-to-framing), record and replay sessions
// (-record, -replay), split a stream into its messages (-decode) and load a server
// (-load). framecat -h prints examples, framecat -flags all flags, and framecat
// -framing=help the framings.
//
// A message that is not plain text is printed as a quoted Go string, unless -raw is
// set, so that bytes of a peer cannot control the terminal.
//
// Exit codes: 0 success; 1 a message was refused, a reply is missing, a stream was
// invalid, or a connection or standard output failed; 2 usage error; 130 ended by
// SIGINT or SIGTERM without an earlier error. With -listen these signals are the
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
