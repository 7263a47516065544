package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/wholeframe/wholeframe/framing"
)

// decode cuts a captured stream into its messages, and shows or counts them.
func decode(ctx context.Context, o *options, stdin io.Reader, out *screen, p *problems) error {
	src := stdin
	if o.file != "" {
		f, err := os.Open(o.file)
		if err != nil {
			return err
		}
		defer f.Close()
		src = f
	}
	src = flushTap{src, out}
	done := make(chan error, 1)
	go func() {
		switch {
		case o.count:
			done <- count(src, o, out, p)
		case o.wire:
			v := o.view(out, "", "")
			err := show(fileTap{src, v}, o, out, p, false)
			v.end()
			done <- err
		default:
			done <- show(src, o, out, p, true)
		}
	}()
	select {
	case <-ctx.Done():
		return errInterrupted
	case err := <-done:
		return err
	}
}

// count prints how many messages a stream holds, also where it breaks.
func count(src io.Reader, o *options, out io.Writer, p *problems) error {
	r := framing.NewReader(src, o.framing.Framer)
	r.SetMaxPayload(int(o.maxPayload))
	var messages, payload int64
	var final error
	for m, err := range r.Frames() {
		switch {
		case err == nil:
			messages++
			payload += int64(len(m))
		case errors.Is(err, framing.ErrFrame):
			p.report(err)
		default:
			final = err
		}
	}
	_, err := fmt.Fprintf(out, "%d messages, %d bytes of payload\n", messages, payload)
	return errors.Join(err, final)
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
