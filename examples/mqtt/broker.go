package main

import (
	"encoding/binary"
	"iter"
	"strings"
	"sync"

	"github.com/wholeframe/wholeframe/server"
)

// A broker passes publications to its sessions.
type broker struct {
	mu       sync.Mutex
	sessions map[*server.Conn]*session
}

func (b *broker) add(c *server.Conn, s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for other, o := range b.sessions {
		if o.id == s.id && s.id != "" {
			other.Close(errTakenOver)
		}
	}
	b.sessions[c] = s
}

func (b *broker) remove(c *server.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sessions, c)
}

func (b *broker) subscribe(s *session, filter string, qos int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.filters == nil {
		s.filters = make(map[string]int)
	}
	s.filters[filter] = qos
}

func (b *broker) unsubscribe(s *session, filter string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(s.filters, filter)
}

// publish pushes a message to those who have subscribed to topic, and waits for
// nobody. With QoS 1 each of them has an identifier of its own for it.
func (b *broker) publish(topic string, qos int, message []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c, s := range b.sessions {
		if s.qos(topic, qos) == 1 {
			s.last = max(s.last+1, 1) // 0 is not an identifier
			id := binary.BigEndian.AppendUint16(nil, s.last)
			c.Push(packet(publish|1<<1, text(topic), id, message)) // fails if the connection ends
		}
	}
	return server.Broadcast(b.subscribers(topic, qos), packet(publish, text(topic), message))
}

// subscribers returns the connections that get a publication with QoS 0.
func (b *broker) subscribers(topic string, qos int) iter.Seq[*server.Conn] {
	return func(yield func(*server.Conn) bool) {
		for c, s := range b.sessions {
			if s.qos(topic, qos) == 0 && !yield(c) {
				return
			}
		}
	}
}

// matches reports whether filter describes topic: "+" is any level, and "#" at the
// end any number of them.
func matches(filter, topic string) bool {
	for filter != "#" {
		f, nextFilter, moreFilter := strings.Cut(filter, "/")
		t, nextTopic, moreTopic := strings.Cut(topic, "/")
		switch {
		case f != "+" && f != t:
			return false
		case !moreTopic:
			return !moreFilter || nextFilter == "#"
		case !moreFilter:
			return false
		}
		filter, topic = nextFilter, nextTopic
	}
	return true
}
