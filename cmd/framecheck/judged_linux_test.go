package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var allFlag = flag.Bool("framecheck.all", false, "play all cases on each wrong server: half an hour")

// temporary is a directory that all tests have.
var temporary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "framecheck")
	if err != nil {
		panic(err)
	}
	temporary = dir
	flag.Parse()
	flag.Set("test.parallel", "8") // the tests wait most of the time
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// build returns a command of this repository.
func build(t *testing.T, pkg string) string {
	t.Helper()
	command := filepath.Join(temporary, filepath.Base(pkg))
	building.Lock()
	defer building.Unlock()
	if _, err := os.Stat(command); err == nil {
		return command
	}
	args := append([]string{"build", "-o", command}, buildFlags...)
	out, err := exec.Command("go", append(args, pkg)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return command
}

var building sync.Mutex

// A setup is a configuration in which some of the cases apply.
type setup struct {
	name  string
	flags []string // of framecheck and of the server
	only  string   // cases that are played; "": all
	serve []string // flags of the server alone
}

var (
	plain   = setup{"plain", []string{"-framing=length", "-max-payload=1MiB"}, "", nil}
	bad     = setup{"malformed", []string{"-framing=netstring", "-max-payload=1MiB"}, "4", nil}
	endless = setup{"endless", []string{"-framing=line", "-max-payload=1MiB"}, "3.8", nil}
	filled  = setup{"fill", []string{"-framing=length,skip-empty"}, "2.10", nil}
	timed   = setup{"time", []string{"-framing=length", "-frame-timeout=2s", "-write-timeout=2s"}, "7.1,7.2,7.3,7.7,7.8", nil}
	idle    = setup{"idle time", []string{"-framing=length", "-idle-timeout=2s"}, "7.4,7.5,7.6,7.9", nil}
	limited = setup{"max-conns", []string{"-framing=length", "-max-conns=20"}, "8.6", nil}
	secure  = setup{"tls", []string{"-framing=length", "-tls"}, "10", nil}
	client  = setup{"client", []string{"-framing=length", "-mode=client"}, "11", nil}
	garbled = setup{"client malformed", []string{"-framing=netstring", "-mode=client"}, "11.9", nil}
)

// setupOf returns the setup in which a case applies.
func setupOf(number string) setup {
	group, _, _ := strings.Cut(number, ".")
	switch {
	case number == "3.8":
		return endless
	case number == "2.10":
		return filled
	case number == "8.6":
		return limited
	case number == "11.9":
		return garbled
	case strings.Contains(","+idle.only+",", ","+number+","):
		return idle
	}
	if s, ok := map[string]setup{"4": bad, "7": timed, "10": secure, "11": client}[group]; ok {
		return s
	}
	return plain
}

// judge plays cases on a command and returns the report.
func judge(t *testing.T, s setup, only string, bounds []string, command ...string) *report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	args := append([]string{"-json", file}, bounds...)
	if only != "" {
		args = append(args, "-only", only)
	}
	args = append(append(append(args, s.flags...), "--"), command...)
	var stdout, stderr strings.Builder
	code := run(args, &stdout, &stderr)
	if code != exitUnable { // no case applies: it may do so in another round
		require.Empty(t, stderr.String())
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	r := new(report)
	require.NoError(t, json.Unmarshal(text, r))
	assert.Equal(t, r.Counts[fail] > 0, code == exitFailed, "exit code %d\n%s", code, &stdout)
	return r
}

// of returns the command of the wrong server, or client, in a setup.
func (s setup) of(wrong, fault string) []string {
	command := []string{wrong, "-fault", fault, "-write-timeout=1m"}
	for _, f := range s.flags {
		if !strings.HasPrefix(f, "-mode") {
			command = append(command, f)
		}
	}
	if strings.HasPrefix(s.name, "client") {
		return append(command, "-connect={addr}")
	}
	return append(command, "-addr={addr}", "-grace=1s")
}

// Our echo passes each case that can be played on it, and so does the server of the
// faults without one.
func TestGood(t *testing.T) {
	t.Parallel()
	echo, wrong := build(t, "../echo"), build(t, "./internal/wrong")
	bounds := []string{"-grace=20s", "-patience=20s"}
	var mu sync.Mutex
	played := map[string]bool{}
	verify := func(r *report) {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range r.Cases {
			if c.Verdict != leftOut {
				played[c.Number] = true
			}
			assert.NotContains(t, []level{fail, notStrict}, c.Verdict, "%s %s: %s\n%s", c.Number, c.Rule, c.Reason, strings.Join(c.Seen, "\n"))
		}
	}
	var all sync.WaitGroup // they wait most of the time
	slots := make(chan struct{}, 3)
	for _, s := range []setup{plain, bad, endless, filled, timed, idle, limited} {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			verify(judge(t, s, s.only, bounds, append([]string{echo, "-addr={addr}", "-grace=5s"}, s.flags...)...))
		})
	}
	for _, s := range []setup{secure, client, garbled} {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			verify(judge(t, s, s.only, bounds, s.of(wrong, "")...))
		})
	}
	all.Wait()
	for _, c := range numbers(t) {
		assert.True(t, played[c], "case %s was played in no setup", c)
	}
}

// numbers returns the numbers of all cases.
func numbers(t *testing.T) (all []string) {
	t.Helper()
	groups, err := new(options).groups()
	require.NoError(t, err)
	for _, g := range groups {
		for _, c := range g.Cases {
			all = append(all, c.Number)
		}
	}
	return all
}

// As a newcomer types it.
func TestGoRun(t *testing.T) {
	for framing, only := range map[string]string{"length": "1.2,9.1,9.4", "line": "9.5,9.17"} {
		c := exec.Command("go", "run", "./cmd/framecheck", "-patience=20s", "-only="+only, "-framing="+framing, "--", "go", "run", "./cmd/echo", "-framing="+framing, "-addr", "{addr}")
		c.Dir = "../.."
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), " pass, 0 fail, 0 not strict, 0 informational, 0 do not apply\n")
	}
}

// A signal ends the work, and the server that was started.
func TestInterrupted(t *testing.T) {
	echo := build(t, "../echo")
	c := exec.Command(build(t, "../framecheck"), "-framing=length", "-only=1.10", "-rounds=1000", "--", echo, "-framing=length", "-addr={addr}")
	c.Env = append(os.Environ(), "GORACE=")
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	c.Stderr = c.Stdout
	require.NoError(t, c.Start())
	servers := func() bool {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.Process.Pid))
		return err == nil && slices.ContainsFunc(tasks, func(name string) bool {
			children, err := os.ReadFile(name)
			return err == nil && len(children) > 0
		})
	}
	require.Eventually(t, servers, time.Minute, 10*time.Millisecond)
	require.NoError(t, c.Process.Signal(os.Interrupt))
	said, err := io.ReadAll(stdout) // until the server has ended too
	require.NoError(t, err)
	assert.Empty(t, string(said))
	var exit *exec.ExitError
	require.ErrorAs(t, c.Wait(), &exit)
	assert.Equal(t, exitInterrupted, exit.ExitCode())
}

// When the reader of standard output is gone, the server that was started ends too.
func TestReaderGone(t *testing.T) {
	echo := build(t, "../echo")
	c := exec.Command(build(t, "../framecheck"), "-framing=length", "-only=1.2", "-rounds=2", "--", echo, "-framing=length", "-addr={addr}")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	c.Stdout = w
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	require.NoError(t, w.Close())
	said, err := io.ReadAll(stderr)
	require.NoError(t, err)
	assert.Contains(t, string(said), "broken pipe")
	var exit *exec.ExitError
	require.ErrorAs(t, c.Wait(), &exit)
	assert.Equal(t, exitUnable, exit.ExitCode())
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range commands {
		if text, err := os.ReadFile(name); err == nil {
			assert.False(t, strings.HasPrefix(string(text), echo+"\x00"), "the server runs on: %q", text)
		}
	}
}
