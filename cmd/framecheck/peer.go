package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// How a connection ends, or does not.
const (
	fin     = "FIN"
	rst     = "RST"
	silence = "silence" // it does not end within the bound
	torn    = "FIN inside an answer"
	noAlert = "FIN without close_notify"
	noFrame = "bytes that are no frame"
	noFIN   = "close_notify without FIN"
)

// A peer is a connection with what is judged.
type peer struct {
	name   string
	number int // among the connections of a step
	raw    *net.TCPConn
	conn   net.Conn // raw, or TLS on it
	reader *framing.Reader
	below  *watchedConn // what TLS reads and writes; nil without TLS
	reset  atomic.Bool  // a write was told of a reset that came before the end of the stream
	stuck  atomic.Int64 // how long a write has waited in vain for the server to read, a [time.Duration]; 0: none has
	log    *transcript

	written atomic.Int64 // bytes that are written

	sent   int       // messages, whole or in part
	due    [][]byte  // payloads whose answers are due
	maybe  [][]byte  // payloads that may be answered after these
	half   []byte    // payload of the message of which a part is sent
	rest   []byte    // the bytes of its frame that are not sent
	inside bool      // what is sent now belongs to a message that was announced
	since  time.Time // when it was dialed or last sent on; no time limit of the server for that began earlier
	wrote  chan struct{}
}

// write notes a reset. The kernel reports a reset once, to the call that comes first:
// if that was a write, reading reports an orderly end. bound is for each 64 KiB: a
// server may be slow.
func (p *peer) write(b []byte, bound time.Duration) error {
	var err error
	for n := 0; err == nil && len(b) > 0; b = b[n:] {
		if err := p.conn.SetWriteDeadline(time.Now().Add(bound)); err != nil {
			return err
		}
		n, err = p.conn.Write(b[:min(len(b), 64<<10)])
		p.written.Add(int64(n))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.stuck.Store(int64(bound))
	}
	// EPIPE: the end of the stream came first. The reset, if there was one, is the answer
	// to what was sent after that.
	if errors.Is(err, syscall.ECONNRESET) {
		p.reset.Store(true)
	}
	return err
}

// after calls write in a goroutine, after all writes before it. So a step that sends
// never waits for a server that waits for its answers to be read.
func (p *peer) after(write func() error) {
	before, done := p.wrote, make(chan struct{})
	p.wrote = done
	go func() {
		defer close(done)
		<-before
		_ = write() // how the connection ends tells more
	}()
}

// finished waits until all has been written.
func (p *peer) finished(bound time.Duration) bool {
	select {
	case <-p.wrote:
		return true
	case <-time.After(bound):
		return false
	}
}

// read returns the next answer, or how the connection ended.
func (p *peer) read(bound time.Duration) (payload []byte, end string) {
	if err := p.conn.SetReadDeadline(time.Now().Add(bound)); err != nil {
		return nil, err.Error()
	}
	payload, err := p.reader.ReadFrame()
	if err == nil {
		return bytes.Clone(payload), ""
	}
	end = p.endOf(err, bound)
	if (end == fin || end == torn || end == noAlert) && !p.finished(2*time.Millisecond) || p.reset.Load() {
		// A write may still be about to be told of the reset.
		p.finished(20 * time.Millisecond)
	}
	if p.reset.Load() && end != silence {
		end = rst
	}
	if stuck := time.Duration(p.stuck.Load()); stuck > 0 && end == silence {
		end = fmt.Sprintf("nothing: the server has not read what was sent within %v", stuck)
	}
	return nil, end
}

// endOf returns what a read error means.
func (p *peer) endOf(err error, bound time.Duration) string {
	var short *framing.UnexpectedEOFError
	var format *framing.FormatError
	var large *framing.TooLargeError
	switch {
	case errors.As(err, &short):
		return torn
	case err == io.EOF && p.below != nil:
		return p.belowTLS(bound)
	case err == io.EOF:
		return fin
	case errors.Is(err, os.ErrDeadlineExceeded):
		return silence
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return rst
	case errors.Is(err, io.ErrUnexpectedEOF):
		return noAlert
	case errors.As(err, &format), errors.As(err, &large):
		return noFrame
	}
	return err.Error()
}

// belowTLS returns how the connection ends below TLS, which has ended in order or with
// the end of the stream: package tls accepts that too.
func (p *peer) belowTLS(bound time.Duration) string {
	if p.below.sawEnd {
		return noAlert
	}
	if err := p.raw.SetReadDeadline(time.Now().Add(bound)); err != nil {
		return err.Error()
	}
	_, err := p.raw.Read(make([]byte, 1))
	switch {
	case err == io.EOF:
		return fin
	case errors.Is(err, os.ErrDeadlineExceeded):
		return noFIN
	case errors.Is(err, syscall.ECONNRESET):
		return rst
	}
	return fmt.Sprintf("close_notify, then %v", err)
}

// A watchedConn knows whether reading has returned the end of the stream, and can write
// in small pieces.
type watchedConn struct {
	net.Conn
	drips  bool
	sawEnd bool
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.sawEnd = c.sawEnd || err == io.EOF
	return n, err
}

func (c *watchedConn) Write(p []byte) (n int, err error) {
	if !c.drips {
		return c.Conn.Write(p)
	}
	for n < len(p) {
		size := 1
		if n >= dripSingles {
			size = min(dripPieces, len(p)-n)
		}
		if _, err := c.Conn.Write(p[n : n+size]); err != nil {
			return n, err
		}
		n += size
		time.Sleep(300 * time.Microsecond)
	}
	return n, nil
}

// A handshake that drips is written in that many single bytes, and then in pieces of
// that size.
const (
	dripSingles = 12
	dripPieces  = 16
)

// closeWrite ends the sending side.
func (p *peer) closeWrite() error {
	if t, ok := p.conn.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return err
		}
	}
	return p.raw.CloseWrite()
}

// close closes the connection; if abort is set, with a reset.
func (p *peer) close(abort bool) {
	if abort {
		_ = p.raw.SetLinger(0)
	}
	_ = p.raw.Close()
}
