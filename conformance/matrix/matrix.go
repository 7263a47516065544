// Package matrix runs framecheck against servers, and writes what it found as a page.
package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wholeframe/wholeframe/conformance/programs"
)

// Framings are those that every server has.
var Framings = []string{"line", "length"}

// ours is the name of the server of this repository.
const ours = "wholeframe"

// withheld are the cases that would tell how a client can exhaust a server or harm its
// other clients, or that a server has no limit. They are played against ours only.
var withheld = []string{
	"3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "4.4", "4.5", "4.6", "5.5", "5.6", "5.7", "5.8", "5.9", "6.2", "6.3", "6.4",
	"8.2", "8.4", "8.5", "8.7", "8.8", "9.8", "9.9",
}

// Cases about closing are races between a client and a server that ends, so each is
// played several times.
const (
	races  = "9."
	rounds = 3
)

// A Verdict is how a case went.
type Verdict string

const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	NotStrict     Verdict = "not strict"
	Informational Verdict = "informational"
	DoesNotApply  Verdict = "does not apply"
)

// A Report is what this package needs of framecheck's JSON report.
type Report struct {
	File    string `json:"-"`
	Framing string
	Cases   []Case
}

// A Case is a case of a Report.
type Case struct {
	Number  string
	Rule    string
	Verdict Verdict
	Reason  string
	Means   string          // what the rule prevents, if it failed
	Rounds  map[Verdict]int // how many rounds went how, if they differ; Verdict is the worst
}

// share returns in how many rounds of how many the case went as its verdict says; "" if
// in all of them.
func (c *Case) share() string {
	all := 0
	for _, n := range c.Rounds {
		all += n
	}
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", c.Rounds[c.Verdict], all)
}

// A Framecheck is the program framecheck, with the cases that it plays.
type Framecheck struct {
	program string
	cases   []string
}

// Open returns the Framecheck that is the program at path. Cases are numbers or groups,
// separated by commas; all if cases is "".
func Open(ctx context.Context, path, cases string) (*Framecheck, error) {
	list, err := programs.Output(ctx, ".", []string{path, "-list", "-only=" + cases})
	if err != nil {
		return nil, err
	}
	f := &Framecheck{program: path}
	for line := range strings.Lines(string(list)) {
		// The lines of what a case needs are indented.
		if number, _, _ := strings.Cut(line, " "); number != "" {
			f.cases = append(f.cases, number)
		}
	}
	return f, nil
}

// casesFor returns the numbers of the cases for a server.
func (f *Framecheck) casesFor(server string) []string {
	if server == ours {
		return f.cases
	}
	return slices.DeleteFunc(slices.Clone(f.cases), func(number string) bool { return slices.Contains(withheld, number) })
}

// Check judges a server in a framing, unless the folder dir has a report of that, and
// leaves the report there.
func (f *Framecheck) Check(ctx context.Context, server programs.Built, framing, dir string) (*Report, error) {
	file := filepath.Join(dir, server.Name+"."+framing+".json")
	if _, err := os.Stat(file); err != nil {
		if err := f.judge(ctx, server, framing, file); err != nil {
			return nil, fmt.Errorf("framecheck of %s in %s: %w", server.Name, framing, err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Report{File: file}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// judge writes framecheck's report of a server to file.
func (f *Framecheck) judge(ctx context.Context, server programs.Built, framing, file string) error {
	var once, often []string
	for _, number := range f.casesFor(server.Name) {
		if strings.HasPrefix(number, races) {
			often = append(often, number)
		} else {
			once = append(once, number)
		}
	}
	var all map[string]any
	for _, run := range []struct {
		cases  []string
		rounds int
	}{{once, 1}, {often, rounds}} {
		if len(run.cases) == 0 {
			continue
		}
		made := file + ".part"
		if err := f.play(ctx, server, framing, made, run.cases, run.rounds); err != nil {
			return err
		}
		text, err := os.ReadFile(made)
		if err = errors.Join(err, os.Remove(made)); err != nil {
			return err
		}
		var report map[string]any
		if err := json.Unmarshal(text, &report); err != nil {
			return err
		}
		all = join(all, report)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// join returns report a with the cases of b, which may have been played more often. a may
// be nil.
func join(a, b map[string]any) map[string]any {
	if a == nil {
		return b
	}
	a["cases"] = append(a["cases"].([]any), b["cases"].([]any)...)
	counts := a["counts"].(map[string]any)
	for verdict, n := range b["counts"].(map[string]any) {
		before, _ := counts[verdict].(float64)
		counts[verdict] = before + n.(float64)
	}
	return a
}

// play runs framecheck, which writes the report to file.
func (f *Framecheck) play(ctx context.Context, server programs.Built, framing, file string, cases []string, rounds int) error {
	args := []string{
		"-name=" + server.Name + " " + server.Version, "-framing=" + framing, "-max-payload=1MiB", "-patience=8s", "-grace=8s",
		"-json=" + file, fmt.Sprintf("-rounds=%d", rounds),
		"-only=" + strings.Join(cases, ","), "--",
	}
	args = append(args, server.Command...)
	cmd := exec.CommandContext(ctx, f.program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it stops the server
	output, err := cmd.CombinedOutput()
	// 1 is the exit code for cases that failed.
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

// Page writes framecheck's page of the servers' reports in the framing that is the i-th.
func (f *Framecheck) Page(ctx context.Context, page string, servers []Server, i int) error {
	command := []string{f.program, "-merge", "-html=" + page}
	for _, s := range servers {
		command = append(command, s.Reports[i].File)
	}
	_, err := programs.Output(ctx, ".", command)
	return err
}

// A Server is a server with its reports, one for each of Framings.
type Server struct {
	programs.Built
	Reports []*Report
}
