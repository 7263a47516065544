// Connmem measures what idle connections cost echo servers in resident memory: when each has exchanged one message of
// 64 bytes, and when each has been busy with messages of 64 KiB.
//
//	go -C bench run ./cmd/connmem
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/peers/peer"
	"github.com/wholeframe/wholeframe/bench/proc"
	"github.com/wholeframe/wholeframe/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A bench is what the flags ask for.
type bench struct {
	fleet.Setup
	framing      string
	conns        []int
	messages     int
	settle, rest time.Duration
}

func run(ctx context.Context) error {
	var (
		b      bench
		names  = flag.String("servers", strings.Join(fleet.Names(), ","), "servers to compare")
		conns  = flag.String("conns", "1000,2000,5000,10000", "numbers of connections, rising")
		output = flag.String("o", "memory.json", "`file` for the results")
	)
	flag.StringVar(&b.framing, "framing", peer.Length, "line or length")
	flag.IntVar(&b.messages, "messages", 4, "messages of 64 KiB that each connection exchanges")
	flag.DurationVar(&b.settle, "settle", time.Second, "pause before memory is read")
	flag.DurationVar(&b.rest, "rest", 10*time.Second, "pause after the connections were busy")
	flag.Parse()
	var err error
	if b.conns, err = parseConns(*conns); err != nil {
		return err
	}
	if b.Setup, err = fleet.Prepare(ctx, *names, "idle"); err != nil {
		return err
	}
	results, err := report.For(b.Setup)
	if err != nil {
		return err
	}
	fmt.Println(results.Machine)
	failed := false
	for _, server := range b.Servers {
		if !slices.Contains(server.Framings, b.framing) {
			continue
		}
		m := report.Memory{Server: server.Name}
		if err := b.measure(ctx, server, &m); err != nil {
			m.Error = err.Error()
			failed = true
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		results.Memory = append(results.Memory, m)
	}
	if err := errors.Join(results.WriteMemory(os.Stdout), results.Write(*output)); err != nil {
		return err
	}
	if failed {
		return errors.New("some servers failed; the table says which")
	}
	return nil
}

func parseConns(text string) ([]int, error) {
	var conns []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || len(conns) > 0 && n <= conns[len(conns)-1] {
			return nil, fmt.Errorf("%q is no rising list of numbers of connections", text)
		}
		conns = append(conns, n)
	}
	return conns, nil
}

// measure reads the memory of one server with more and more connections, and after they have been busy.
func (b *bench) measure(ctx context.Context, server fleet.Built, m *report.Memory) error {
	process, err := server.Start(ctx, b.CPUs, b.framing)
	if err != nil {
		return err
	}
	defer process.Stop()
	clients, err := b.startClients(ctx, process.Addr)
	if err != nil {
		return err
	}
	defer clients.stop()

	opened := 0
	for _, conns := range append([]int{0}, b.conns...) {
		if _, err := clients.tell("open %d", conns-opened); err != nil {
			return err
		}
		opened = conns
		// A connection that has talked has been accepted, and has its buffers.
		if _, err := clients.tell("busy 1 64"); err != nil {
			return err
		}
		resident, err := b.resident(ctx, process, b.settle)
		if err != nil {
			return err
		}
		m.Idle = append(m.Idle, report.MemoryPoint{Conns: conns, Bytes: resident})
	}
	if _, err := clients.tell("busy %d %d", b.messages, 64<<10); err != nil {
		return err
	}
	if m.AfterBusy, err = b.resident(ctx, process, b.rest); err != nil {
		return err
	}
	closed, err := clients.tell("closed")
	if err == nil && closed > 0 {
		err = fmt.Errorf("%d of %d idle connections were closed by the server", closed, opened)
	}
	return err
}

// resident returns the memory of the server when it has had time to settle.
func (b *bench) resident(ctx context.Context, process *fleet.Process, settle time.Duration) (int64, error) {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	memory, err := proc.MemoryOf(process.PID)
	return memory.Resident, err
}

// clients is the process that holds the connections.
type clients struct {
	cmd        *exec.Cmd
	in         io.WriteCloser
	answers    *bufio.Reader
	complaints bytes.Buffer
}

func (b *bench) startClients(ctx context.Context, addr string) (*clients, error) {
	c := &clients{cmd: exec.CommandContext(ctx, b.Tool, "-addr", addr, "-framing", b.framing)}
	c.cmd.Stderr = &c.complaints
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.answers = bufio.NewReader(out)
	return c, b.CPUs.StartPinned(c.cmd, b.CPUs.Load)
}

// tell has the process obey a command, and returns the number that it answers.
func (c *clients) tell(format string, args ...any) (int, error) {
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		return 0, fmt.Errorf("clients: %w", err)
	}
	answer, err := c.answers.ReadString('\n')
	if err != nil {
		c.stop() // so that all complaints are there
		return 0, fmt.Errorf("clients: %w: %s", err, &c.complaints)
	}
	return strconv.Atoi(strings.TrimSpace(answer))
}

// stop closes the connections.
func (c *clients) stop() {
	c.in.Close()
	_ = c.cmd.Wait() // what it had to say stands in its answers and complaints
}
