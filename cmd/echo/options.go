package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// options are what the flags say.
type options struct {
	addr         string
	socketMode   socketMode
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

// socketMode is the value of -socket-mode.
type socketMode fs.FileMode

// String returns the mode in octal, or nothing if it is not set.
func (m socketMode) String() string {
	if m == 0 {
		return ""
	}
	return fmt.Sprintf("%04o", uint32(m))
}

// Set implements [flag.Value].
func (m *socketMode) Set(text string) error {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode == 0 || mode > 0o777 {
		return errors.New("want an octal number, such as 0660")
	}
	*m = socketMode(mode)
	return nil
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
	f.Var(&o.socketMode, "socket-mode", "permissions of the Unix socket's file, an octal `MODE` such as 0660; by default the umask decides")
	text := f.String("framing", "line", "how messages are framed: a `SPEC`; help lists them")
	f.Var(&o.maxPayload, "max-payload", "refuse messages larger than `SIZE`: bytes, or 64KiB, 1MiB, 2GiB (0 means 1MiB, negative means no limit)")
	f.IntVar(&o.maxConns, "max-conns", 0, "serve at most `N` connections at a time, others wait (0 means 10000 or 80 % of the descriptor limit, negative means no limit)")
	f.DurationVar(&o.idleTimeout, "idle-timeout", 2*time.Minute, "close connections idle for this long (0 means 2m, negative means never)")
	f.DurationVar(&o.frameTimeout, "frame-timeout", 10*time.Second, "close connections that take longer to send a message, plus 1s for each 64KiB of it (0 means 10s, negative means never)")
	f.DurationVar(&o.writeTimeout, "write-timeout", 10*time.Second, "close connections that do not read their replies for this long (0 means 10s, negative means never)")
	f.DurationVar(&o.grace, "grace", 10*time.Second, "how long to wait for replies when closing (0 means 10s, negative means forever)")
	f.StringVar(&o.tlsCert, "tls-cert", "", "serve TLS with the certificate (chain) in the PEM `FILE`; needs -tls-key")
	f.StringVar(&o.tlsKey, "tls-key", "", "private key of the certificate, in the PEM `FILE`")
	f.StringVar(&o.metricsAddr, "metrics-addr", "", "serve /metrics and /healthz over HTTP on `HOST:PORT`, port 0 for a free one")
	f.BoolVar(&o.pprof, "pprof", false, "serve profiles under /debug/pprof/ on -metrics-addr")
	f.StringVar(&o.logFormat, "log-format", "text", "log to standard error as `text` or json")
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
		return fmt.Errorf("-log-format %q: want text or json", o.logFormat)
	}
	path, unix := strings.CutPrefix(o.addr, "unix:")
	if unix && path == "" {
		return fmt.Errorf("-addr %q: want unix:/path", o.addr)
	}
	if o.socketMode != 0 && !unix {
		return fmt.Errorf("-socket-mode %v: want -addr unix:/path with it", o.socketMode)
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
