// Byhand frames with package bufio alone, as one writes it by hand with an eye on speed: messages are looked at where
// they lie in the reader's buffer, and replies leave when no more input is buffered.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

// bufferSize lets a read or a write carry many messages.
const bufferSize = 64 << 10

func main() {
	o := peer.ParseFlags(peer.Line, peer.Length)
	echo := echoLines
	if o.Framing == peer.Length {
		echo = echoLengths
	}
	peer.Exit(peer.Serve(o, func(conn net.Conn) error {
		return echo(bufio.NewReaderSize(conn, bufferSize), bufio.NewWriterSize(conn, bufferSize))
	}))
}

func echoLines(r *bufio.Reader, w *bufio.Writer) error {
	var long []byte // a line that the reader's buffer could not hold
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			continue
		}
		if err != nil {
			return err
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
			long = long[:0]
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if err := flushIfDrained(r, w); err != nil {
			return err
		}
	}
}

func echoLengths(r *bufio.Reader, w *bufio.Writer) error {
	var long []byte // a frame that the reader's buffer can't hold
	for {
		header, err := r.Peek(peer.HeaderSize)
		if err != nil {
			return err
		}
		size := peer.HeaderSize + int(binary.BigEndian.Uint32(header))
		if size <= r.Size() {
			frame, err := r.Peek(size)
			if err != nil {
				return err
			}
			if _, err := w.Write(frame); err != nil {
				return err
			}
			if _, err := r.Discard(size); err != nil {
				return err
			}
		} else {
			long = slices.Grow(long[:0], size)[:size]
			if _, err := io.ReadFull(r, long); err != nil {
				return err
			}
			if _, err := w.Write(long); err != nil {
				return err
			}
		}
		if err := flushIfDrained(r, w); err != nil {
			return err
		}
	}
}

func flushIfDrained(r *bufio.Reader, w *bufio.Writer) error {
	if r.Buffered() > 0 {
		return nil
	}
	return w.Flush()
}
