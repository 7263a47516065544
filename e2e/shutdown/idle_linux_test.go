package shutdown

import (
	"flag"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var idleFlag = flag.Int("shutdown.idle", 1000, "close a process with this many idle `connections`")

// signalled is a process that gets its signal at any moment.
type signalled struct {
	*process
	at time.Time // of the signal
}

func (s *signalled) addr() net.Addr { return s.process.at }

func (s *signalled) handled(int) ([]Frame, bool) { return nil, false }

func (s *signalled) shutdown(clients []*client) error {
	sample(clients)
	s.at = time.Now()
	s.cmd.Process.Signal(syscall.SIGTERM)
	return s.end()
}

// C6: a process with many idle connections ends them all with FIN, and serves
// others until it ends.
func TestC6ManyIdle(t *testing.T) {
	const dialing = 16 // at a time
	process, err := buildEcho(t).start("tcp", "length", "-max-conns", strconv.Itoa(*idleFlag+100), "-idle-timeout", "1h")
	if err != nil {
		t.Fatal(err)
	}
	defer process.kill()
	s := &signalled{process: process}

	var (
		dialled, running sync.WaitGroup
		next, ended      atomic.Int64
		last             atomic.Int64 // when the last one ended, in nanoseconds since start
		start            = time.Now()
	)
	idle := func() error {
		nc, err := net.Dial("tcp", s.addr().String())
		if err != nil {
			return err
		}
		running.Go(func() {
			defer nc.Close()
			if n, err := nc.Read(make([]byte, 1)); n > 0 || err != io.EOF {
				t.Errorf("an idle connection read %d bytes, %v; want 0, EOF", n, err)
				return
			}
			ended.Add(1)
			last.Store(int64(time.Since(start)))
		})
		return nil
	}
	for range dialing {
		dialled.Go(func() {
			for next.Add(1) <= int64(*idleFlag) {
				if err := idle(); err != nil {
					t.Errorf("after %d connections: %v (ulimit -n)", next.Load()-1, err)
					return
				}
			}
		})
	}
	dialled.Wait()
	if n := ended.Load(); n > 0 {
		t.Errorf("%d connections ended before the signal", n)
	}
	opened := time.Since(start)

	p := &plan{framing: "length", framer: lengthprefix.Uint32(), fill: textFill, network: "tcp", clients: 4, window: 16, max: 1000, warm: true, wait: 300 * time.Millisecond}
	clients, found := p.run(s, net.Dial)
	exit := time.Since(s.at)
	running.Wait()
	for _, f := range found {
		t.Error(f)
	}
	answers := 0
	for _, c := range clients {
		answers += len(c.history.Returned)
	}
	t.Logf("%d idle connections, opened in %v: the last ended %v after the signal, the process after %v; %d clients had %d answers beside them",
		*idleFlag, opened.Round(time.Millisecond), (time.Duration(last.Load()) - s.at.Sub(start)).Round(time.Millisecond), exit.Round(time.Millisecond), len(clients), answers)
	if n := ended.Load(); n != int64(*idleFlag) {
		t.Errorf("%d of %d idle connections saw FIN", n, *idleFlag)
	}
}
