package serving

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// A member is a user at nc.
type member struct {
	*lines
	input io.WriteCloser
}

func join(t *testing.T, p *program, name string) *member {
	t.Helper()
	cmd := exec.Command("nc", "127.0.0.1", p.port())
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	m := &member{run(t, cmd), input}
	m.hears("What is your name?")
	m.says(name)
	m.hears(name + " joins")
	return m
}

func (m *member) says(line string) {
	m.t.Helper()
	if _, err := fmt.Fprintln(m.input, line); err != nil {
		m.t.Fatal(err)
	}
}

func (m *member) hears(want ...string) {
	m.t.Helper()
	for _, w := range want {
		if got := m.next(); got != w {
			m.t.Fatalf("a member hears %q; want %q", got, w)
		}
	}
}

// leaves fails the test unless the member hears no more. At the end of the stream nc
// waits for that of its input.
func (m *member) leaves() {
	m.t.Helper()
	m.input.Close()
	if rest := m.rest(); len(rest) > 0 {
		m.t.Errorf("a member hears %q", rest)
	}
}

func TestChat(t *testing.T) {
	p := start(t, 1, "chat")
	ann := join(t, p, "ann")
	bob := join(t, p, "bob")
	eve := join(t, p, "eve")
	ann.hears("bob joins", "eve joins")
	bob.hears("eve joins")
	ann.says("hello")
	for _, m := range []*member{ann, bob, eve} { // bob and eve are silent
		m.hears("ann: hello")
	}
	ann.says(strings.Repeat("x", 1000))
	ann.hears("Please write short lines of text.")
	ann.says("/kick nobody for nothing")
	ann.hears("There is no nobody.")
	ann.says("/kick eve for being silent")
	eve.hears("You are kicked by ann: for being silent", "Goodbye, eve: kicked")
	eve.leaves()
	ann.hears("eve leaves")
	bob.hears("eve leaves")
	if got := p.lines.wait("^.*(eve: .*)$")[1]; got != "eve: kicked, for being silent" {
		t.Errorf("the server logs %q", got)
	}
	p.terminate()
	for name, m := range map[string]*member{"ann": ann, "bob": bob} {
		m.wait("^Goodbye, " + name + ": drained$") // the other may leave before
		m.leaves()
	}
	p.ends()
}
