// Command conformance compares what is installed of other stacks with the rules that
// this module keeps, and writes pages of the results.
//
//	conformance servers    framecheck against echo servers: README.md, matrix-line.html, matrix-length.html
//	conformance vectors    the wire vectors on decoders and encoders: vectors/README.md
//
// What is not installed is left out, and named. It runs in the folder conformance, or
// with go -C. It uses loopback only.
//
// Exit codes: 0 the pages were written; 1 they were not; 2 wrong usage.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/wholeframe/wholeframe/conformance/matrix"
	"github.com/wholeframe/wholeframe/conformance/programs"
	"github.com/wholeframe/wholeframe/conformance/vectors"
)

//go:embed servers.md.tmpl
var serversText string

//go:embed vectors.md.tmpl
var vectorsText string

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := &command{ctx: ctx, log: stderr}
	f := flag.NewFlagSet("conformance", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "Usage: conformance [flags] servers|vectors")
		f.PrintDefaults()
	}
	only := f.String("only", "", "run the `NAMES`, separated by commas, and no others")
	f.StringVar(&c.cases, "cases", "", "play the `CASES` of framecheck, numbers or groups separated by commas, and no others")
	f.StringVar(&c.reports, "reports", "", "leave framecheck's reports in the folder `DIR`; servers that have reports there are not judged again")
	f.StringVar(&c.out, "out", ".", "write the pages to the folder `DIR`")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // Parse has printed it
	}
	work, all := c.servers, programs.Servers
	switch strings.Join(f.Args(), " ") {
	case "servers":
	case "vectors":
		work, all = c.vectors, programs.Runners
	default:
		f.Usage()
		return 2
	}
	some, err := named(all, *only)
	if err != nil {
		fmt.Fprintf(stderr, "conformance: -only: %v\n", err)
		return 2
	}
	if err = os.MkdirAll(filepath.Join(c.out, "vectors"), 0o755); err == nil {
		err = work(some)
	}
	if err != nil {
		fmt.Fprintf(stderr, "conformance: %v\n", err)
		return 1
	}
	return 0
}

// named returns the programs with the names, which commas separate; all if names is "".
func named(all []programs.Program, names string) ([]programs.Program, error) {
	if names == "" {
		return all, nil
	}
	var some []programs.Program
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(p programs.Program) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no program %q", name)
		}
		some = append(some, all[i])
	}
	return some, nil
}

// A command is a run of the program.
type command struct {
	ctx     context.Context
	cases   string
	reports string
	out     string
	log     io.Writer
}

// build builds those programs that can be built, in the order of their names, and reports
// the others.
func (c *command) build(all []programs.Program) ([]programs.Built, error) {
	var some []programs.Built
	for _, p := range all {
		b, err := p.Build(c.ctx, ".")
		switch {
		case errors.Is(err, programs.ErrMissing):
			fmt.Fprintf(c.log, "left out: %v\n", err)
		case err != nil:
			return nil, err
		default:
			some = append(some, b)
		}
	}
	if len(some) == 0 {
		return nil, errors.New("nothing is installed")
	}
	slices.SortFunc(some, func(a, b programs.Built) int { return strings.Compare(a.Name, b.Name) })
	return some, nil
}

func (c *command) servers(all []programs.Program) error {
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	built, err := c.build(all)
	if err != nil {
		return err
	}
	path := filepath.Join(root, ".build", "framecheck")
	if _, err := programs.Output(c.ctx, filepath.Dir(root), []string{"go", "build", "-o", path, "./cmd/framecheck"}); err != nil {
		return err
	}
	framecheck, err := matrix.Open(c.ctx, path, c.cases)
	if err != nil {
		return err
	}
	reports := c.reports
	if reports == "" {
		if reports, err = os.MkdirTemp("", "conformance"); err != nil {
			return err
		}
		defer os.RemoveAll(reports)
	} else if err := os.MkdirAll(reports, 0o755); err != nil {
		return err
	}
	var servers []matrix.Server
	for _, b := range built {
		s := matrix.Server{Built: b}
		for _, framing := range matrix.Framings {
			fmt.Fprintf(c.log, "%s, %s\n", b.Name, framing)
			r, err := framecheck.Check(c.ctx, b, framing, reports)
			if err != nil {
				return err
			}
			s.Reports = append(s.Reports, r)
		}
		servers = append(servers, s)
	}
	for i, framing := range matrix.Framings {
		if err := framecheck.Page(c.ctx, filepath.Join(c.out, "matrix-"+framing+".html"), servers, i); err != nil {
			return err
		}
	}
	return c.page("README.md", serversText, map[string]any{
		"Servers": matrix.Servers(servers), "Line": matrix.Table(servers, 0), "Length": matrix.Table(servers, 1),
		"Findings": matrix.Findings(servers),
	})
}

func (c *command) vectors(all []programs.Program) error {
	built, err := c.build(all)
	if err != nil {
		return err
	}
	testdata := filepath.Join("..", "testdata")
	set, err := vectors.Load(testdata)
	if err != nil {
		return err
	}
	results := vectors.NewResults(set)
	for _, b := range built {
		fmt.Fprintln(c.log, b.Name)
		output, err := programs.Output(c.ctx, ".", append(b.Command, testdata))
		if err == nil {
			err = results.Add(output)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	return c.page(filepath.Join("vectors", "README.md"), vectorsText, map[string]any{"Runners": built, "Results": results.Markdown()})
}

// page writes a page from a template.
func (c *command) page(name, text string, data map[string]any) error {
	t, err := template.New(name).Parse(text)
	if err != nil {
		return err
	}
	data["Date"] = time.Now().UTC().Format(time.DateOnly)
	data["Machine"] = c.machine()
	f, err := os.Create(filepath.Join(c.out, name))
	if err != nil {
		return err
	}
	return errors.Join(t.Execute(f, data), f.Close())
}

// machine describes the system that the programs ran on.
func (c *command) machine() string {
	system := runtime.GOOS
	if release, err := programs.Output(c.ctx, ".", []string{"uname", "-sr"}); err == nil {
		system = strings.TrimSpace(string(release))
	}
	return fmt.Sprintf("%s, %s, %d processors", system, runtime.GOARCH, runtime.NumCPU())
}
