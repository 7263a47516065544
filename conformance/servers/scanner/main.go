// Command scanner echoes with bufio.Scanner:
//
//	scanner HOST:PORT line|length
//
// After the documentation of bufio.Scanner, and of net.Listener. SIGTERM and
// SIGINT close the listener and wait for the connections, for three seconds at most.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	maxPayload = 1 << 20
	header     = 4
)

func main() {
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		l.Close()
	}()
	var conns sync.WaitGroup
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		conns.Go(func() { echo(c, os.Args[2]) })
	}
	done := make(chan struct{})
	go func() {
		conns.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
	}
}

func echo(c net.Conn, framing string) {
	defer c.Close()
	s := bufio.NewScanner(c)
	w := bufio.NewWriter(c)
	write := writeLine
	if framing == "length" {
		s.Buffer(nil, header+maxPayload)
		s.Split(split)
		write = writeLength
	} else {
		s.Buffer(nil, maxPayload+len("\n"))
	}
	for s.Scan() {
		if err := write(w, s.Bytes()); err != nil {
			return
		}
	}
}

// writeLine writes what bufio.ScanLines strips: a payload may end in a carriage return.
func writeLine(w *bufio.Writer, payload []byte) error {
	w.Write(payload) // an error sticks
	w.WriteString("\r\n")
	return w.Flush()
}

func writeLength(w *bufio.Writer, payload []byte) error {
	var size [header]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(payload)))
	w.Write(size[:]) // an error sticks
	w.Write(payload)
	return w.Flush()
}

// split is a bufio.SplitFunc for payloads with their length before them.
func split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if len(data) >= header {
		size := binary.BigEndian.Uint32(data)
		if size > maxPayload {
			return 0, nil, fmt.Errorf("payload of %d bytes, want %d at most", size, maxPayload)
		}
		if end := header + int(size); len(data) >= end {
			return end, data[header:end], nil
		}
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}
