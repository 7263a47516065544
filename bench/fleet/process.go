package fleet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// CPUs are the processors on which server and load generator run. Without, the kernel chooses.
type CPUs struct {
	Server, Load int
	Pinned       bool
}

// ChooseCPUs gives the server and the generator a processor each, where there are two.
func ChooseCPUs() (CPUs, error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return CPUs{}, fmt.Errorf("the processors that may be used: %w", err)
	}
	if allowed.Count() < 2 {
		return CPUs{}, nil
	}
	var found []int
	for cpu := 0; len(found) < 2; cpu++ {
		if allowed.IsSet(cpu) {
			found = append(found, cpu)
		}
	}
	return CPUs{Server: found[0], Load: found[1], Pinned: true}, nil
}

// raiseDescriptorLimit lets this process and its children open as many files as they may. Go raises its own limit by
// itself, but its children get the old one, unless the limit was set explicitly.
func raiseDescriptorLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("the limit of open files: %w", err)
	}
	return nil
}

// StartPinned starts the command on one processor, told to Go programs too.
func (c CPUs) StartPinned(cmd *exec.Cmd, cpu int) error {
	if !c.Pinned {
		return cmd.Start()
	}
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
	// A child inherits the processors of the thread that forks it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("pin: %w", err)
	}
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return fmt.Errorf("pin to processor %d: %w", cpu, err)
	}
	defer unix.SchedSetaffinity(0, &before)
	return cmd.Start()
}

// A Process is a running server.
type Process struct {
	Addr string
	PID  int

	cmd  *exec.Cmd
	done chan struct{} // closed when all output has been read
	out  *tail
}

// startTimeout bounds the wait for the line that tells where the server listens.
const startTimeout = 30 * time.Second

// listening is that line: of slog's text, or of a program that prints the same.
var listening = regexp.MustCompile(`\blistening\b.*\baddr=(\S+)`)

// Start starts the program with a framing and returns when it listens.
func (p Program) Start(ctx context.Context, cpus CPUs, framing string) (*Process, error) {
	args := append(p.Command[1:len(p.Command):len(p.Command)], "-addr=127.0.0.1:0", "-framing="+framing)
	cmd := exec.CommandContext(ctx, p.Command[0], args...)
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cpus.StartPinned(cmd, cpus.Server)
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	process := &Process{PID: cmd.Process.Pid, cmd: cmd, done: make(chan struct{}), out: new(tail)}
	addr := make(chan string, 1)
	go func() {
		defer close(process.done)
		defer r.Close()
		process.watch(r, addr)
	}()
	select {
	case process.Addr = <-addr:
		return process, nil
	case <-process.done:
		err = fmt.Errorf("%s ended before it listened", cmd)
	case <-time.After(startTimeout):
		err = fmt.Errorf("%s does not say where it listens", cmd)
	case <-ctx.Done():
		err = ctx.Err()
	}
	process.Stop()
	return nil, fmt.Errorf("%w\n%s", err, process.Output())
}

// watch reads all output, so that the server never waits for its log, and sends the address when it comes by.
func (p *Process) watch(r io.Reader, addr chan<- string) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		p.out.add(line)
		if match := listening.FindStringSubmatch(line); match != nil && addr != nil {
			addr <- match[1]
			addr = nil
		}
		if err != nil {
			return
		}
	}
}

// Output returns the last lines that the server printed.
func (p *Process) Output() string { return p.out.String() }

// Stop ends the server at once: its connections are closed by then, and there is nothing to save.
func (p *Process) Stop() {
	_ = p.cmd.Process.Kill() // it fails only where the server has ended by itself
	<-p.done
	_ = p.cmd.Wait() // says that it was killed
}

// A tail keeps the last lines added to it.
type tail struct {
	mu    sync.Mutex
	lines []string
}

const tailLines = 10

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailLines {
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, line)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "")
}
