package main

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wholeframe/wholeframe/server"
)

// A session is the state of one client.
type session struct {
	tls  *tls.Config // nil if TLS is refused
	user string
}

// first handles the packets of the startup.
func (s *session) first(c *server.Conn, packet []byte) error {
	if len(packet) < 4 {
		return errors.New("startup packet without a version")
	}
	switch code := binary.BigEndian.Uint32(packet); code {
	case sslRequest:
		if s.tls != nil {
			return c.StartTLS([]byte("S"), s.tls)
		}
		return c.Reply([]byte("N"))
	case gssRequest:
		return c.Reply([]byte("N"))
	case cancelRequest:
		return io.EOF
	default:
		if code>>16 != version3>>16 {
			return fmt.Errorf("version %d.%d is not supported", code>>16, code&0xffff)
		}
	}
	fields := bytes.Split(packet[4:], []byte{0}) // names and values
	for i := 0; i+1 < len(fields); i += 2 {
		if string(fields[i]) == "user" {
			s.user = string(fields[i+1])
		}
	}
	c.SetHandler(s.query)
	if err := c.SetFramer(message); err != nil {
		return err
	}
	send(c, 'R', "\x00\x00\x00\x00") // no password is asked for
	send(c, 'S', "server_version\x0015.0\x00")
	send(c, 'S', "client_encoding\x00UTF8\x00")
	return send(c, 'Z', "I")
}

// query handles the messages after the startup.
func (s *session) query(c *server.Conn, m []byte) error {
	switch kind, text := m[0], bytes.TrimSuffix(m[5:], []byte{0}); {
	case kind == 'X': // Terminate
		return io.EOF
	case kind == 'Q' && len(bytes.TrimSpace(text)) == 0:
		send(c, 'I', "")
		return send(c, 'Z', "I")
	case kind == 'Q':
		row := []string{s.user, fmt.Sprint(c.TLS() != nil), string(text)}
		var columns, values []byte
		for i, name := range []string{"user", "encrypted", "query"} {
			// No table, type text of variable size, as text.
			columns = append(append(columns, name...), "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"...)
			values = append(binary.BigEndian.AppendUint32(values, uint32(len(row[i]))), row[i]...)
		}
		send(c, 'T', "\x00\x03"+string(columns))
		send(c, 'D', "\x00\x03"+string(values))
		send(c, 'C', "SELECT 1\x00")
		return send(c, 'Z', "I")
	case kind == 'P': // of a prepared statement
		return send(c, 'E', "SERROR\x00C0A000\x00Monly simple queries\x00\x00")
	case kind == 'S': // Sync
		return send(c, 'Z', "I")
	}
	return nil
}

// send replies with a message.
func send(c *server.Conn, kind byte, body string) error {
	m := append([]byte{kind, 0, 0, 0, 0}, body...)
	if err := message.PutHeader(m); err != nil {
		return err
	}
	return c.Reply(m)
}
