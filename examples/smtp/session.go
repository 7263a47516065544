package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/dot"
	"github.com/wholeframe/wholeframe/server"
)

// A session is the state of one client.
type session struct {
	tls  *tls.Config // nil if TLS is not offered
	from string      // "" until MAIL
	to   []string
}

func (s *session) reset() { s.from, s.to = "", nil }

func (s *session) command(c *server.Conn, line []byte) error {
	verb, arg, _ := strings.Cut(string(line), " ")
	reply := func(text string) error { return c.Reply([]byte(text)) }
	switch verb = strings.ToUpper(verb); {
	case verb == "HELO":
		s.reset()
		return reply("250 mail.example")
	case verb == "EHLO":
		s.reset()
		reply("250-mail.example")
		if s.tls != nil && c.TLS() == nil {
			reply("250-STARTTLS")
		}
		reply("250-PIPELINING")
		return reply(fmt.Sprintf("250 SIZE %d", maxText))
	case verb == "STARTTLS" && s.tls != nil:
		err := c.StartTLS([]byte("220 go ahead"), s.tls)
		if errors.Is(err, server.ErrTLS) {
			return reply("503 TLS is active")
		}
		if errors.Is(err, server.ErrPlaintext) {
			reply("554 commands must not follow STARTTLS")
		}
		s.reset() // what was said in plaintext does not count
		return err
	case verb == "MAIL" && s.from == "" && arg != "":
		s.from = arg
		return reply("250 OK")
	case verb == "RCPT" && s.from != "" && arg != "":
		s.to = append(s.to, arg)
		return reply("250 OK")
	case verb == "DATA" && len(s.to) > 0:
		if err := c.SetReadFramer(dot.New()); err != nil {
			return err
		}
		c.SetMaxPayload(maxText)
		c.SetHandler(s.text)
		return reply("354 end with a dot")
	case verb == "RSET":
		s.reset()
		return reply("250 OK")
	case verb == "NOOP":
		return reply("250 OK")
	case verb == "QUIT":
		reply("221 goodbye")
		return io.EOF
	case verb == "MAIL", verb == "RCPT", verb == "DATA":
		return reply("503 bad sequence of commands")
	}
	return reply("502 not implemented")
}

// text receives the text of a message: lines, which end in "\r\n".
func (s *session) text(c *server.Conn, text []byte) error {
	fmt.Printf("%q to %q, %d bytes, TLS %t\n", s.from, s.to, len(text), c.TLS() != nil)
	s.reset()
	c.SetHandler(s.command)
	c.SetMaxPayload(maxLine)
	if err := c.SetReadFramer(delimiter.CRLF()); err != nil {
		return err
	}
	return c.Reply([]byte("250 accepted"))
}
