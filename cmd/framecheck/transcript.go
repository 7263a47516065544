package main

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

const (
	firstLines = 20 // that are kept, and
	lastLines  = 40
	mostBytes  = 48  // of a line
	mostWire   = 512 // of what framecat repeats
)

// A transcript is what was sent and seen in a case, as far as a reader can use it. It
// is safe for concurrent use.
type transcript struct {
	mu      sync.Mutex
	lines   []string // the first, and the last if some are dropped
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
	if len(t.lines) == firstLines+lastLines {
		t.lines = slices.Delete(t.lines, firstLines, firstLines+1)
		t.dropped++
	}
	t.lines = append(t.lines, fmt.Sprintf(format, a...))
}

// all returns the lines.
func (t *transcript) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.Clone(t.lines)
	if t.dropped > 0 {
		all = slices.Insert(all, firstLines, fmt.Sprintf("… %d more lines …", t.dropped))
	}
	return all
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

// framecat returns a command that sends the same on one connection, if that is not too
// much, to the server: at {addr} if framecheck has started it, for that one is gone.
func (t *transcript) framecat(o *options) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr := cmp.Or(o.addr, "{addr}")
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
