// Command framecheck judges a server of framed messages, in any language, from
// outside: it knows its address and its framing, and nothing of its code.
//
//	framecheck -framing=length 127.0.0.1:8000
//	framecheck -framing=length -- ./server -listen {addr}
//
// With a command it also starts the server, watches its memory and descriptors, and
// stops it, which is where most servers lose messages. With -mode client it is the
// server, and judges a client.
//
// A case has a number that keeps its meaning, and one of these verdicts: pass; fail;
// not strict, if the rule holds but the behavior could be better, or if it is broken
// and good servers differ about it; does not apply, if the case needs something that is missing;
// informational, if there is no rule. Speed is never judged: a bound only ends the
// wait for bytes that are due.
//
// See framecheck -h for its flags, framecheck -list for the cases, and
// docs/framecheck.md for how to read a report.
//
// Exit codes: 0 no case failed; 1 a case failed; 2 wrong usage; 3 nothing, or not all,
// could be judged; 130 interrupted.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/wholeframe/wholeframe/testdata/check"
)

const (
	exitPassed      = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnable      = 3
	exitInterrupted = 130
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	// A write to standard output fails when its reader is gone; by default it would also
	// end the process, and leave the server that it has started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process
	o, err := parse(args)
	var help helpText
	switch {
	case errors.As(err, &help):
		fmt.Fprint(stdout, string(help))
		return exitPassed
	case err != nil:
		return misused(stderr, err)
	}
	failed, err := o.work(ctx, stdout)
	var unknown *unknownCaseError
	switch {
	case errors.As(err, &unknown):
		return misused(stderr, err)
	case ctx.Err() != nil:
		return exitInterrupted
	case err != nil:
		fmt.Fprintf(stderr, "framecheck: %v\n", err)
		return exitUnable
	case failed:
		return exitFailed
	}
	return exitPassed
}

// misused reports wrong usage.
func misused(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "framecheck: %v\nRun 'framecheck -h' for help.\n", err)
	return exitUsage
}

// work does what the command line asks for, and reports whether a case has failed.
func (o *options) work(ctx context.Context, stdout io.Writer) (failed bool, err error) {
	if o.merge {
		return false, o.mergeReports(stdout)
	}
	groups, err := o.groups()
	if err != nil {
		return false, err
	}
	cases, err := o.selected(groups)
	if err != nil {
		return false, err
	}
	if o.list {
		for _, c := range cases {
			fmt.Fprintf(stdout, "%-5s %s\n", c.Number, c.Rule)
			for _, n := range c.Needs {
				fmt.Fprintf(stdout, "      needs %s\n", needs[n])
			}
		}
		return false, nil
	}
	given, err := o.payloads()
	if err != nil {
		return false, err
	}
	m, err := newMessages(o.framing.Framer, int(o.maxPayload), given)
	if err != nil && !(o.servesItself() && err == errNoForm) {
		return false, err
	}
	t := &target{o: o, messages: m, addr: o.addr}
	defer t.kill()
	if !o.servesItself() {
		if err := t.ready(ctx); err != nil {
			return false, err
		}
	}
	text := stdout
	if o.reports("-") > 0 {
		text = io.Discard
	}
	r, err := t.report(ctx, cases, text)
	if r == nil {
		return false, err
	}
	if _, err := fmt.Fprintln(text, r.summary()); err != nil {
		return false, err
	}
	if err == nil && r.Counts[leftOut] == len(cases) {
		err = errors.New("nothing could be judged: no case applies")
	}
	return r.Counts[fail] > 0, errors.Join(err, o.writeReports(stdout, r))
}

// groups returns the groups of cases that are played.
func (o *options) groups() ([]*group, error) {
	if o.cases != "" {
		dir, file := filepath.Split(o.cases)
		return load(oneFile{os.DirFS(cmp.Or(dir, ".")), file})
	}
	return load(check.Files)
}

// A oneFile is a file system with one of its files only.
type oneFile struct {
	fs.FS
	name string
}

// Glob implements [fs.GlobFS].
func (f oneFile) Glob(string) ([]string, error) { return []string{f.name}, nil }

// An unknownCaseError is a name of -only that is that of no case and no group.
type unknownCaseError struct{ name string }

func (e *unknownCaseError) Error() string {
	return fmt.Sprintf("-only %s: there is no such case or group", e.name)
}

// selected returns the cases that -only names, or all. There is at least one.
func (o *options) selected(groups []*group) (cases []*testCase, err error) {
	known := map[string]bool{}
	for _, g := range groups {
		for _, c := range g.Cases {
			names := []string{c.Number, fmt.Sprint(g.Number), g.Name}
			for _, name := range names {
				known[name] = true
			}
			if c.judgesClient() != o.servesItself() && !o.list {
				continue
			}
			if o.only == nil || slices.ContainsFunc(names, func(name string) bool { return slices.Contains(o.only, name) }) {
				cases = append(cases, c)
			}
		}
	}
	for _, name := range o.only {
		if !known[name] {
			return nil, &unknownCaseError{name}
		}
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("nothing could be judged: no such case is played with -mode %s", o.mode)
	}
	return cases, nil
}

// report judges the cases, and writes a line for each. If the server does not answer
// before a case, the report has those before it, and the error tells why.
func (t *target) report(ctx context.Context, cases []*testCase, text io.Writer) (*report, error) {
	r := &report{
		Format: format, Name: t.o.name, Date: time.Now().UTC().Truncate(time.Second),
		Framing: t.o.framing.String(), Mode: t.o.mode, Reply: t.o.reply, TLS: t.o.tls,
		Command: t.o.command, Addr: t.o.addr, Rounds: t.o.rounds, Counts: map[level]int{},
	}
	if r.Name == "" {
		r.Name = cmp.Or(t.o.addr, strings.Join(t.o.command, " "))
	}
	terminal := false
	if f, ok := text.(*os.File); ok {
		terminal = term.IsTerminal(int(f.Fd()))
	}
	for i, c := range cases {
		if terminal {
			fmt.Fprintf(text, "\r\x1b[K%d of %d: case %s", i+1, len(cases), c.Number)
		}
		result, err := t.rounds(ctx, c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if terminal {
			fmt.Fprint(text, "\r\x1b[K")
		}
		if result.Number == "" {
			return r, err
		}
		if _, err := fmt.Fprintln(text, result.line()); err != nil {
			return nil, err
		}
		r.Cases = append(r.Cases, result)
		r.Counts[result.Verdict]++
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// rounds judges a case as often as asked for, and returns the worst: the zero value if
// it was not judged.
func (t *target) rounds(ctx context.Context, c *testCase) (worst result, err error) {
	began := time.Now()
	count := map[level]int{}
	rounds := t.o.rounds
	if t.lacks(c) != nil {
		rounds = 1 // it applies in none
	}
	for i := range rounds {
		v, log, err := t.judge(ctx, c)
		if err != nil {
			return worst, err
		}
		count[v.Level]++
		if i > 0 && v.Level.rank() <= worst.Verdict.rank() {
			continue
		}
		worst = result{Number: c.Number, Group: c.group.Name, Rule: c.Rule, Verdict: v.Level, Reason: v.Reason, Seen: log.all(), Framecat: log.framecat(t.o)}
		if v.Level == fail {
			worst.Means = c.Means
		}
	}
	if len(count) > 1 {
		worst.Rounds = count
	}
	worst.Seconds = time.Since(began).Seconds()
	return worst, nil
}

// writeReports writes the files that were asked for.
func (o *options) writeReports(stdout io.Writer, r *report) error {
	return errors.Join(
		writeFile(o.json, stdout, r.write),
		writeFile(o.junit, stdout, r.writeJUnit),
		writeFile(o.html, stdout, func(w io.Writer) error { return writePage(w, []*report{r}) }),
	)
}

// mergeReports writes the page of several reports.
func (o *options) mergeReports(stdout io.Writer) error {
	var all []*report
	for _, name := range o.args {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		r, err := readReport(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, r)
	}
	return writeFile(o.html, stdout, func(w io.Writer) error { return writePage(w, all) })
}

// writeFile lets write write the file, or standard output if its name is "-"; nothing
// if it is "".
func writeFile(name string, stdout io.Writer, write func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(stdout)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
