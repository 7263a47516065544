package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/internal/durationflag"
)

// options are what the command line says. Those of one mode only are in a struct
// that the file of the mode declares.
type options struct {
	mode *mode
	addr string // HOST:PORT or unix:/path, if the mode takes one

	framingSpec string
	framing     spec.Value // of framingSpec
	maxPayload  spec.Size

	hex    bool
	framed bool
	raw    bool
	json   bool
	quiet  bool
	wire   bool
	color  string
	record string

	file string

	chop  int
	stick bool
	half  bool
	delay time.Duration

	timeout     time.Duration
	tls         bool
	tlsCA       string
	tlsInsecure bool

	chat   chatOptions
	listen listenOptions
	decode decodeOptions
	load   loadOptions
	replay replayOptions
}

// The groups of flags that several modes take.
var (
	messageFlags = &group{"Messages", func(f *flag.FlagSet, o *options) {
		o.maxPayload = framing.DefaultMaxPayload
		f.StringVar(&o.framingSpec, "framing", "line", "frame messages as `SPEC` says; -framing=help lists all")
		f.Var(&o.maxPayload, "max-payload", "reject messages of more than `SIZE`: bytes, or 64KiB, 1MiB (0 means 1MiB, negative means no limit)")
	}}
	outputFlags = &group{"Output", func(f *flag.FlagSet, o *options) {
		f.BoolVar(&o.json, "json", false, "print JSON, an object a line: for a message its size and its text, or hex if that is not UTF-8, and its time, connection and side where they are known")
		f.BoolVar(&o.quiet, "quiet", false, "print only what goes wrong")
	}}
	showFlags = &group{"How messages are shown", func(f *flag.FlagSet, o *options) {
		f.BoolVar(&o.raw, "raw", false, "print messages as they are, with nothing between them")
		f.BoolVar(&o.wire, "x", false, "show the bytes of both directions, what each of them is, and where a write or read ended")
		f.StringVar(&o.color, "color", "auto", "colour what is shown: `auto`, always or never; auto means on a terminal, unless NO_COLOR is set")
	}}
	hexFlags = &group{"Digits", func(f *flag.FlagSet, o *options) {
		f.BoolVar(&o.hex, "hex", false, "print messages as hexadecimal digits, and take such digits as input")
	}}
	inputFlags = &group{"What is sent", func(f *flag.FlagSet, o *options) {
		f.StringVar(&o.file, "file", "", "read `FILE`: its bytes are one message, or with -framed or -decode a stream of them")
	}}
	framedFlags = &group{"Frames as input", func(f *flag.FlagSet, o *options) {
		f.BoolVar(&o.framed, "framed", false, "take the input as frames, as they are on the wire, in place of lines")
	}}
	recordFlags = &group{"Recording", func(f *flag.FlagSet, o *options) {
		f.StringVar(&o.record, "record", "", "write the messages of both directions to `FILE`, as -json prints them, for -replay")
	}}
	troubleFlags = &group{"Trouble", func(f *flag.FlagSet, o *options) {
		f.IntVar(&o.chop, "chop", 0, "write at most `N` bytes at a time (0 means a message at a time)")
		f.BoolVar(&o.stick, "stick", false, "write all messages at once, when the input has ended, or 64MiB of them wait")
		f.BoolVar(&o.half, "half", false, "leave the last message unfinished: each message is finished only when the next one follows")
		durationflag.Var(f, &o.delay, "delay", 0, "wait for `DURATION` between two writes")
	}}
	connectFlags = &group{"The connection", func(f *flag.FlagSet, o *options) {
		durationflag.Var(f, &o.timeout, "timeout", 10*time.Second, "give up when connecting takes `DURATION`, when a write makes no progress for as long, or when, once the input has ended, no reply comes for as long (0 means 10s, negative means never)")
		f.BoolVar(&o.tls, "tls", false, "connect with TLS")
		f.StringVar(&o.tlsCA, "tls-ca", "", "trust the certificates in the PEM `FILE`, and no others")
		f.BoolVar(&o.tlsInsecure, "tls-insecure", false, "do not verify who the server is: anybody could be in between")
	}}
)

// parse reads the command line.
func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("framecat", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	groups, owner := register(f, o)
	all := f.Bool("flags", false, "list all flags")

	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, screenHelp()
	case err != nil:
		return nil, err
	case *all:
		return nil, flagHelp(f, groups, owner)
	case o.framingSpec == "help":
		return nil, helpText(spec.Help())
	}
	if err := o.choose(f, owner); err != nil {
		return nil, err
	}
	if err := o.address(f.Args()); err != nil {
		return nil, err
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	return o, nil
}

// register declares all flags. It returns their groups, in the order of the help,
// and the group of each flag.
func register(f *flag.FlagSet, o *options) (groups []*group, owner map[string]*group) {
	owner = make(map[string]*group)
	for _, m := range modes {
		for _, g := range m.groups {
			if slices.Contains(groups, g) {
				continue
			}
			groups = append(groups, g)
			g.register(f, o)
			f.VisitAll(func(each *flag.Flag) {
				if owner[each.Name] == nil {
					owner[each.Name] = g
				}
			})
		}
	}
	return groups, owner
}

// choose finds the mode, and rejects flags that it does not take.
func (o *options) choose(f *flag.FlagSet, owner map[string]*group) (err error) {
	given := make(map[string]bool)
	f.Visit(func(each *flag.Flag) { given[each.Name] = true })
	o.mode = modes[0]
	for _, m := range modes[1:] {
		switch {
		case !given[m.flag]:
		case o.mode != modes[0]:
			return fmt.Errorf("-%s and -%s contradict each other: want one of them", o.mode.flag, m.flag)
		default:
			o.mode = m
		}
	}
	f.Visit(func(each *flag.Flag) {
		if g := owner[each.Name]; err == nil && !slices.Contains(o.mode.groups, g) {
			err = fmt.Errorf("-%s: want it %s", each.Name, g.modes())
		}
	})
	return err
}

// modes returns the modes that take the flags of g, in words: "with -decode".
func (g *group) modes() string {
	var with, without []string
	for _, m := range modes {
		if m.flag == "" {
			continue
		}
		if slices.Contains(m.groups, g) {
			with = append(with, "-"+m.flag)
		} else {
			without = append(without, "-"+m.flag)
		}
	}
	switch {
	case len(without) == 0:
		return "in every mode"
	case slices.Contains(modes[0].groups, g):
		return "without " + strings.Join(without, ", ")
	}
	return "with " + strings.Join(with, " or ")
}

// address takes the arguments.
func (o *options) address(args []string) error {
	if o.mode.noTarget != "" {
		if len(args) > 0 {
			return fmt.Errorf("unexpected argument %q: -%s %s", args[0], o.mode.flag, o.mode.noTarget)
		}
		return nil
	}
	switch {
	case len(args) == 0:
		return errors.New("missing address: want HOST:PORT, HOST PORT or unix:/path")
	case len(args) > 1 && strings.HasPrefix(args[1], "-"):
		return fmt.Errorf("unexpected argument %q: flags come before %s", args[1], args[0])
	case len(args) > 2:
		return fmt.Errorf("unexpected argument %q", args[2])
	case len(args) == 2:
		if _, err := strconv.ParseUint(args[1], 10, 16); err != nil {
			return fmt.Errorf("invalid port %q: want HOST PORT, with a port of 0 to 65535", args[1])
		}
		o.addr = net.JoinHostPort(args[0], args[1])
		return nil
	case !isAddress(args[0]):
		return fmt.Errorf("invalid address %q: want HOST:PORT, HOST PORT or unix:/path", args[0])
	}
	o.addr = args[0]
	return nil
}

// complete puts what 0 means in its place, and rejects what cannot be meant.
func (o *options) complete() error {
	if err := o.framing.Set(o.framingSpec); err != nil {
		return fmt.Errorf("-framing: %w; -framing=help lists all", err)
	}
	if o.maxPayload == 0 {
		o.maxPayload = framing.DefaultMaxPayload
	}
	if o.timeout == 0 {
		o.timeout = 10 * time.Second
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.mode.check != nil {
		return o.mode.check(o)
	}
	return nil
}

// check rejects what makes no sense in any mode.
func (o *options) check() error {
	switch {
	case o.color != "auto" && o.color != "always" && o.color != "never":
		return fmt.Errorf("-color %q: it must be auto, always or never", o.color)
	case more(o.raw, o.hex, o.json, o.quiet), more(o.raw, o.wire, o.json, o.quiet):
		return errors.New("-hex, -json, -quiet, -raw and -x contradict each other: want one of them, or -hex with -x")
	case o.framed && o.hex:
		return errors.New("-framed and -hex contradict each other: the input is frames or digits")
	case o.chop < 0:
		return fmt.Errorf("-chop %d: it must be 1 byte or more, or 0", o.chop)
	case o.delay < 0:
		return fmt.Errorf("-delay %v: it must not be negative", o.delay)
	case !o.tls && (o.tlsCA != "" || o.tlsInsecure):
		return errors.New("-tls-ca and -tls-insecure need -tls")
	case o.tlsCA != "" && o.tlsInsecure:
		return errors.New("-tls-ca and -tls-insecure contradict each other: the server is verified or not")
	}
	return nil
}

// more reports whether more than one of the flags is set.
func more(flags ...bool) bool {
	n := 0
	for _, set := range flags {
		if set {
			n++
		}
	}
	return n > 1
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
