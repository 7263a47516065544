package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
)

const (
	mostLines = 60
	mostBytes = 48  // of a line
	mostWire  = 512 // of what framecat repeats
)

// A transcript is what was sent and seen in a case, as far as a reader can use it. It
// is safe for concurrent use.
type transcript struct {
	mu      sync.Mutex
	lines   []string
	dropped int

	payloads [][]byte // of the first connection, if only whole messages were sent
	wire     []byte   // what was sent on the first connection
	more     bool     // wire is not all of it
	bare     bool     // other bytes than whole messages were sent
	pieces   string
}

// add adds a line.
func (t *transcript) add(format string, a ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == mostLines {
		t.dropped++
		return
	}
	t.lines = append(t.lines, fmt.Sprintf(format, a...))
}

// all returns the lines.
func (t *transcript) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dropped > 0 {
		return append(t.lines[:len(t.lines):len(t.lines)], fmt.Sprintf("… and %d more lines", t.dropped))
	}
	return t.lines
}

// sends notes what is sent on a connection.
func (t *transcript) sends(p *peer, payloads [][]byte, wire []byte, bare bool, pieces string) {
	if p.number > 0 {
		return
	}
	t.add("%s sends %s", p.name, octetsText(wire))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.payloads = append(t.payloads, payloads...)
	room := mostWire - len(t.wire)
	t.wire = append(t.wire, wire[:min(room, len(wire))]...)
	t.more = t.more || len(wire) > room
	t.bare = t.bare || bare
	if pieces != "" {
		t.pieces = pieces
	}
}

// octetsText returns bytes in hexadecimal.
func octetsText(b []byte) string {
	if len(b) > mostBytes {
		return fmt.Sprintf("%d bytes: %x…", len(b), b[:mostBytes])
	}
	return fmt.Sprintf("%d bytes: %x", len(b), b)
}

// framecat returns a command that sends the same on one connection.
func (t *transcript) framecat(o *options, addr string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	flags := ""
	if o.tls {
		flags = " -tls -tls-insecure"
	}
	chop := map[string]string{"bytes": " -chop=1", "n": " -chop=7", "random": " -chop=7", "headers": " -chop=1", "frames": ""}
	how, chopped := chop[t.pieces]
	if !chopped {
		how = " -stick"
	}
	switch {
	case len(t.wire) == 0:
		return ""
	case t.more:
		return fmt.Sprintf("framecat -load -conns=4 -depth=16 -for=3s%s -framing='%v' %s", flags, o.framing, addr)
	case t.bare:
		// As messages of a fixed size, bytes are sent as they are.
		return fmt.Sprintf("echo %x | framecat -x -hex%s -framing=fixed,size=%d %s", t.wire, flags, len(t.wire), addr)
	}
	var lines []string
	for _, p := range t.payloads {
		lines = append(lines, hex.EncodeToString(p))
	}
	return fmt.Sprintf(`printf '%s\n' | framecat -x -hex%s%s -framing='%v' %s`, strings.Join(lines, `\n`), how, flags, o.framing, addr)
}
