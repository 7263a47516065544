package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wholeframe/wholeframe/cmd/framecat/internal/capture"
	"github.com/wholeframe/wholeframe/framing"
)

// A captured is one direction of a connection in a capture.
type captured struct {
	track
	buf  *framing.Buffer
	view *view     // nil, unless -x is given
	at   time.Time // of the latest chunk
}

// captureBuffer is how much of a capture is read at once, in bytes.
const captureBuffer = 64 << 10

// capture shows or counts the messages of the connections in a capture.
func (j *job) capture(t *tally) error {
	src := j.stdin
	if j.decode.pcap != "-" {
		f, err := os.Open(j.decode.pcap)
		if err != nil {
			return err
		}
		defer f.Close()
		src = f
	}
	if j.decode.count {
		t.begin()
	}
	d := &display{options: j.options, out: j.out, problems: j.problems}
	type key struct {
		conn     int
		toServer bool
	}
	open := make(map[key]*captured)
	for chunk, err := range capture.Streams(bufio.NewReaderSize(flushTap{src, j.out}, captureBuffer), uint16(j.decode.port)) {
		if err != nil {
			return err
		}
		k := key{chunk.Conn, chunk.ToServer}
		if open[k] == nil {
			open[k] = j.captured(d, chunk)
		}
		if err := open[k].take(chunk, t); err != nil {
			return err
		}
		if chunk.Err != nil {
			delete(open, k)
		}
	}
	return nil
}

// captured returns the direction that begins with a chunk.
func (j *job) captured(d *display, chunk capture.Chunk) *captured {
	from := byServer
	if chunk.ToServer {
		from = byClient
	}
	c := &captured{
		track: track{d: d, conn: chunk.Conn, from: from, print: !j.decode.count, labels: true},
		buf:   framing.NewBuffer(j.framing.Framer),
	}
	c.clock = func() time.Time { return c.at }
	if chunk.Late && len(chunk.Data) > 0 {
		j.problems.note("#%d %s: the capture begins inside this connection; its first messages may be wrong", c.conn, from.arrow())
	}
	c.buf.SetMaxPayload(int(j.maxPayload))
	if j.wire {
		c.view = j.view(j.framing.Framer, fmt.Sprintf("#%d %s ", c.conn, from.arrow()), "")
	}
	return c
}

// take adds the next chunk of its direction.
func (c *captured) take(chunk capture.Chunk, t *tally) error {
	c.at = chunk.Time
	if c.view != nil {
		c.view.arrived(chunk.Data)
		if chunk.Err != nil {
			c.view.end()
		}
	}
	if c.buf == nil { // its messages cannot be followed
		return nil
	}
	c.buf.Write(chunk.Data)
	for payload, err := range c.buf.Frames() {
		switch {
		case errors.Is(err, framing.ErrFrame):
			c.report(err)
			continue
		case err != nil:
			c.lose(err)
			return nil
		}
		if err := c.message(payload); err != nil {
			return err
		}
		if c.d.decode.count {
			t.add(payload)
		}
	}
	c.buf.Release()
	if chunk.Err == nil {
		return nil
	}
	_, err := c.buf.Finish()
	var gap *capture.GapError
	switch {
	case errors.As(chunk.Err, &gap):
		c.lose(gap)
	case err != io.EOF && chunk.Err != io.EOF:
		c.lose(fmt.Errorf("%w: %w", err, chunk.Err))
	case err != io.EOF:
		c.lose(err)
	}
	return nil
}

// lose reports why the messages that follow are not shown.
func (c *captured) lose(err error) {
	c.report(err)
	c.buf = nil
}
