package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/wholeframe/wholeframe/server"
)

const (
	maxName = 32
	maxText = 512 // so that every line with a name in it is less than MaxPayload
)

// A room holds the members who have a name.
type room struct {
	mu    sync.Mutex
	names map[*server.Conn]string
}

func (r *room) name(c *server.Conn) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[c]
}

// say pushes a line to all members.
func (r *room) say(text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return server.Broadcast(maps.Keys(r.names), []byte(text))
}

// join handles the first line of a member.
func (r *room) join(c *server.Conn, line []byte) error {
	name := string(line)
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, notInName) {
		return c.Reply([]byte("Please choose a short name of letters and digits."))
	}
	r.mu.Lock()
	taken := slices.Contains(slices.Collect(maps.Values(r.names)), name)
	if !taken {
		r.names[c] = name
	}
	r.mu.Unlock()
	if taken {
		return c.Reply([]byte("This name is taken."))
	}
	c.SetHandler(r.hear)
	c.SetIdleTimeout(-1) // members may be silent
	return r.say(name + " joins")
}

func notInName(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// hear handles the further lines.
func (r *room) hear(c *server.Conn, line []byte) error {
	if len(line) > maxText || bytes.ContainsFunc(line, unicode.IsControl) {
		return c.Reply([]byte("Please write short lines of text."))
	}
	command, rest, _ := strings.Cut(string(line), " ")
	switch command {
	case "/quit":
		return io.EOF
	case "/kick":
		name, reason, _ := strings.Cut(rest, " ")
		return r.kick(c, name, reason)
	}
	return r.say(r.name(c) + ": " + string(line))
}

func (r *room) kick(by *server.Conn, name, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, n := range r.names {
		if n == name {
			c.Push([]byte("You are kicked by " + r.names[by] + ": " + reason))
			c.Close(errors.New(reason))
			return nil
		}
	}
	return by.Reply([]byte("There is no " + name + "."))
}

// left is told that a connection has ended.
func (r *room) left(c *server.Conn, reason server.CloseReason, err error) {
	r.mu.Lock()
	name, isMember := r.names[c]
	delete(r.names, c)
	r.mu.Unlock()
	if isMember {
		log.Print(name, ": ", reason, ", ", err)
		r.say(name + " leaves")
	}
}
