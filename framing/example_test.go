package framing_test

import (
	"bufio"
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
)

// A frame that is too large costs one error; the next call goes on behind it.
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
			fmt.Println("the end")
		default:
			fmt.Println(err)
		}
		return
	}
	// Output:
	// "hello"
	// framing: frame at offset 6: payload larger than the limit of 10
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

// The last line of a file may lack its end.
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

// Small frames gather until Flush, and leave in one write.
func ExampleNewWriter() {
	w := framing.NewWriter(os.Stdout, delimiter.Line())
	for _, message := range []string{"hello", "world", "two\nlines"} {
		if err := w.WriteFrame([]byte(message)); err != nil {
			fmt.Println(err) // this message was refused, the others wait
		}
	}
	if err := w.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// framing: payload of 9 bytes refused: it holds the delimiter "\n" at byte 3
	// hello
	// world
}

// A client that sends its requests at once, in one write, and reads the answers
// as they come, each within five seconds.
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
			// Nothing is lost: another ReadFrame would go on in mid-frame.
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

// serveEcho answers one connection with what it sends, and returns where it
// listens.
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
		for message, err := range conn.Frames() {
			if err != nil || conn.WriteFrame(message) != nil {
				return
			}
		}
	}()
	return ln.Addr().String()
}

// An event loop pushes the bytes that it was given, wherever they were cut.
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
	_, err := buf.End()
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

// What a CopyConn returns may be kept.
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
		message, err := conn.ReadFrame()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		kept = append(kept, message)
	}
	fmt.Printf("%q\n", kept)
	// Output: ["first" "second"]
}

// Connections that wait hold no memory: what arrives at one is read into what
// another needs no more.
func ExamplePool() {
	var pool framing.Pool
	conns := []*framing.Buffer{framing.NewBuffer(delimiter.Line()), framing.NewBuffer(delimiter.Line())}
	for _, buf := range conns {
		buf.SetPool(&pool)
	}
	arrived := func(buf *framing.Buffer, bytes string) {
		io.WriteString(buf, bytes)
		for line, err := range buf.Frames() {
			fmt.Printf("%s %v\n", line, err)
		}
		buf.Release() // unless a line has arrived in part
	}
	arrived(conns[0], "one\ntwo\n")
	arrived(conns[1], "three\nfo")
	arrived(conns[0], "five\n")
	arrived(conns[1], "ur\n")
	// Output:
	// one <nil>
	// two <nil>
	// three <nil>
	// five <nil>
	// four <nil>
}
