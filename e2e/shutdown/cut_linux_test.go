package shutdown

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// container is a process that takes its network along when it ends.
type container struct {
	*process
	link *link
}

func (c *container) addr() net.Addr { return c.at }

func (c *container) handled(int) ([]Frame, bool) { return nil, false }

func (c *container) shutdown(clients []*client) error {
	if err := c.freeze(); err != nil {
		return err
	}
	for _, client := range clients {
		close(client.finish)
	}
	for _, client := range clients {
		for client.state() != finWait2 {
			time.Sleep(time.Millisecond)
		}
	}
	sample(clients)
	c.cmd.Process.Signal(syscall.SIGTERM)
	c.cmd.Process.Signal(syscall.SIGCONT)
	err := c.end()
	c.link.cut()
	// What is on the link arrives, and no end for the others.
	for _, client := range clients {
		client.hurry(time.Now().Add(time.Second))
	}
	return err
}

// finWait2 is the state of a connection whose end is acknowledged, and that has
// not seen the peer's.
const finWait2 = 5

// C21: a process that ends with 0 has had every answer acknowledged: they are
// not left to its kernel, whose network may end with it, as that of a container
// does. Its clients have half-closed, so that their end is no acknowledgement.
func TestC21NetworkEndsWithProcess(t *testing.T) {
	t.Parallel()
	link, err := newLink(*seedFlag)
	if err != nil {
		t.Fatal(err)
	}
	defer link.close()
	command := buildEcho(t)
	var process *process
	err = link.server.do(func() (err error) {
		process, err = command.startAt(fmt.Sprintf("%v:0", net.IP(link.server.ip[:])), "tcp", "length")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer process.kill()
	p := &plan{framing: "length", framer: lengthprefix.Uint32(), fill: textFill, network: "tcp", clients: 8,
		window: 32, min: 1 << 10, max: 1 << 10, warm: true}
	clients, found := p.run(&container{process, link}, link.dial)
	var total tally
	total.add(clients, found)
	t.Log(&total)
	for _, f := range found {
		// An end that does not come before the network ends is none of its own.
		if f.Kind != Endless {
			t.Error(f)
		}
	}
}
