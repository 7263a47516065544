package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/wholeframe/wholeframe/framing"
)

var chatMode = &mode{
	examples: []example{
		{"-framing=length HOST:PORT", "send lines, print replies"},
		{"-x -framing=kafka HOST:PORT", "show what each byte is"},
	},
	groups: []*group{messageFlags, showFlags, inputFlags, troubleFlags, connectFlags},
	run:    chat,
}

// A session is one connection: what the input holds is sent, and what comes back
// is shown.
type session struct {
	options  *options
	conn     conn
	out      *screen
	problems *problems
	sent     *view // nil, unless the wire is shown
	received *view
	ended    atomic.Bool // the input has
}

// chat sends messages and shows the replies until the server ends the
// connection.
func chat(ctx context.Context, j *job) error {
	o, out := j.options, j.out
	dial, err := o.dialer()
	if err != nil {
		return err
	}
	c, err := dial(ctx)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return err
	}
	defer c.Close()
	s := &session{options: o, conn: c, out: out, problems: j.problems}
	if o.wire {
		s.sent, s.received = o.view(out, "-> ", "write"), o.view(out, "<- ", "read")
	}

	sent, received := make(chan error, 1), make(chan error, 1)
	go func() {
		err := s.send(ctx, j.stdin)
		sent <- err
		if err != nil {
			c.SetReadDeadline(o.patience()) // what was sent may still be answered
		}
	}()
	go func() { received <- s.receive() }()
	select {
	case <-ctx.Done():
		return errInterrupted
	case err = <-received:
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return s.verdict(err, sent)
}

// verdict says whether a session was complete, when nothing more can be
// received.
func (s *session) verdict(received error, sent chan error) error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	select {
	case err := <-sent:
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("the server has taken nothing for %v", s.options.timeout)
		case received == nil:
			return fmt.Errorf("the server ended the connection and did not take all messages: %w", err)
		}
	default:
		if received == nil && !s.ended.Load() {
			return errors.New("the server ended the connection before the input had ended")
		}
	}
	if errors.Is(received, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the server has sent nothing for %v and does not end the connection", s.options.timeout)
	}
	return received
}

// send sends all messages and the end of the stream. It reports what is wrong
// with the input, and returns what is wrong with the connection.
func (s *session) send(ctx context.Context, stdin io.Reader) error {
	w := s.options.sender(writeTap{s})
	if err := s.sendAll(ctx, w, stdin); err != nil {
		return err
	}
	if err := w.end(ctx); err != nil {
		return err
	}
	if s.sent != nil {
		s.sent.end()
	}
	s.ended.Store(true)
	if err := s.conn.SetReadDeadline(s.options.patience()); err != nil {
		return err
	}
	return s.conn.CloseWrite()
}

// sendAll sends messages up to the end of the input, or the first that is wrong:
// what came before it is answered.
func (s *session) sendAll(ctx context.Context, w *sender, stdin io.Reader) error {
	var frame []byte
	for m, err := range s.options.messages(stdin) {
		if err != nil {
			s.problems.report(err)
			return nil
		}
		frame, err = s.options.frame(frame[:0], m)
		if err != nil {
			s.problems.report(err)
			return nil
		}
		if err := w.send(ctx, frame); err != nil {
			return err
		}
	}
	return nil
}

// frame appends the frame that carries a message.
func (o *options) frame(dst []byte, m message) ([]byte, error) {
	if limit := int(o.maxPayload); limit >= 0 && len(m.payload) > limit {
		return dst, fmt.Errorf("%s: larger than -max-payload %v", m.source, o.maxPayload)
	}
	dst, err := o.framing.Framer.Append(dst, m.payload)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", m.source, err)
	}
	return dst, nil
}

// receive shows all replies up to the end of the stream.
func (s *session) receive() error {
	err := show(readTap{s}, s.options, s.out, s.problems, s.received == nil)
	if s.received != nil {
		s.received.end()
	}
	return err
}

// show reads the messages of a stream to its end, prints them, or does not, and
// reports each that is refused.
func show(src io.Reader, o *options, out io.Writer, p *problems, print bool) error {
	r := framing.NewReader(src, o.framing.Framer)
	r.SetMaxPayload(int(o.maxPayload))
	var line []byte
	for payload, err := range r.Frames() {
		switch {
		case errors.Is(err, framing.ErrFrame):
			p.report(err)
		case err != nil:
			return err
		case print:
			line = o.style().appendMessage(line[:0], payload)
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// A readTap reads from the connection, and shows what each read has brought.
type readTap struct{ *session }

func (s readTap) Read(p []byte) (int, error) {
	if err := s.out.Flush(); err != nil {
		return 0, err
	}
	if s.ended.Load() {
		if err := s.conn.SetReadDeadline(s.options.patience()); err != nil {
			return 0, err
		}
	}
	n, err := s.conn.Read(p)
	if n > 0 && s.received != nil {
		s.received.arrived(p[:n])
	}
	return n, err
}

// A writeTap writes to the connection, and shows what each write is given:
// before, so that the answer is not shown first.
type writeTap struct{ *session }

func (s writeTap) Write(p []byte) (int, error) {
	if s.sent != nil {
		s.sent.arrived(p)
		if err := s.out.Flush(); err != nil {
			s.conn.Close() // no reply can be shown
			return 0, err
		}
	}
	if err := s.conn.SetWriteDeadline(s.options.patience()); err != nil {
		return 0, err
	}
	return s.conn.Write(p)
}
