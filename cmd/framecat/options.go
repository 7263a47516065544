package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// mode is what framecat does.
type mode uint8

const (
	chatting mode = iota
	decoding
	loading
)

// most is the largest -conns and -depth: more is a slip of the finger, and would
// take memory at once.
const most = 1 << 20

// options are what the command line says.
type options struct {
	mode mode
	addr string

	framing    spec.Value
	maxPayload spec.Size
	hex        bool
	raw        bool
	file       string

	wire  bool
	color string

	chop  int
	stick bool
	half  bool
	delay time.Duration

	count bool

	conns    int
	depth    int
	size     spec.Size
	duration time.Duration

	tls         bool
	tlsCA       string
	tlsInsecure bool
	timeout     time.Duration
}

// helpText is the error of a command line that asks for help.
type helpText string

func (helpText) Error() string { return "help requested" }

// A group is the flags that stand together in the help, and the modes that take
// them.
type group struct {
	title string
	modes []mode
	flags []string
}

var groups = []group{
	{"What to do, if not to send messages", []mode{chatting, decoding, loading}, []string{"decode", "load"}},
	{"Messages", []mode{chatting, decoding, loading}, []string{"framing", "max-payload"}},
	{"What is sent and shown", []mode{chatting, decoding}, []string{"hex", "file", "raw", "x", "color"}},
	{"Trouble for the server", []mode{chatting}, []string{"chop", "stick", "half", "delay"}},
	{"With -decode", []mode{decoding}, []string{"count"}},
	{"With -load", []mode{loading}, []string{"conns", "depth", "size", "for"}},
	{"The connection", []mode{chatting, loading}, []string{"timeout", "tls", "tls-ca", "tls-insecure"}},
}

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := &options{maxPayload: framing.DefaultMaxPayload, size: 128}
	f := flag.NewFlagSet("framecat", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	decode := f.Bool("decode", false, "cut standard input, or -file, into its messages")
	load := f.Bool("load", false, "keep a server that echoes busy, check every byte, and measure")
	text := f.String("framing", "line", "frame messages as `SPEC` says; help lists what there is")
	f.Var(&o.maxPayload, "max-payload", "refuse messages of more than `SIZE` (bytes, or 64KiB, 1MiB, 2GiB); 0: 1MiB, negative: no limit")
	f.BoolVar(&o.hex, "hex", false, "lines of input, and the messages that are printed, are hexadecimal digits")
	f.StringVar(&o.file, "file", "", "send the bytes of `FILE` as one message, and nothing else; with -decode, cut these")
	f.BoolVar(&o.raw, "raw", false, "print messages as they are, not quoted where they are not plain text")
	f.BoolVar(&o.wire, "x", false, "show the bytes of both directions, what each of them is, and where a write or read ended")
	f.StringVar(&o.color, "color", "auto", "colour what -x shows: `auto`, always or never; auto is on a terminal, unless NO_COLOR is set")
	f.IntVar(&o.chop, "chop", 0, "send at most `N` bytes at a time; 0: a message at a time")
	f.BoolVar(&o.stick, "stick", false, "send all messages in one write, when the input has ended")
	f.BoolVar(&o.half, "half", false, "leave the last message unfinished")
	f.DurationVar(&o.delay, "delay", 0, "wait so long between two writes")
	f.BoolVar(&o.count, "count", false, "count messages, do not show them")
	f.IntVar(&o.conns, "conns", 64, "open `N` connections")
	f.IntVar(&o.depth, "depth", 16, "have `N` messages on their way on each")
	f.Var(&o.size, "size", "send messages of `SIZE`")
	f.DurationVar(&o.duration, "for", 10*time.Second, "send for so long; 0: 10s, negative: until Ctrl-C")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "give up when connecting takes so long, or a write, or, once the input has ended, the wait for more; 0: 10s, negative: never")
	f.BoolVar(&o.tls, "tls", false, "connect with TLS")
	f.StringVar(&o.tlsCA, "tls-ca", "", "trust the certificates in the PEM `FILE`, and no others")
	f.BoolVar(&o.tlsInsecure, "tls-insecure", false, "do not verify who the server is: anybody could be in between")

	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, usage(f)
	case err != nil:
		return nil, err
	case *text == "help":
		return nil, helpText(spec.Help())
	}
	if err := o.framing.Set(*text); err != nil {
		return nil, fmt.Errorf("-framing: %w", err)
	}
	switch {
	case *decode && *load:
		return nil, errors.New("-decode and -load are two things")
	case *decode:
		o.mode = decoding
	case *load:
		o.mode = loading
	}
	if err := o.address(f.Args()); err != nil {
		return nil, err
	}
	if err := o.belong(f); err != nil {
		return nil, err
	}
	o.defaults()
	return o, o.check()
}

// address takes the argument.
func (o *options) address(args []string) error {
	switch {
	case o.mode == decoding && len(args) > 0:
		return fmt.Errorf("unexpected argument %q; -decode reads standard input or -file", args[0])
	case o.mode == decoding:
		return nil
	case len(args) == 0:
		return errors.New("where to? give HOST:PORT or unix:/path")
	case len(args) > 1:
		return fmt.Errorf("unexpected argument %q; flags stand before %s", args[1], args[0])
	}
	o.addr = args[0]
	return nil
}

// belong refuses flags that another mode takes.
func (o *options) belong(f *flag.FlagSet) (err error) {
	where := map[mode]string{chatting: "without -decode and -load", decoding: "with -decode", loading: "with -load"}
	f.Visit(func(given *flag.Flag) {
		for _, g := range groups {
			if slices.Contains(g.flags, given.Name) && !slices.Contains(g.modes, o.mode) {
				var s []string
				for _, m := range g.modes {
					s = append(s, where[m])
				}
				err = fmt.Errorf("-%s goes %s", given.Name, strings.Join(s, " or "))
			}
		}
	})
	return err
}

// defaults puts what 0 and negative values stand for in their place.
func (o *options) defaults() {
	if o.maxPayload == 0 {
		o.maxPayload = framing.DefaultMaxPayload
	}
	if o.duration == 0 {
		o.duration = 10 * time.Second
	}
	if o.timeout == 0 {
		o.timeout = 10 * time.Second
	}
}

// check refuses what makes no sense.
func (o *options) check() error {
	switch {
	case o.color != "auto" && o.color != "always" && o.color != "never":
		return fmt.Errorf("-color %q: it must be auto, always or never", o.color)
	case o.raw && o.hex:
		return errors.New("-raw and -hex: messages are printed one way or the other")
	case o.raw && o.wire:
		return errors.New("-raw and -x: messages are printed or the wire is shown")
	case o.chop < 0:
		return fmt.Errorf("-chop %d: it must be 1 byte or more, or 0", o.chop)
	case o.delay < 0:
		return fmt.Errorf("-delay %v: it must not be negative", o.delay)
	case o.count && o.wire:
		return errors.New("-count and -x: messages are counted or shown")
	case o.conns < 1 || o.conns > most:
		return fmt.Errorf("-conns %d: it must be 1 to %d", o.conns, most)
	case o.depth < 1 || o.depth > most:
		return fmt.Errorf("-depth %d: it must be 1 to %d", o.depth, most)
	case o.size < 0:
		return fmt.Errorf("-size %v: it must not be negative", o.size)
	case o.mode == loading && o.maxPayload >= 0 && o.size > o.maxPayload:
		return fmt.Errorf("-size %v: larger than -max-payload %v", o.size, o.maxPayload)
	case !o.tls && (o.tlsCA != "" || o.tlsInsecure):
		return errors.New("-tls-ca and -tls-insecure need -tls")
	case o.tlsCA != "" && o.tlsInsecure:
		return errors.New("-tls-ca and -tls-insecure: the server is verified or not")
	}
	return nil
}

// style returns how messages are printed.
func (o *options) style() style {
	switch {
	case o.hex:
		return asHex
	case o.raw:
		return raw
	}
	return quoted
}

// usage returns the page that -h prints.
func usage(f *flag.FlagSet) helpText {
	var s strings.Builder
	s.WriteString(`framecat sends messages and prints the replies: nc for framed protocols.

Usage: framecat [flags] HOST:PORT              each line of standard input is a message,
                                               each reply is printed as a line
       framecat -decode [flags] < FILE         cut a stream into its messages
       framecat -load [flags] HOST:PORT        measure a server that echoes

In place of HOST:PORT stands unix:/path for a Unix domain socket.
`)
	for _, g := range groups {
		fmt.Fprintf(&s, "\n%s:\n", g.title)
		for _, name := range g.flags {
			given := f.Lookup(name)
			value, about := flag.UnquoteUsage(given)
			fmt.Fprintf(&s, "  -%s", name)
			if value != "" {
				fmt.Fprintf(&s, " %s", value)
			}
			fmt.Fprintf(&s, "\n    \t%s", about)
			if d := given.DefValue; d != "" && d != "false" && d != "0" && d != "0s" {
				fmt.Fprintf(&s, " (default %s)", d)
			}
			s.WriteString("\n")
		}
	}
	s.WriteString(`
Exit codes: 0 all is well; 1 a message was refused, the stream broke, or the
connection or standard output failed; 2 wrong usage; 130 ended by Ctrl-C, and
nothing was wrong before.
`)
	return helpText(s.String())
}
