package shutdown

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

// asStuck is the variable that makes the test binary a server whose handler
// answers the first message and does not return from the second.
const asStuck = "WHOLEFRAME_STUCK"

func stuck() {
	l, err := server.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	s := &server.Server{Framer: delimiter.Line(), Handler: func(c *server.Conn, message []byte) error {
		if string(message) == "first" {
			return server.Echo(c, message)
		}
		fmt.Println("handling")
		select {}
	}}
	panic(s.Serve(l))
}

// C26: the end of a killed process is a reset where a handler runs: FIN would
// say that its message was not handled.
func TestC26Killed(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asStuck+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	says := bufio.NewReader(stdout)
	addr, err := says.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", strings.TrimSpace(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(endless))
	answers := bufio.NewReader(nc)
	io.WriteString(nc, "first\n")
	if line, err := answers.ReadString('\n'); line != "first\n" {
		t.Fatalf("read %q, %v; want %q", line, err, "first\n")
	}
	io.WriteString(nc, "second\n")
	if line, err := says.ReadString('\n'); err != nil {
		t.Fatalf("the server writes %q, %v; want that it handles the second message", line, err)
	}
	cmd.Process.Kill()
	if line, err := answers.ReadString('\n'); line != "" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v; want ECONNRESET", line, err)
	}
}
