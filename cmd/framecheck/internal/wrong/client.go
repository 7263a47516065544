//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// asClient sends three messages, prints their answers and returns the exit code. fault
// is the case whose rule it breaks.
func asClient(addr, fault string, framer framing.Framer) int {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return fatal(err)
	}
	c := nc.(*net.TCPConn)
	messages := []string{"first message", "second message", "third message"}
	var wire []byte
	for _, m := range messages {
		if wire, err = framer.Append(wire, []byte(m)); err != nil {
			return fatal(err)
		}
	}
	if _, err := c.Write(wire); err != nil {
		return fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		return fatal(err)
	}
	answers, err := read(c, fault, framer)
	var format *framing.FormatError
	var large *framing.TooLargeError
	switch {
	case err == io.EOF && answers == len(messages):
		return 0
	case err == io.EOF && fault == "11.7", isReset(err) && fault == "11.8", errors.As(err, &format) && fault == "11.9":
		return 0
	case errors.As(err, &large) && fault == "11.10":
		time.Sleep(time.Hour)
	case err == io.EOF:
		err = fmt.Errorf("%d answers to %d messages", answers, len(messages))
	}
	return fatal(err)
}

// firstFrame is the size of the first answer's frame, in the framing length.
const firstFrame = 4 + len("first message")

// read prints answers until the stream ends.
func read(c net.Conn, fault string, framer framing.Framer) (answers int, err error) {
	buf := framing.NewBuffer(framer)
	p := make([]byte, 4096)
	single, whole, begun, last := 0, 0, time.Now(), time.Now()
	for {
		if fault == "11.11" {
			if err := c.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
				return answers, err
			}
		}
		n, err := c.Read(p)
		if err == io.EOF {
			if fault == "11.6" && len(buf.Bytes()) > 4 {
				fmt.Printf("%s\n", buf.Bytes()[4:])
				os.Exit(0)
			}
			_, err = buf.Finish()
		}
		if err != nil {
			return answers, err
		}
		if n == 1 {
			single++
		}
		empty := len(buf.Bytes()) == 0
		pieces := len(buf.Bytes()) > 0 && time.Since(last) > 10*time.Millisecond && answers == 0 && len(buf.Bytes())+n == firstFrame
		last = time.Now()
		if fault == "11.2" && single > 20 || fault == "11.3" && pieces {
			p[n-1] ^= 1
		}
		buf.Write(p[:n])
		found := 0
		for payload, err := range buf.Frames() {
			if err != nil {
				return answers, err
			}
			if found++; fault == "11.4" && found > 1 {
				continue
			}
			answers++
			fmt.Printf("%s\n", payload)
		}
		if empty && found == 1 && len(buf.Bytes()) == 0 {
			whole++
		}
		if fault == "11.1" && whole == 3 && time.Since(begun) < 500*time.Millisecond {
			return answers, errors.New("this was too easy")
		}
		if fault == "11.5" && found > 0 && len(buf.Bytes()) > 0 {
			return answers, errors.New("more than an answer")
		}
	}
}

func fatal(err error) int {
	fmt.Fprintln(os.Stderr, "wrong:", err)
	return 1
}
