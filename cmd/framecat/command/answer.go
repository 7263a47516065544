package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/wholeframe/wholeframe/server"
)

// An answerer prints what clients send, and answers as the flags say.
type answerer struct {
	*job
	display *display
	reply   []byte // to each message, with -reply
	clients atomic.Int64
	fail    context.CancelCauseFunc // ends the server
}

// clientTracks are the directions of one connection.
type clientTracks struct{ in, out *track }

type clientKey struct{}

// answer serves the clients of l until ctx ends, or the only one has ended.
func (j *job) answer(ctx context.Context, l net.Listener) error {
	return j.withDisplay(func(d *display) error {
		a := &answerer{job: j, display: d}
		return a.run(ctx, l)
	})
}

func (a *answerer) run(ctx context.Context, l net.Listener) (err error) {
	if a.listen.reply != "" {
		if a.reply, err = a.readFile(a.listen.reply); err != nil {
			return err
		}
		if _, err := a.frame(nil, message{payload: a.reply, source: "-reply " + a.listen.reply}); err != nil {
			return err
		}
	}
	serving, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	a.fail = fail
	s := &server.Server{
		Framer:      a.framing.Framer,
		Handler:     a.handle,
		TLSConfig:   a.listen.tlsCertificate,
		MaxPayload:  int(a.maxPayload),
		MaxConns:    a.listen.maxConns,
		IdleTimeout: -1,
		ConnContext: a.begin,
		Logger:      slog.New(&serverLog{a.problems}),
	}
	if a.listen.once {
		s.MaxConns = 1
		s.ConnState = func(_ net.Conn, state server.State) {
			if state == server.StateClosed {
				a.fail(nil)
			}
		}
	}
	if a.wire || a.chop > 0 || a.delay > 0 {
		tapped := &tapListener{Listener: l, below: l, a: a}
		// What is shown and cut are the bytes of the framing, not those of TLS.
		if s.TLSConfig != nil {
			tapped.Listener, s.TLSConfig = tls.NewListener(l, s.TLSConfig), nil
		}
		l = tapped
	}
	closed := make(chan error, 1)
	context.AfterFunc(serving, func() { closed <- s.Shutdown(context.Background()) })
	if err := s.Serve(l); !errors.Is(err, server.ErrServerClosed) {
		return err
	}
	if err := <-closed; err != nil {
		return err
	}
	if cause := context.Cause(serving); ctx.Err() == nil && cause != context.Canceled {
		return cause // what is shown cannot be written
	}
	return a.display.flush()
}

// begin is called for each new connection.
func (a *answerer) begin(ctx context.Context, c net.Conn) context.Context {
	n := int(a.clients.Add(1))
	if !a.quiet {
		a.problems.note("#%d: connected from %s", n, printableAddr(c.RemoteAddr()))
	}
	return context.WithValue(ctx, clientKey{}, &clientTracks{
		&track{d: a.display, conn: n, from: byClient, print: true, labels: true},
		&track{d: a.display, conn: n, from: byServer, print: true, labels: true},
	})
}

// handle answers one message.
func (a *answerer) handle(c *server.Conn, payload []byte) error {
	reply, isAnswered := payload, a.listen.echo
	if a.listen.reply != "" {
		reply, isAnswered = a.reply, true
	}
	if err := a.show(c, payload, reply, isAnswered); err != nil {
		a.fail(err)
		return io.EOF // the error is not about this connection
	}
	if !isAnswered {
		return nil
	}
	if err := c.Reply(reply); err != nil {
		return err
	}
	if a.chop > 0 || a.delay > 0 {
		return c.Flush() // each reply is a write
	}
	return nil
}

// show shows a message and, if it is answered, the reply: before, so that what the
// client does then is not shown first.
func (a *answerer) show(c *server.Conn, payload, reply []byte, isAnswered bool) error {
	tracks := c.Context().Value(clientKey{}).(*clientTracks)
	if err := tracks.in.message(payload); err != nil {
		return err
	}
	if isAnswered {
		if err := tracks.out.message(reply); err != nil {
			return err
		}
	}
	return a.display.flush()
}

// A serverLog reports the warnings of a server: as an error what is about a
// connection, and as a note what is about the server, such as its limit of them.
type serverLog struct{ problems *problems }

func (h *serverLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

func (h *serverLog) Handle(_ context.Context, r slog.Record) error {
	text, ofConn := r.Message, false
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(", %s %v", a.Key, a.Value)
		ofConn = ofConn || a.Key == "remote"
		return true
	})
	if ofConn {
		h.problems.report(errors.New(text))
	} else {
		h.problems.note("%s", text)
	}
	return nil
}

func (h *serverLog) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *serverLog) WithGroup(string) slog.Handler      { return h }

// A tapListener accepts connections whose bytes are shown, and cut into pieces.
// Closing is less exact with it, as [server.Server.Serve] explains for wrapped
// connections.
type tapListener struct {
	net.Listener
	below net.Listener // of TLS
	a     *answerer
}

func (l *tapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tapConn{conn: c.(conn), display: l.a.display}
	t.sender = l.a.sender(t.conn)
	if l.a.wire {
		t.in, t.out = l.a.view(l.a.framing.Framer, byClient.arrow()+" ", "read"), l.a.view(l.a.framing.Framer, byServer.arrow()+" ", "write")
	}
	return t, nil
}

// SetDeadline lets the server end a call of Accept without closing the listener.
func (l *tapListener) SetDeadline(t time.Time) error {
	d, ok := l.below.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return os.ErrNoDeadline
	}
	return d.SetDeadline(t)
}

// A tapConn shows what each read brings and each write is given, and makes the
// trouble of the flags.
type tapConn struct {
	conn
	display *display
	sender  *sender
	in, out *view // nil, unless the wire is shown
}

func (c *tapConn) Read(p []byte) (int, error) {
	if err := c.display.flush(); err != nil {
		return 0, err
	}
	n, err := c.conn.Read(p)
	if c.in != nil {
		c.in.arrived(p[:n])
		if err == io.EOF {
			c.in.end()
		}
	}
	return n, err
}

func (c *tapConn) Write(p []byte) (int, error) {
	if c.out != nil {
		c.out.arrived(p)
		if err := c.display.flush(); err != nil {
			return 0, err
		}
	}
	if err := c.sender.send(context.Background(), p); err != nil {
		return 0, err
	}
	return len(p), nil
}
