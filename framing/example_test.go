package framing_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// A frame that is too large is one error; the next call returns the frame after it.
func ExampleNewReader() {
	stream := strings.NewReader("hello\na line that is too long\nworld\nand a half")
	r := framing.NewReader(stream, delimiter.Line())
	r.SetMaxPayload(10)
	for {
		payload, err := r.ReadFrame()
		switch {
		case err == nil:
			fmt.Printf("%q\n", payload)
			continue
		case errors.Is(err, framing.ErrFrame):
			fmt.Println(err)
			continue
		case err == io.EOF:
			fmt.Println("end of stream")
		default:
			fmt.Println(err)
		}
		return
	}
	// Output:
	// "hello"
	// framing: frame at offset 6: payload exceeds the limit of 10 bytes
	// "world"
	// framing: frame at offset 36: unexpected EOF after 10 bytes
}

func ExampleReader_Frames() {
	r := framing.NewReader(strings.NewReader("\x05hello\x05world"), lengthprefix.Uint8())
	for payload, err := range r.Frames() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", payload)
	}
	// Output:
	// "hello"
	// "world"
}

// The last line of a file may lack its terminator.
func ExampleReader_AcceptUnterminated() {
	r := framing.NewReader(strings.NewReader("first\nlast"), delimiter.Line())
	r.AcceptUnterminated(true)
	for payload, err := range r.Frames() {
		fmt.Printf("%q %v\n", payload, err)
	}
	// Output:
	// "first" <nil>
	// "last" <nil>
}

// Small frames are collected until Flush, and written in one Write.
func ExampleNewWriter() {
	w := framing.NewWriter(os.Stdout, delimiter.Line())
	for _, line := range []string{"hello", "world", "two\nlines"} {
		if err := w.WriteFrame([]byte(line)); err != nil {
			fmt.Println(err) // this line was refused; the others are in the buffer
		}
	}
	if err := w.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// framing: payload of 9 bytes refused: it contains the delimiter "\n" at byte 3
	// hello
	// world
}

// A client that sends its requests in one write and reads the answers, each within
// five seconds.
func ExampleNewConn() {
	addr := serveEcho()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	conn := framing.NewConn(c, lengthprefix.Uint32())
	defer conn.Close()

	c.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if err := conn.WriteFrames([]byte("one"), []byte("two"), []byte("three")); err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		answer, err := conn.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Nothing is lost: another ReadFrame would resume inside the frame.
			fmt.Println("no answer in time")
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", answer)
	}
	// Output:
	// one
	// two
	// three
}

// A server that reads requests from its standard input and writes answers to its
// standard output, one line each, as servers of the Model Context Protocol do.
func ExampleNewConn_stdio() {
	stdin := strings.NewReader(`{"id":1}` + "\n" + `{"id":2}` + "\n") // in a program: os.Stdin
	conn := framing.NewConn(struct {
		io.Reader
		io.WriteCloser
	}{stdin, os.Stdout}, delimiter.Line())
	for request, err := range conn.Frames() {
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := conn.WriteFrame(fmt.Appendf(nil, `{"answer to":%s}`, request)); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// {"answer to":{"id":1}}
	// {"answer to":{"id":2}}
}

// A receiver discards fill, here the END bytes that make it forget noise before a frame.
func ExampleWriter_WriteFill() {
	var wire bytes.Buffer
	w := framing.NewWriter(&wire, slip.New())
	const end = "\xc0"
	fmt.Println(w.WriteFill([]byte(end+end)), w.WriteFrame([]byte("hello")), w.Flush())
	fmt.Printf("%q\n", wire.Bytes())

	payload, err := framing.NewReader(&wire, slip.New()).ReadFrame()
	fmt.Printf("%q %v\n", payload, err)
	// Output:
	// <nil> <nil> <nil>
	// "\xc0\xc0hello\xc0"
	// "hello" <nil>
}

// serveEcho starts an echo server for one connection, and returns its address.
func serveEcho() (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err.Error()
	}
	go func() {
		defer ln.Close()
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		conn := framing.NewConn(c, lengthprefix.Uint32())
		for payload, err := range conn.Frames() {
			if err != nil || conn.WriteFrame(payload) != nil {
				return
			}
		}
	}()
	return ln.Addr().String()
}

// An event loop writes the chunks that it receives, which may begin and end anywhere.
func ExampleNewBuffer() {
	buf := framing.NewBuffer(lengthprefix.Uint8())
	for _, chunk := range []string{"\x05hel", "lo\x05wor", "ld\x03ha"} {
		buf.Write([]byte(chunk))
		for payload, err := range buf.Frames() {
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Printf("%q\n", payload)
		}
	}
	_, err := buf.Finish()
	fmt.Println(err)
	// Output:
	// "hello"
	// "world"
	// framing: frame at offset 12: unexpected EOF after 3 of 4 bytes
}

func ExampleSplitFunc() {
	scanner := bufio.NewScanner(strings.NewReader("\x05hello\x05world"))
	scanner.Split(framing.SplitFunc(lengthprefix.Uint8()))
	for scanner.Scan() {
		fmt.Println(scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello
	// world
}

// The caller may retain the payloads of a CopyConn.
func ExampleNewCopyConn() {
	client, server := net.Pipe()
	go func() {
		io.WriteString(server, "first\nsecond\n")
		server.Close()
	}()
	conn := framing.NewCopyConn(framing.NewConn(client, delimiter.Line()))
	defer conn.Close()
	var kept [][]byte
	for {
		payload, err := conn.ReadFrame()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		kept = append(kept, payload)
	}
	fmt.Printf("%q\n", kept)
	// Output: ["first" "second"]
}

// Idle connections hold no memory: they share that of a Pool.
func ExamplePool() {
	var pool framing.Pool
	conns := []*framing.Buffer{framing.NewBuffer(delimiter.Line()), framing.NewBuffer(delimiter.Line())}
	for _, buf := range conns {
		buf.SetPool(&pool)
	}
	receive := func(buf *framing.Buffer, chunk string) {
		io.WriteString(buf, chunk)
		for line, err := range buf.Frames() {
			fmt.Printf("%s %v\n", line, err)
		}
		buf.Release() // does nothing if part of a line is buffered
	}
	receive(conns[0], "one\ntwo\n")
	receive(conns[1], "three\nfo")
	receive(conns[0], "five\n")
	receive(conns[1], "ur\n")
	// Output:
	// one <nil>
	// two <nil>
	// three <nil>
	// five <nil>
	// four <nil>
}
