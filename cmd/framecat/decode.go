package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/wholeframe/wholeframe/framing"
)

var decodeMode = &mode{
	flag: "decode",
	examples: []example{
		{"-decode -framing=netstring < FILE", "cut a stream into messages"},
	},
	noTarget: true,
	groups:   []*group{messageFlags, showFlags, inputFlags, decodeFlags},
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
	go func() { done <- j.cut(j.stdin, j.out, j.problems, &t) }()
	var err error
	select {
	case <-ctx.Done():
		err = errInterrupted
	case err = <-done:
	}
	t.print(j.out)
	return err
}

// cut does the work of decode, which does not wait for what blocks here.
func (o *options) cut(src io.Reader, out *screen, p *problems, t *tally) error {
	if o.file != "" {
		f, err := os.Open(o.file)
		if err != nil {
			return err
		}
		defer f.Close()
		src = f
	}
	src = flushTap{src, out}
	switch {
	case o.decode.count:
		return t.count(src, o, p)
	case o.wire:
		v := o.view(out, "", "")
		defer v.end()
		return show(fileTap{src, v}, o, out, p, false)
	}
	return show(src, o, out, p, true)
}

// A tally counts the messages of a stream.
type tally struct {
	mu       sync.Mutex
	began    bool
	messages int64
	payload  int64 // bytes
}

// count counts up to the end of src, and reports each message that is refused.
func (t *tally) count(src io.Reader, o *options, p *problems) error {
	t.mu.Lock()
	t.began = true
	t.mu.Unlock()
	r := framing.NewReader(src, o.framing.Framer)
	r.SetMaxPayload(int(o.maxPayload))
	for m, err := range r.Frames() {
		switch {
		case errors.Is(err, framing.ErrFrame):
			p.report(err)
		case err != nil:
			return err
		default:
			t.mu.Lock()
			t.messages++
			t.payload += int64(len(m))
			t.mu.Unlock()
		}
	}
	return nil
}

// print prints how many there were so far, if it has begun to count.
func (t *tally) print(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began {
		fmt.Fprintf(out, "%d messages, %d bytes of payload\n", t.messages, t.payload)
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
