//go:build linux

// Command wrong is an echo server, or a client, that breaks one rule: that of the case
// of framecheck that -fault names. Without -fault it breaks none. It is a test of the
// cases: each must find its fault, and no other may.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

func main() {
	framer := spec.Value{}
	if err := framer.Set("length"); err != nil {
		panic(err) // it is a spec
	}
	limit := spec.Size(framing.DefaultMaxPayload)
	s := &server.Server{Handler: server.Echo, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	addr := flag.String("addr", "127.0.0.1:0", "listen on `HOST:PORT`")
	connect := flag.String("connect", "", "be a client of `HOST:PORT`")
	name := flag.String("fault", "", "break the rule of this `CASE`")
	secure := flag.Bool("tls", false, "serve TLS 1.2, with a certificate that is made at start-up")
	flag.Var(&framer, "framing", "frame messages as `SPEC` says")
	flag.Var(&limit, "max-payload", "refuse messages larger than `SIZE`")
	flag.IntVar(&s.MaxConns, "max-conns", 0, "serve at most `N` connections")
	flag.DurationVar(&s.IdleTimeout, "idle-timeout", 0, "close idle connections after this time")
	flag.DurationVar(&s.FrameTimeout, "frame-timeout", 0, "the time for a message")
	flag.DurationVar(&s.WriteTimeout, "write-timeout", 0, "the time without progress of a write")
	flag.DurationVar(&s.Grace, "grace", 0, "the time for closing")
	flag.Parse()
	if *connect != "" {
		os.Exit(asClient(*connect, *name, framer.Framer))
	}
	f, ok := faults[*name]
	if *name != "" && !ok {
		fmt.Fprintf(os.Stderr, "wrong: there is no fault %q\n", *name)
		os.Exit(2)
	}
	s.Framer, s.MaxPayload = framer.Framer, int(limit)
	if *secure {
		s.TLSConfig = selfSigned()
	}
	if f.handler != nil {
		s.Handler = f.handler
	}
	if f.config != nil {
		f.config(s)
	}
	w := &world{fault: f, server: s, limit: int(limit), conns: map[*conn]bool{}}
	os.Exit(w.serve(*addr))
}

// serve serves until a signal comes, and returns the exit code.
func (w *world) serve(addr string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if w.fault.deafToInt {
		signal.Ignore(syscall.SIGINT)
	}
	l, err := w.listen(addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wrong:", err)
		return 1
	}
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	<-signals
	w.closing.Store(true)
	if w.fault.signal != nil {
		w.fault.signal(w, signals)
	}
	err = w.server.Shutdown(context.Background())
	<-served
	if w.stuck.Load() {
		select {}
	}
	if err != nil {
		return 3
	}
	return w.fault.exitCode
}

// listen returns the listener, which makes wrong connections if the fault needs them.
func (w *world) listen(addr string) (net.Listener, error) {
	if w.fault.keepsAddress {
		config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
			return c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 0) })
		}}
		return config.Listen(context.Background(), "tcp4", addr)
	}
	l, err := server.Listen("tcp4", addr)
	if err != nil || !w.fault.wraps() {
		return l, err
	}
	return &listener{l, w}, nil
}

// A listener makes wrong connections.
type listener struct {
	net.Listener
	w *world
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if l.w.fault.acceptError != nil {
				l.w.fault.acceptError(err)
			}
			return nil, err
		}
		wrong := l.w.add(c.(*net.TCPConn))
		if l.w.fault.accept == nil || l.w.fault.accept(wrong) {
			return wrong, nil
		}
		wrong.Close()
	}
}

// SetDeadline lets the server take in who waits when it closes.
func (l *listener) SetDeadline(t time.Time) error {
	return l.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

func selfSigned() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system has no random numbers
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err) // the template is valid
	}
	// The kinds of its records can be told; those of TLS 1.3 look all the same.
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}, MaxVersion: tls.VersionTLS12}
}
