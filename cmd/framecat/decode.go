package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
)

var decodeMode = &mode{
	flag: "decode",
	examples: []example{
		{"-decode -framing=netstring < FILE", "cut a stream into messages"},
	},
	noTarget: true,
	groups:   []*group{messageFlags, outputFlags, showFlags, inputFlags, decodeFlags},
	check: func(o *options) error {
		if o.decode.count && o.wire {
			return errors.New("-count and -x contradict each other: messages are counted or shown")
		}
		return nil
	},
	run: decode,
}

type decodeOptions struct {
	count bool
}

var decodeFlags = &group{"Decoding", func(f *flag.FlagSet, o *options) {
	f.Bool("decode", false, "cut standard input, or -file, into its messages")
	f.BoolVar(&o.decode.count, "count", false, "count messages, do not show them")
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
	src := j.stdin
	if j.file != "" {
		f, err := os.Open(j.file)
		if err != nil {
			return err
		}
		defer f.Close()
		src = f
	}
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

// A flushTap shows what there is before it reads more, which may take long.
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
