package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/internal/durationflag"
	"github.com/wholeframe/wholeframe/server"
)

// options are what the flags say.
type options struct {
	addr         string
	socketMode   socketMode
	reusePort    bool
	framing      spec.Value
	maxPayload   spec.Size
	maxConns     int
	maxPerAddr   int
	maxAge       time.Duration
	proxyFrom    prefixes
	idleTimeout  time.Duration
	frameTimeout time.Duration
	writeTimeout time.Duration
	grace        time.Duration
	drainDelay   time.Duration
	tlsCert      string
	tlsKey       string
	tlsClientCA  string
	tlsMin       string
	metricsAddr  string
	pprof        bool
	logFormat    string
	logConns     bool
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

// prefixes is the value of -proxy-from.
type prefixes []netip.Prefix

// String returns the prefixes, separated by commas.
func (p prefixes) String() string {
	all := make([]string, len(p))
	for i, prefix := range p {
		all[i] = prefix.String()
	}
	return strings.Join(all, ",")
}

// Set implements [flag.Value]. It adds to what was set before.
func (p *prefixes) Set(text string) error {
	for one := range strings.SplitSeq(text, ",") {
		prefix, err := netip.ParsePrefix(one)
		if addr, addrErr := netip.ParseAddr(one); addrErr == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return errors.New("want networks or addresses, such as 10.0.0.0/8,192.0.2.1,::1")
		}
		*p = append(*p, prefix)
	}
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
	f.StringVar(&o.addr, "addr", "127.0.0.1:8000", "listen on `HOST:PORT`, port 0 for a free one, on unix:/path, or on the socket systemd:NAME that a service manager passes on")
	f.Var(&o.socketMode, "socket-mode", "permissions of the Unix socket's file, an octal `MODE` such as 0660; by default the umask decides")
	f.BoolVar(&o.reusePort, "reuse-port", false, "let other servers of this user listen on the same TCP port, so that a new one can take over from an old one (Linux)")
	text := f.String("framing", "line", "how messages are framed: a `SPEC`; help lists them")
	f.Var(&o.maxPayload, "max-payload", "refuse messages larger than `SIZE`: bytes, or 64KiB, 1MiB, 2GiB (0 means 1MiB, negative means no limit)")
	f.IntVar(&o.maxConns, "max-conns", 0, "serve at most `N` connections at a time, others wait (0 means 10000 or 80 % of the descriptor limit, negative means no limit)")
	f.IntVar(&o.maxPerAddr, "max-conns-per-addr", 0, "serve at most `N` connections of one address at a time, or of one IPv6 network of 64 bits, and reset others (0 means no limit, negative means no limit)")
	durationflag.Var(f, &o.maxAge, "max-age", 0, "end connections between two messages after this `duration`, give or take 10 % (0 means never, negative means never)")
	f.Var(&o.proxyFrom, "proxy-from", "expect a PROXY protocol header from the addresses `CIDR`, such as 10.0.0.0/8,::1, and on a Unix socket")
	durationflag.Var(f, &o.idleTimeout, "idle-timeout", 2*time.Minute, "close connections idle for this `duration` (0 means 2m, negative means never)")
	durationflag.Var(f, &o.frameTimeout, "frame-timeout", 10*time.Second, "close connections that take longer than this `duration` to send a message, plus 1s for each 64KiB of it (0 means 10s, negative means never)")
	durationflag.Var(f, &o.writeTimeout, "write-timeout", 10*time.Second, "close connections that do not read their replies for this `duration` (0 means 10s, negative means never)")
	durationflag.Var(f, &o.grace, "grace", 10*time.Second, "when closing, wait this `duration` for replies (0 means 10s, negative means forever)")
	durationflag.Var(f, &o.drainDelay, "drain-delay", 0, "when closing, serve on for this `duration` after /readyz has said so (0 means not at all; must not be negative)")
	f.StringVar(&o.tlsCert, "tls-cert", "", "serve TLS with the certificate (chain) in the PEM `FILE`, which is read again when it changes; needs -tls-key")
	f.StringVar(&o.tlsKey, "tls-key", "", "private key of the certificate, in the PEM `FILE`")
	f.StringVar(&o.tlsClientCA, "tls-client-ca", "", "serve only clients with a certificate of an authority in the PEM `FILE`; needs -tls-cert")
	f.StringVar(&o.tlsMin, "tls-min-version", "1.2", "refuse TLS before this `VERSION`, 1.2 or 1.3")
	f.StringVar(&o.metricsAddr, "metrics-addr", "", "serve /metrics, /livez and /readyz over HTTP on `HOST:PORT`, port 0 for a free one")
	f.BoolVar(&o.pprof, "pprof", false, "serve profiles under /debug/pprof/ on -metrics-addr")
	f.StringVar(&o.logFormat, "log-format", "text", "log to standard error as `text` or json")
	f.BoolVar(&o.logConns, "log-connections", false, "log a line for each connection that has ended")
	f.BoolVar(&o.verbose, "v", false, "log at debug level: why each connection ended")
	version := f.Bool("version", false, "print the version, and do nothing else")

	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, usage(f)
	case err != nil:
		return nil, err
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; there are flags only", f.Arg(0))
	case *text == "help":
		return nil, helpText(spec.Help())
	case *version:
		return nil, helpText(versionText())
	}
	if err := o.framing.Set(*text); err != nil {
		return nil, fmt.Errorf("-framing: %w; -framing=help lists all", err)
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
	if o.drainDelay < 0 {
		return fmt.Errorf("-drain-delay %v: must not be negative", o.drainDelay)
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return errors.New("-tls-cert and -tls-key go together")
	}
	if o.tlsClientCA != "" && o.tlsCert == "" {
		return errors.New("-tls-client-ca needs -tls-cert and -tls-key")
	}
	if tlsVersions[o.tlsMin] == 0 {
		return fmt.Errorf("-tls-min-version %q: want 1.2 or 1.3", o.tlsMin)
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
	name, activated := strings.CutPrefix(o.addr, "systemd:")
	if activated && name == "" {
		return fmt.Errorf("-addr %q: want systemd:NAME, the FileDescriptorName= of the socket unit", o.addr)
	}
	if o.reusePort && (unix || activated) {
		return fmt.Errorf("-reuse-port with -addr %s: want HOST:PORT", o.addr)
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

// listen listens where the server is to serve.
func (o *options) listen() (net.Listener, error) {
	if name, ok := strings.CutPrefix(o.addr, "systemd:"); ok {
		l, err := activated(name)
		if err != nil {
			return nil, fmt.Errorf("-addr %s: %w", o.addr, err)
		}
		return server.Shared(l), nil
	}
	network, addr := "tcp", o.addr
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	lc := server.ListenConfig{SocketMode: fs.FileMode(o.socketMode), ReusePort: o.reusePort}
	return lc.Listen(context.Background(), network, addr)
}

// tlsVersions are the values of -tls-min-version.
var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// tlsConfig returns the TLS configuration and its certificate, or nil for plain
// connections.
func (o *options) tlsConfig() (*tls.Config, *keyPair, error) {
	if o.tlsCert == "" {
		return nil, nil, nil
	}
	cert, err := loadKeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		return nil, nil, err
	}
	config := &tls.Config{GetCertificate: cert.get, MinVersion: tlsVersions[o.tlsMin]}
	if o.tlsClientCA != "" {
		if config.ClientCAs, err = readCAs(o.tlsClientCA); err != nil {
			return nil, nil, fmt.Errorf("-tls-client-ca: %w", err)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, cert, nil
}

// versionText returns the line that -version prints: what the binary was built
// from, and with.
func versionText() string {
	version, platform := "(unknown)", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return fmt.Sprintf("wholeframe echo %s %s\n", version, platform)
}
