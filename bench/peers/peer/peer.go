// Package peer holds what the peer servers share around their framing, so that each of them shows little else than the
// public API it is there for.
package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"syscall"
)

// The two framings that every server is measured with.
const (
	Line   = "line"   // a message ends at '\n'
	Length = "length" // a message follows its size, 4 bytes, big endian
)

// HeaderSize is the size of the length field.
const HeaderSize = 4

// Options are the flags that every peer has.
type Options struct {
	Addr    string
	Framing string
}

// ParseFlags reads the flags of a peer that knows the given framings, and ends the program where they are wrong.
func ParseFlags(framings ...string) Options {
	var o Options
	flag.StringVar(&o.Addr, "addr", "127.0.0.1:0", "`address` to listen on")
	flag.StringVar(&o.Framing, "framing", framings[0], fmt.Sprintf("one of %q", framings))
	flag.Parse()
	if !slices.Contains(framings, o.Framing) {
		fmt.Fprintf(os.Stderr, "framing %q is none of %q\n", o.Framing, framings)
		os.Exit(2)
	}
	return o
}

// Listening prints the line that tells the runner where the server listens.
func Listening(addr string, framing string) {
	slog.Info("listening", "addr", addr, "framing", framing)
}

// Serve gives every connection a goroutine that runs handle until it returns.
func Serve(o Options, handle func(net.Conn) error) error {
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return err
	}
	Listening(listener.Addr().String(), o.Framing)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			err := handle(conn)
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				slog.Warn("connection lost", "err", err)
			}
		}()
	}
}

// Exit ends a server that can't go on.
func Exit(err error) {
	slog.Error("server ends", "err", err)
	os.Exit(1)
}

// LineSize returns the size of the first line of data, '\n' included, or 0 if it isn't whole. The first seen bytes are
// known to hold no '\n'.
func LineSize(data []byte, seen int) int {
	if i := bytes.IndexByte(data[seen:], '\n'); i >= 0 {
		return seen + i + 1
	}
	return 0
}

// LengthSize returns the size of the first frame of data, header included, or 0 if it isn't whole.
func LengthSize(data []byte, _ int) int {
	if len(data) < HeaderSize {
		return 0
	}
	size := HeaderSize + int(binary.BigEndian.Uint32(data))
	if len(data) < size {
		return 0
	}
	return size
}

// SizeFunc returns LineSize or LengthSize.
func SizeFunc(framing string) func(data []byte, seen int) int {
	if framing == Line {
		return LineSize
	}
	return LengthSize
}
