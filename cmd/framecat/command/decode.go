package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"sync"
)

var decodeMode = &mode{
	flag: "decode",
	examples: []example{
		{"-decode -framing=netstring < FILE", "cut a stream into messages"},
		{"-decode -pcap FILE -port N", "cut a packet capture"},
	},
	noTarget: "reads standard input, or -file FILE",
	groups:   []*group{messageFlags, outputFlags, hexFlags, showFlags, inputFlags, decodeFlags},
	check:    func(o *options) error { return o.decode.check(o) },
	run:      decode,
}

type decodeOptions struct {
	count bool
	pcap  string
	port  int
}

func (d *decodeOptions) check(o *options) error {
	switch {
	case d.count && o.wire:
		return errors.New("-count and -x contradict each other: messages are counted or shown")
	case d.pcap != "" && o.file != "":
		return errors.New("-pcap and -file contradict each other: want one of them")
	case d.pcap == "" && d.port != 0:
		return errors.New("-port needs -pcap")
	case d.pcap != "" && (d.port < 1 || d.port > 65535):
		return fmt.Errorf("-pcap needs the -port of the server, 1 to 65535, not %d", d.port)
	}
	return nil
}

var decodeFlags = &group{"Decoding", func(f *flag.FlagSet, o *options) {
	f.Bool("decode", false, "cut standard input, or -file, into its messages")
	f.BoolVar(&o.decode.count, "count", false, "count messages, do not show them")
	f.StringVar(&o.decode.pcap, "pcap", "", "cut the TCP streams of a packet capture, `FILE`, pcap or pcapng; - is standard input")
	f.IntVar(&o.decode.port, "port", 0, "with -pcap: show the connections to port `N`")
}}

// decode cuts a captured stream into its messages, and shows or counts them.
func decode(ctx context.Context, j *job) error {
	var t tally
	done := make(chan error, 1)
	go func() { done <- j.cut(&t) }()
	var err error
	select {
	case <-ctx.Done():
		err = errInterrupted
	case err = <-done:
	}
	t.print(j.out, j.json)
	return err
}

// cut does the work of decode, which does not wait for what blocks here.
func (j *job) cut(t *tally) error {
	if j.decode.pcap != "" {
		return j.capture(t)
	}
	src, closeInput, err := j.input(j.stdin)
	if err != nil {
		return err
	}
	defer closeInput()
	src = flushTap{src, j.out}
	each := func(payload []byte) error { return nil }
	if j.decode.count {
		t.begin()
		each = t.add
	}
	if j.wire {
		v := j.view(j.framing.Framer, "", "")
		defer v.end()
		src = fileTap{src, v}
	}
	messages := &track{d: &display{options: j.options, out: j.out, problems: j.problems}, print: !j.decode.count}
	return messages.read(src, j.framing.Framer, each)
}

// A tally counts the messages of a stream.
type tally struct {
	mu       sync.Mutex
	began    bool
	messages int64
	payload  int64 // bytes
}

func (t *tally) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.began = true
}

func (t *tally) add(payload []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages++
	t.payload += int64(len(payload))
	return nil
}

// print prints how many there were so far, if it has begun to count.
func (t *tally) print(out io.Writer, asJSON bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.began:
	case asJSON:
		out.Write(appendJSON(nil, map[string]int64{"messages": t.messages, "bytes": t.payload}))
	default:
		fmt.Fprintf(out, "%s, %s of payload\n", count(t.messages, "message"), count(t.payload, "byte"))
	}
}

// A flushTap prints the pending output before it reads more, which may take long.
type flushTap struct {
	src io.Reader
	out *screen
}

func (f flushTap) Read(p []byte) (int, error) {
	if err := f.out.Flush(); err != nil {
		return 0, err
	}
	return f.src.Read(p)
}

// A fileTap reads from a file, and shows what it reads.
type fileTap struct {
	src  io.Reader
	view *view
}

func (f fileTap) Read(p []byte) (int, error) {
	n, err := f.src.Read(p)
	f.view.arrived(p[:n])
	return n, err
}
