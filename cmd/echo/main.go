// Command echo is the reference server of wholeframe: it picks a framing at
// start-up, sends every whole message back, and closes without losing one.
//
//	echo -framing=length -addr :8000
//
// See echo -h for its flags, and echo -framing=help for the framings.
//
// With -metrics-addr it also serves HTTP, until it has closed: /metrics for
// Prometheus, /livez, which says ok, /readyz, which says ok or, with status 503,
// draining, and with -pprof the profiles of net/http/pprof.
//
// The log is written to standard error. Nothing waits for it: if its reader is slow,
// lines are dropped and counted, and if the reader is gone, the server continues.
//
// SIGINT and SIGTERM, and SIGHUP unless it is ignored (nohup), close the server
// without a loss: it answers every complete frame that had arrived, and exits. A
// second signal within a second is the same request, because supervisors and
// terminals often send two; a later signal stops the waiting for answers.
//
// Exit codes: 0 closed without a loss, 1 cannot start, 2 usage error, 3 closed
// with a loss, after the grace time or by a later signal.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/wholeframe/wholeframe/server"
)

const (
	exitClean  = 0
	exitStart  = 1
	exitUsage  = 2
	exitForced = 3
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	// Before anything else: a signal that comes early is not lost.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, closingSignals()...)
	// A write to standard error fails when its reader is gone; by default it would
	// also kill the process. Ignoring the signal would be inherited by children.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	lines := &logWriter{w: stderr}
	defer lines.flush()
	stderr = lines

	o, err := parse(args)
	var help helpText
	switch {
	case errors.As(err, &help):
		fmt.Fprint(stdout, string(help))
		return exitClean
	case err != nil:
		fmt.Fprintf(stderr, "echo: %v\nRun 'echo -h' for help.\n", err)
		return exitUsage
	}
	log := o.logger(stderr)
	lines.note = func(dropped int) []byte {
		var line bytes.Buffer
		o.logger(&line).Warn("log lines were dropped", "dropped", dropped)
		return line.Bytes()
	}
	beside, err := o.listenMetrics()
	if err != nil {
		fmt.Fprintf(stderr, "echo: %v\n", err)
		return exitStart
	}
	ctx, force := context.WithCancelCause(context.Background())
	defer force(nil)
	s, l, err := start(ctx, o, log)
	if err != nil {
		fmt.Fprintf(stderr, "echo: %v\n", err)
		return exitStart
	}
	leaving := func() {}
	if beside != nil { // else no frame is timed: that takes longer than to echo it
		m := newMetrics(s)
		leaving = func() { m.leaving.Store(true) }
		defer m.serve(beside, o.pprof, log).Close() // when all is drained
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	tell := func(state string) {
		if err := notify(state); err != nil {
			log.Warn("the service manager cannot be told", "state", state, "err", err)
		}
	}
	tell("READY=1")
	go watchdog(func() { s.Stats() }) // which needs the server's lock
	select {
	case err := <-served:
		fmt.Fprintf(stderr, "echo: %v\n", err)
		return exitStart
	case sig := <-signals:
		log.Info("closing", "signal", sig.String(), "connections", open(s))
	}
	began, before := time.Now(), ended(s)
	go patience(signals, force)
	tell("STOPPING=1")
	leaving()
	select {
	case <-time.After(o.drainDelay):
	case <-ctx.Done():
	}
	err = s.Shutdown(ctx)
	// Serve may have begun after that: then it has closed by itself.
	var loss *server.ShutdownError
	if errors.As(<-served, &loss) {
		err = loss
	}
	how := []any{"connections", ended(s) - before, "took", time.Since(began).Round(time.Millisecond)}
	if err != nil {
		log.Error("closed", append(how, "err", err)...)
		return exitForced
	}
	log.Info("closed", how...)
	return exitClean
}

// open returns how many connections s serves.
func open(s *server.Server) (n int) {
	for _, in := range s.Stats().Open {
		n += in
	}
	return n
}

// ended returns how many connections of s have ended.
func ended(s *server.Server) (n uint64) {
	for _, by := range s.Stats().Closed {
		n += by
	}
	return n
}

// start listens and returns the server for o. Its certificate is watched until
// ctx ends.
func start(ctx context.Context, o *options, log *slog.Logger) (*server.Server, net.Listener, error) {
	tlsConfig, cert, err := o.tlsConfig()
	if err != nil {
		return nil, nil, err
	}
	l, err := o.listen()
	if err != nil {
		return nil, nil, err
	}
	if cert != nil {
		go cert.watch(ctx, log)
	}
	log.Info("listening", "addr", l.Addr().String(), "framing", o.framing.String())
	return &server.Server{
		Framer:          o.framing.Framer,
		Handler:         server.Echo,
		TLSConfig:       tlsConfig,
		MaxPayload:      int(o.maxPayload),
		MaxConns:        o.maxConns,
		MaxConnsPerAddr: o.maxPerAddr,
		MaxAge:          o.maxAge,
		ProxyFrom:       o.proxyFrom,
		IdleTimeout:     o.idleTimeout,
		FrameTimeout:    o.frameTimeout,
		WriteTimeout:    o.writeTimeout,
		Grace:           o.grace,
		LogConnections:  o.logConns,
		Logger:          log,
	}, l, nil
}

// closingSignals returns the signals that close the server. Asking for one that
// is ignored would undo nohup.
func closingSignals() []os.Signal {
	s := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		s = append(s, syscall.SIGHUP)
	}
	return s
}

// sameRequest is how long after the first signal another one is the same
// request.
const sameRequest = time.Second

// patience calls force when another signal comes that is not the same request,
// and gives signals their default action back.
func patience(signals chan os.Signal, force context.CancelCauseFunc) {
	for first := time.Now(); ; {
		sig := <-signals
		if time.Since(first) < sameRequest {
			continue
		}
		signal.Stop(signals)
		force(fmt.Errorf("signal: %v", sig))
		return
	}
}
