package command

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"

	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

var listenMode = &mode{
	flag: "listen",
	examples: []example{
		{"-listen :9000 -echo", "a server; or -reply FILE"},
		{"-listen :9000 -to HOST:PORT", "a proxy that shows both sides"},
		{"-listen :514 -framing=syslog -to HOST:PORT -to-framing=line", "a bridge between framings"},
	},
	noTarget: "takes no address here",
	groups:   []*group{messageFlags, outputFlags, hexFlags, showFlags, inputFlags, framedFlags, recordFlags, listenFlags, chatFlags, troubleFlags, connectFlags},
	check:    func(o *options) error { return o.listen.check(o) },
	run:      listen,
}

type listenOptions struct {
	addr           string
	to             string
	toFramingSpec  string
	toFraming      spec.Value // of toFramingSpec; empty for a proxy
	trouble        string
	once           bool
	echo           bool
	reply          string
	maxConns       int
	tlsCert        string
	tlsKey         string
	tlsCertificate *tls.Config // nil: no TLS
}

var listenFlags = &group{"Listening", func(f *flag.FlagSet, o *options) {
	l := &o.listen
	f.StringVar(&l.addr, "listen", "", "accept clients on `HOST:PORT`, port 0 for a free one, or on unix:/path")
	f.BoolVar(&l.once, "once", false, "serve one client and end; without -to, -echo and -reply, lines of input are sent to it")
	f.BoolVar(&l.echo, "echo", false, "send each message back")
	f.StringVar(&l.reply, "reply", "", "answer each message with the bytes of `FILE`, as one message")
	f.StringVar(&l.to, "to", "", "connect each client to the server at `HOST:PORT`, and show both directions")
	f.StringVar(&l.toFramingSpec, "to-framing", "", "frame messages to and from the server as `SPEC` says: each message is passed on in the other framing")
	f.StringVar(&l.trouble, "trouble", "both", "make the trouble of -chop, -half and -delay for the `SIDE` client, server or both")
	f.IntVar(&l.maxConns, "max-conns", 1000, "serve at most `N` clients at a time; others wait")
	f.StringVar(&l.tlsCert, "tls-cert", "", "serve TLS to clients with the certificate (chain) in the PEM `FILE`; needs -tls-key")
	f.StringVar(&l.tlsKey, "tls-key", "", "private key of the certificate, in the PEM `FILE`")
}}

func (l *listenOptions) check(o *options) error {
	switch {
	case !isAddress(l.addr):
		return fmt.Errorf("-listen %q: want HOST:PORT or unix:/path", l.addr)
	case l.to != "" && !isAddress(l.to):
		return fmt.Errorf("-to %q: want HOST:PORT or unix:/path", l.to)
	case l.toFramingSpec == "help":
		return helpText(spec.Help())
	case more(l.to != "", l.echo, l.reply != ""):
		return errors.New("-to, -echo and -reply contradict each other: want one of them")
	case l.to == "" && l.toFramingSpec != "":
		return errors.New("-to-framing needs -to")
	case l.to == "" && o.tls:
		return errors.New("-tls is for the server at -to; for clients want -tls-cert and -tls-key")
	case o.stick && !l.talks():
		return errors.New("-stick needs an input that ends: -once, without -to, -echo and -reply")
	case o.half && l.to == "" && !l.talks():
		return errors.New("-half needs -to, or -once without -echo and -reply")
	case (o.file != "" || o.framed) && !l.talks():
		return errors.New("-file and -framed need -once, without -to, -echo and -reply")
	case (o.chat.keepOpen || o.chat.replies >= 0) && !l.talks():
		return errors.New("-n and -keep-open need -once, without -to, -echo and -reply")
	case l.trouble != "both" && l.trouble != byClient.String() && l.trouble != byServer.String():
		return fmt.Errorf("-trouble %q: want client, server or both", l.trouble)
	case l.trouble != "both" && l.to == "":
		return errors.New("-trouble needs -to: without it there is one side only")
	case l.maxConns < 1:
		return fmt.Errorf("-max-conns %d: it must be 1 or more", l.maxConns)
	case (l.tlsCert == "") != (l.tlsKey == ""):
		return errors.New("-tls-cert and -tls-key go together")
	}
	if l.toFramingSpec != "" {
		if err := l.toFraming.Set(l.toFramingSpec); err != nil {
			return fmt.Errorf("-to-framing: %w; -to-framing=help lists all", err)
		}
	}
	return o.chat.check()
}

// talks reports whether the one client that is accepted gets the lines of input.
func (l *listenOptions) talks() bool { return l.once && l.to == "" && !l.echo && l.reply == "" }

// isFor reports whether trouble is made for who.
func (l *listenOptions) isFor(who side) bool { return l.trouble == "both" || l.trouble == who.String() }

// listen accepts clients and answers them, or connects them to a server.
func listen(ctx context.Context, j *job) error {
	o := &j.listen
	if o.tlsCert != "" {
		cert, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
		if err != nil {
			return fmt.Errorf("-tls-cert: %w", err)
		}
		o.tlsCertificate = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	l, err := server.Listen(network(o.addr))
	if err != nil {
		return err
	}
	defer l.Close()
	j.problems.note("listening on %s", printableAddr(l.Addr()))
	switch {
	case o.to != "":
		return j.relay(ctx, l)
	case o.talks():
		return j.talk(ctx, l)
	}
	return j.answer(ctx, l)
}

// printableAddr returns an address as the command line takes it.
func printableAddr(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

// talk serves one client with the lines of input.
func (j *job) talk(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	accepted, err := l.Accept()
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	l.Close() // later clients are refused
	c, err := j.welcome(ctx, accepted)
	if err != nil {
		return err
	}
	return j.converse(ctx, c, byServer)
}

// welcome returns the connection of a client, after the TLS handshake.
func (j *job) welcome(ctx context.Context, accepted net.Conn) (conn, error) {
	limit := j.timeout
	if j.listen.to != "" {
		limit = -1 // a side that does not read holds the other up
	}
	below := &steadyConn{accepted.(conn), limit}
	if j.listen.tlsCertificate == nil {
		return below, nil
	}
	ctx, cancel := j.limit(ctx)
	defer cancel()
	t := tls.Server(below, j.listen.tlsCertificate)
	if err := t.HandshakeContext(ctx); err != nil {
		below.Close()
		return nil, fmt.Errorf("TLS with %s: %w", accepted.RemoteAddr(), err)
	}
	return &tlsConn{t, below}, nil
}
