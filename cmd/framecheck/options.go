package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/internal/durationflag"
)

// most is the largest -rounds, and -max-conns: more is a slip of the finger.
const most = 10000

// mostPayload is the largest -max-payload: cases hold several messages of it in memory.
const mostPayload spec.Size = 64 << 20

// options are what the command line says.
type options struct {
	addr    string
	command []string
	mode    string
	reply   string
	framing spec.Value
	files   []string // -message
	cases   string
	only    []string
	rounds  int

	maxPayload   spec.Size
	maxConns     int
	idleTimeout  time.Duration
	frameTimeout time.Duration
	writeTimeout time.Duration
	grace        time.Duration
	patience     time.Duration

	tls    bool
	remote bool

	name  string
	json  string
	junit string
	html  string
	merge bool
	list  bool
	args  []string // of -merge
}

// helpText is the error of a command line that asks for help.
type helpText string

func (helpText) Error() string { return "help requested" }

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("framecheck", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	text := f.String("framing", "line", "the server frames messages as `SPEC` says; help lists them")
	f.StringVar(&o.mode, "mode", "echo", "what is judged: echo, a server that answers; sink, one that answers nothing; script, the cases of -cases; client, a client")
	f.StringVar(&o.reply, "reply", "same", "what an answer is: same, the message itself; one, any one message")
	f.Func("message", "send the bytes of `FILE` as a message, and no others (repeatable)", func(s string) error {
		o.files = append(o.files, s)
		return nil
	})
	f.StringVar(&o.cases, "cases", "", "play the cases of the JSON `FILE` instead of the built-in ones")
	only := f.String("only", "", "play these `CASES`: numbers or groups, separated by commas, such as 1,5.3")
	f.IntVar(&o.rounds, "rounds", 1, "play each case `N` times, and report the worst")
	f.Var(&o.maxPayload, "max-payload", "the server's limit for messages is `SIZE`: bytes, or 64KiB, 1MiB, at most 64MiB; 0: not known")
	f.IntVar(&o.maxConns, "max-conns", 0, "the server serves `N` connections at a time; 0: not known")
	durationflag.Var(f, &o.idleTimeout, "idle-timeout", 0, "the server closes idle connections after this `duration`; 0: not known")
	durationflag.Var(f, &o.frameTimeout, "frame-timeout", 0, "the server gives a message this `duration` to arrive; 0: not known")
	durationflag.Var(f, &o.writeTimeout, "write-timeout", 0, "the server gives a client that does not read this `duration`; 0: not known")
	durationflag.Var(f, &o.grace, "grace", 15*time.Second, "wait this `duration` for the server to end after a signal")
	durationflag.Var(f, &o.patience, "patience", 5*time.Second, "wait this `duration` for what is due; the time itself is never judged")
	f.BoolVar(&o.tls, "tls", false, "the server speaks TLS; its certificate is not verified")
	f.BoolVar(&o.remote, "remote", false, "allow HOST:PORT to be another machine: cases open hundreds of connections and send up to 50 MiB, or eight messages of -max-payload")
	f.StringVar(&o.name, "name", "", "the server's `NAME` in reports")
	f.StringVar(&o.json, "json", "", "write a report as JSON to `FILE`; - is standard output")
	f.StringVar(&o.junit, "junit", "", "write a report as JUnit XML to `FILE`; - is standard output")
	f.StringVar(&o.html, "html", "", "write a page with the report to `FILE`; - is standard output")
	f.BoolVar(&o.merge, "merge", false, "judge nothing: make a page of the JSON reports that are the arguments")
	f.BoolVar(&o.list, "list", false, "list the cases and what they need")

	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, usage(f)
	case err != nil:
		return nil, err
	case *text == "help":
		return nil, helpText(spec.Help())
	}
	if err := o.framing.Set(*text); err != nil {
		return nil, fmt.Errorf("-framing: %w; -framing=help lists all", err)
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if o.merge || o.list {
		o.args = f.Args()
		return o, o.check()
	}
	dashed := slices.Contains(args[:len(args)-f.NArg()], "--")
	switch rest := f.Args(); {
	case len(rest) == 0:
		return nil, errors.New("missing server: want HOST:PORT, or -- COMMAND with {addr} or {port} in it")
	case dashed:
		o.command = rest
	case len(rest) > 1:
		return nil, fmt.Errorf("unexpected argument %q; a command comes after --", rest[1])
	default:
		o.addr = rest[0]
	}
	return o, o.check()
}

// check refuses what makes no sense.
func (o *options) check() error {
	switch {
	case !slices.Contains([]string{"echo", "sink", "script", "client"}, o.mode):
		return fmt.Errorf("-mode %q: want echo, sink, script or client", o.mode)
	case o.reply != "same" && o.reply != "one":
		return fmt.Errorf("-reply %q: want same or one", o.reply)
	case o.reply == "one" && o.mode == "sink":
		return errors.New("-reply one and -mode sink: a server answers or does not")
	case (o.mode == "script") != (o.cases != ""):
		return errors.New("-mode script and -cases go together")
	case o.rounds < 1 || o.rounds > most:
		return fmt.Errorf("-rounds %d: it must be 1 to %d", o.rounds, most)
	case o.maxPayload < 0 || o.maxPayload > mostPayload:
		return fmt.Errorf("-max-payload %v: it must be 0 to %v", o.maxPayload, mostPayload)
	case o.maxConns < 0 || o.maxConns > most:
		return fmt.Errorf("-max-conns %d: it must be 0 to %d", o.maxConns, most)
	case o.merge && (len(o.args) == 0 || o.html == ""):
		return errors.New("-merge needs -html FILE and the JSON reports as arguments")
	case o.reports("-") > 1:
		return errors.New("only one report can be standard output")
	case o.servesItself() && o.addr != "":
		return errors.New("-mode client needs the command of the client, after --")
	case o.servesItself() && (o.tls || o.files != nil):
		return errors.New("-mode client: -tls and -message are for servers")
	case o.list && len(o.args) > 0:
		return fmt.Errorf("unexpected argument %q with -list", o.args[0])
	}
	for name, d := range map[string]time.Duration{"idle-timeout": o.idleTimeout, "frame-timeout": o.frameTimeout, "write-timeout": o.writeTimeout} {
		if d < 0 || d > time.Minute {
			return fmt.Errorf("-%s %v: it must be 0 to 1m; the cases wait for it", name, d)
		}
	}
	for name, d := range map[string]time.Duration{"grace": o.grace, "patience": o.patience} {
		if d <= 0 || d > time.Hour {
			return fmt.Errorf("-%s %v: it must be more than 0, and at most 1h", name, d)
		}
	}
	if o.command != nil && !strings.Contains(strings.Join(o.command, " "), "{addr}") && !strings.Contains(strings.Join(o.command, " "), "{port}") {
		return errors.New("the command has no {addr} or {port}: how does it know the address?")
	}
	if o.addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(o.addr)
	if err != nil {
		return fmt.Errorf("%q: want HOST:PORT, or a command after --", o.addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && !o.remote {
		return fmt.Errorf("%s is not this machine; add -remote if you may load it", o.addr)
	}
	return nil
}

// expectsAnswers reports whether the server answers messages.
func (o *options) expectsAnswers() bool { return o.mode != "sink" }

// reports returns how many reports go to the file of that name.
func (o *options) reports(name string) (n int) {
	for _, file := range []string{o.json, o.junit, o.html} {
		if file == name {
			n++
		}
	}
	return n
}

// servesItself reports whether framecheck is the server, and judges a client.
func (o *options) servesItself() bool { return o.mode == "client" }

// echoes reports whether an answer is the message itself.
func (o *options) echoes() bool { return o.expectsAnswers() && o.reply == "same" }

// payloads returns those of -message, or nil.
func (o *options) payloads() (all [][]byte, err error) {
	for _, file := range o.files {
		p, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-message: %w", err)
		}
		all = append(all, p)
	}
	return all, nil
}

// cmd returns the command for a server or client at an address.
func (o *options) cmd(addr string) (*exec.Cmd, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var args []string
	for _, a := range o.command {
		args = append(args, strings.NewReplacer("{addr}", addr, "{host}", host, "{port}", port, "{framing}", o.framing.String()).Replace(a))
	}
	return exec.Command(args[0], args[1:]...), nil
}

// clientTLS returns the TLS configuration of connections to the server.
func (o *options) clientTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true} // what is judged is not who it is
}

// values returns what the names of numbers are.
func (o *options) values() map[string]int {
	idle, frame, write := int(o.idleTimeout.Milliseconds()), int(o.frameTimeout.Milliseconds()), int(o.writeTimeout.Milliseconds())
	return map[string]int{
		"limit":                  int(o.maxPayload),
		"max-conns":              o.maxConns,
		"frame-timeout":          frame,
		"half-frame-timeout":     frame / 2,
		"idle-timeout":           idle,
		"most-of-idle-timeout":   idle * 6 / 10,
		"more-than-idle-timeout": idle * 13 / 10,
		"write-timeout":          write,
		"drip":                   (int(o.patience.Milliseconds()) + waits*frame) / 200,
		"slow-read":              max(3, (2*write+1199)/1200),
	}
}

// usage returns the page that -h prints.
func usage(f *flag.FlagSet) helpText {
	var s strings.Builder
	s.WriteString(`framecheck judges a server of framed messages, in any language, from outside.

Usage: framecheck [flags] HOST:PORT            judge a server that runs
       framecheck [flags] -- COMMAND           start a server, judge it, watch it and stop it
       framecheck -mode client [flags] -- COMMAND   judge a client
       framecheck -merge -html PAGE REPORT...  make one page of several JSON reports

In COMMAND, {addr} is where to listen, or to connect, also as {host} and {port};
{framing} is the -framing.

`)
	f.SetOutput(&s)
	f.PrintDefaults()
	s.WriteString(`
Exit codes: 0 no case failed; 1 a case failed; 2 wrong usage; 3 nothing, or not all,
could be judged, for example because the server does not start; 130 interrupted.
`)
	return helpText(s.String())
}
