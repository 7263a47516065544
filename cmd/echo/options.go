package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// options are what the flags say.
type options struct {
	addr         string
	framing      spec.Value
	maxPayload   spec.Size
	maxConns     int
	idleTimeout  time.Duration
	frameTimeout time.Duration
	writeTimeout time.Duration
	grace        time.Duration
	tlsCert      string
	tlsKey       string
	metricsAddr  string
	pprof        bool
	logFormat    string
	verbose      bool
}

// helpText is the error of a command line that asks for help.
type helpText string

func (helpText) Error() string { return "help requested" }

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := &options{maxPayload: framing.DefaultMaxPayload}
	f := flag.NewFlagSet("echo", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8000", "listen on `HOST:PORT`, port 0 for a free one, or on unix:/path")
	text := f.String("framing", "line", "frame messages as `SPEC` says; help lists what there is")
	f.Var(&o.maxPayload, "max-payload", "refuse messages of more than `SIZE` (bytes, or 64KiB, 1MiB, 2GiB); 0: 1MiB, negative: no limit")
	f.IntVar(&o.maxConns, "max-conns", 0, "serve at most `N` connections at a time, others wait; 0: 10000 or 80 % of the descriptor limit, negative: no limit")
	f.DurationVar(&o.idleTimeout, "idle-timeout", 2*time.Minute, "close a connection that sends nothing between two messages for so long; 0: 2m, negative: never")
	f.DurationVar(&o.frameTimeout, "frame-timeout", 10*time.Second, "close a connection whose message takes longer, plus 1s for each 64KiB of it; 0: 10s, negative: never")
	f.DurationVar(&o.writeTimeout, "write-timeout", 10*time.Second, "close a connection that reads nothing for so long; 0: 10s, negative: never")
	f.DurationVar(&o.grace, "grace", 10*time.Second, "when closing, wait so long for what has arrived to be answered; 0: 10s, negative: for ever")
	f.StringVar(&o.tlsCert, "tls-cert", "", "serve TLS with the certificate (chain) in the PEM `FILE`; needs -tls-key")
	f.StringVar(&o.tlsKey, "tls-key", "", "its private key, in the PEM `FILE`")
	f.StringVar(&o.metricsAddr, "metrics-addr", "", "serve /metrics and /healthz over HTTP on `HOST:PORT`, port 0 for a free one")
	f.BoolVar(&o.pprof, "pprof", false, "serve profiles under /debug/pprof/ there; needs -metrics-addr")
	f.StringVar(&o.logFormat, "log", "text", "log to standard error as `text` or json")
	f.BoolVar(&o.verbose, "v", false, "log at debug level: why each connection ended")

	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, usage(f)
	case err != nil:
		return nil, err
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; there are flags only", f.Arg(0))
	case *text == "help":
		return nil, helpText(spec.Help())
	}
	if err := o.framing.Set(*text); err != nil {
		return nil, fmt.Errorf("-framing: %w", err)
	}
	return o, o.check()
}

// check refuses what makes no sense together.
func (o *options) check() error {
	limit := int(o.maxPayload)
	if limit == 0 {
		limit = framing.DefaultMaxPayload
	}
	if f, ok := o.framing.Framer.(*fixed.Framer); ok && limit > 0 && f.Size() > limit {
		return fmt.Errorf("-framing %v: every message is larger than -max-payload %v", f, spec.Size(limit))
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return errors.New("-tls-cert and -tls-key go together")
	}
	if o.pprof && o.metricsAddr == "" {
		return errors.New("-pprof needs -metrics-addr")
	}
	if o.logFormat != "text" && o.logFormat != "json" {
		return fmt.Errorf("-log %q: it must be text or json", o.logFormat)
	}
	return nil
}

// usage returns the page that -h prints.
func usage(f *flag.FlagSet) helpText {
	var s strings.Builder
	fmt.Fprintf(&s, "echo sends every whole message back, and closes without losing one.\n\nUsage: echo [flags]\n\n")
	f.SetOutput(&s)
	f.PrintDefaults()
	fmt.Fprintf(&s, "\nExit codes: 0 closed without a loss, 1 cannot start, 2 wrong usage, 3 closed with a loss.\n")
	return helpText(s.String())
}

// logger returns the logger that the flags ask for.
func (o *options) logger(w io.Writer) *slog.Logger {
	h := &slog.HandlerOptions{}
	if o.verbose {
		h.Level = slog.LevelDebug
	}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, h))
	}
	return slog.New(slog.NewTextHandler(w, h))
}

// listenMetrics listens where metrics are to be served, or returns nil.
func (o *options) listenMetrics() (net.Listener, error) {
	if o.metricsAddr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", o.metricsAddr)
	if err != nil {
		return nil, fmt.Errorf("-metrics-addr: %w", err)
	}
	return l, nil
}

// tlsConfig returns the TLS configuration, or nil for plain connections.
func (o *options) tlsConfig() (*tls.Config, error) {
	if o.tlsCert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}, nil
}
