package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/dissect"
)

// A display prints messages and records them, both as the flags say. Any number of
// goroutines may use it.
type display struct {
	*options
	out      *screen
	problems *problems
	recorded *screen // nil, unless -record is given
}

// withDisplay calls work with the display that the flags describe.
func (j *job) withDisplay(work func(d *display) error) error {
	d := &display{options: j.options, out: j.out, problems: j.problems}
	if j.record == "" {
		return work(d)
	}
	f, err := os.OpenFile(j.record, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("-record: %w", err)
	}
	d.recorded = newScreen(f, false)
	err = work(d)
	if failed := cmp.Or(d.flush(), f.Close()); err == nil {
		err = failed
	}
	return err
}

// flush shows what was printed. It is called before a wait.
func (d *display) flush() error {
	if d.recorded != nil {
		if err := d.recorded.Flush(); err != nil {
			return fmt.Errorf("-record: %w", err)
		}
	}
	return d.out.Flush()
}

// A track is one direction of one connection: its messages have numbers.
type track struct {
	d       *display
	conn    int              // the number of the connection, or 0 if there is only one
	from    side             // who sends
	print   bool             // messages are printed, not only recorded
	labels  bool             // with time, connection and number
	clock   func() time.Time // when the next message was sent, zero if that is not known; nil for time.Now
	n       int
	line    []byte
	encoded []byte
}

// message prints and records the next message.
func (t *track) message(payload []byte) error {
	t.n++
	d := t.d
	isPrinted := t.print && !d.quiet && !d.wire
	if !isPrinted && d.recorded == nil {
		return nil
	}
	var at time.Time
	if t.from != nobody {
		at = time.Now()
		if t.clock != nil {
			at = t.clock()
		}
	}
	if d.recorded != nil || isPrinted && d.json {
		t.encoded = appendJSON(t.encoded[:0], newRecord(at, t.conn, t.from, t.n, payload))
	}
	if d.recorded != nil {
		if _, err := d.recorded.Write(t.encoded); err != nil {
			return fmt.Errorf("-record: %w", err)
		}
	}
	switch {
	case !isPrinted:
		return nil
	case d.json:
		t.line = append(t.line[:0], t.encoded...)
	case d.raw:
		t.line = append(t.line[:0], payload...)
	case t.labels:
		t.line = t.labelled(t.line[:0], at, payload)
	default:
		t.line = append(d.style().append(t.line[:0], payload), '\n')
	}
	_, err := d.out.Write(t.line)
	return err
}

// lineBytes is how many bytes of a message a line with a label shows.
const lineBytes = 1000

// labelled appends a line such as "15:04:05.000 #1 -> 2, 5 bytes: hello". A message whose
// time is not known has none.
func (t *track) labelled(dst []byte, at time.Time, payload []byte) []byte {
	k := dissect.Header
	if t.from == byServer {
		k = dissect.Trailer
	}
	if !at.IsZero() {
		dst = at.AppendFormat(dst, "15:04:05.000 ")
	}
	dst = append(dst, t.d.out.paint.paint(fmt.Sprintf("#%d %s %d", t.conn, t.from.arrow(), t.n), k)...)
	dst = fmt.Appendf(dst, ", %s: ", bytesOf(len(payload)))
	shown := payload[:min(len(payload), lineBytes)]
	dst = t.d.style().append(dst, shown)
	if rest := len(payload) - len(shown); rest > 0 {
		dst = fmt.Appendf(dst, " ... and %s more", bytesOf(rest))
	}
	return append(dst, '\n')
}

// report reports an error of the stream.
func (t *track) report(err error) { t.d.problems.report(t.name(err)) }

// name returns err with the connection and the direction, if there are several.
func (t *track) name(err error) error {
	if t.conn == 0 {
		return err
	}
	return fmt.Errorf("#%d %s %w", t.conn, t.from.arrow(), err)
}

// read reads the messages of a stream to its end, and shows each. It reports those
// that are rejected.
func (t *track) read(src io.Reader, f framing.Framer, each func(payload []byte) error) error {
	r := framing.NewReader(src, f)
	r.SetMaxPayload(int(t.d.maxPayload))
	for payload, err := range r.Frames() {
		switch {
		case errors.Is(err, framing.ErrFrame):
			t.report(err)
			continue
		case err != nil:
			return err
		}
		if err := t.message(payload); err != nil {
			return err
		}
		if each == nil {
			continue
		}
		if err := each(payload); err != nil {
			return err
		}
	}
	return nil
}
