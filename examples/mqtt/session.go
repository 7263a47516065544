package main

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/wholeframe/wholeframe/server"
)

var (
	errProtocol  = errors.New("a packet that MQTT 3.1.1 does not allow here")
	errTakenOver = errors.New("a new connection has the same client identifier")
)

// A session is the state of one client.
type session struct {
	broker  *broker
	id      string         // the client's
	filters map[string]int // the QoS of each; guarded by broker.mu, as last
	last    uint16         // identifier of a publication
}

// qos returns with which QoS the client gets a publication, or -1 if it does not.
func (s *session) qos(topic string, published int) int {
	qos := -1
	for filter, q := range s.filters {
		if matches(filter, topic) {
			qos = max(qos, min(q, published))
		}
	}
	return qos
}

// connect handles the first packet.
func (s *session) connect(c *server.Conn, p []byte) error {
	name, rest, ok := field(body(p))
	if p[0] != connect || !ok || len(rest) < 4 {
		return errProtocol
	}
	if string(name) != "MQTT" || rest[0] != 4 {
		c.Reply(packet(connack, []byte{0, 1})) // this version is not supported
		return io.EOF
	}
	id, _, ok := field(rest[4:])
	if !ok {
		return errProtocol
	}
	s.id = string(id)
	idle := time.Duration(-1)
	if keepAlive := binary.BigEndian.Uint16(rest[2:]); keepAlive > 0 {
		idle = time.Duration(keepAlive) * time.Second * 3 / 2
	}
	c.SetIdleTimeout(idle)
	c.SetHandler(s.packet)
	s.broker.add(c, s)
	return c.Reply(packet(connack, []byte{0, 0}))
}

// packet handles the others.
func (s *session) packet(c *server.Conn, p []byte) error {
	b := body(p)
	switch kind := p[0]; {
	case kind&0xf0 == publish:
		qos := int(kind >> 1 & 3)
		topic, message, ok := field(b)
		if !ok || qos > 1 || len(message) < 2*qos {
			return errProtocol
		}
		id, message := message[:2*qos], message[2*qos:]
		if err := s.broker.publish(string(topic), qos, message); err != nil || qos == 0 {
			return err
		}
		return c.Reply(packet(puback, id))
	case kind&0xf0 == puback: // nothing is sent again, so nothing is kept
		return nil
	case (kind == subscribe || kind == unsubscribe) && len(b) > 2:
		id, rest, codes := b[:2], b[2:], []byte(nil)
		for len(rest) > 0 {
			filter, after, ok := field(rest)
			if !ok || kind == subscribe && len(after) == 0 {
				return errProtocol
			}
			if rest = after; kind == unsubscribe {
				s.broker.unsubscribe(s, string(filter))
				continue
			}
			qos := min(rest[0], 1)
			s.broker.subscribe(s, string(filter), int(qos))
			codes, rest = append(codes, qos), rest[1:]
		}
		if kind == unsubscribe {
			return c.Reply(packet(unsuback, id))
		}
		return c.Reply(packet(suback, id, codes))
	case kind == pingreq:
		return c.Reply(packet(pingresp))
	case kind == disconnect:
		return io.EOF
	}
	return errProtocol
}
