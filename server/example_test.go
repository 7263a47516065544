package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/server"
)

// A program that echoes lines until it is told to stop. Here it is told when a
// client has its answer; a program would use signal.Notify instead.
func Example() {
	stop := make(chan os.Signal, 1)

	s := &server.Server{Framer: delimiter.Line(), Handler: server.Echo}
	l, err := server.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		<-stop
		s.Shutdown(context.Background())
	}()
	go client(l.Addr().String(), stop)

	// Serve returns when Shutdown is done, and not before.
	if err := s.Serve(l); err != server.ErrServerClosed {
		fmt.Println(err) // why it does not serve, or what was lost
	}
	fmt.Println("closed")
	// Output:
	// hello
	// closed
}

func client(addr string, stop chan<- os.Signal) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Fprintln(c, "hello")
	line, _ := bufio.NewReader(c).ReadString('\n')
	fmt.Print(line)
	stop <- os.Interrupt
}
