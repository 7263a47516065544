// Package command is the command framecat, for programs that add framings of their own
// to it.
package command

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

// Main runs framecat with the arguments and the standard streams of the process, and
// ends the process with its exit code: it does not return. A program that registers a
// framing before it calls Main is framecat with that framing:
//
//	func main() {
//		err := spec.Register(spec.Framing{
//			Name:    "records",
//			About:   "records that end in a semicolon",
//			Example: "records",
//		}, func(map[string][]string) (framing.Framer, error) {
//			return delimiter.New(";")
//		})
//		if err != nil {
//			log.Fatal(err)
//		}
//		command.Main()
//	}
func Main() {
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
