package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

// serveLines serves connections with a protocol of lines, and returns the address and
// what ends it.
func serveLines(serve func(conn *framing.Conn)) (addr string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				serve(framing.NewConn(nc, delimiter.Line()))
			}()
		}
	}()
	return l.Addr().String(), func() { l.Close() }
}

// upper answers each line in upper case.
func upper(conn *framing.Conn) {
	for line, err := range conn.Frames() {
		if err != nil || conn.WriteFrame(bytes.ToUpper(line)) != nil {
			return
		}
	}
}

func Example() {
	addr, stop := serveLines(upper)
	defer stop()

	c := &client.Client{Addrs: []string{addr}, Framer: delimiter.Line()}
	defer c.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	reply, err := c.Call(ctx, []byte("hello"))
	fmt.Printf("%s %v\n", reply, err)
	// Output: HELLO <nil>
}

// Replies that come in any order are matched by the number that starts each line.
func ExampleClient_keys() {
	addr, stop := serveLines(func(conn *framing.Conn) {
		var lines []string
		for range 3 {
			line, err := conn.ReadFrame()
			if err != nil {
				return
			}
			lines = append(lines, string(line))
		}
		for i := range lines { // the last one first
			conn.WriteFrame([]byte(lines[len(lines)-1-i] + " done"))
		}
		conn.ReadFrame()
	})
	defer stop()

	number := func(payload []byte) (key uint64, ok bool) {
		digits, _, _ := strings.Cut(string(payload), " ")
		key, err := strconv.ParseUint(digits, 10, 64)
		return key, err == nil
	}
	c := &client.Client{
		Addrs: []string{addr}, Framer: delimiter.Line(),
		RequestKey: number, ReplyKey: number,
	}
	defer c.Close()

	replies := make([]string, 3)
	var callers sync.WaitGroup
	for i, work := range []string{"wash", "dry", "fold"} {
		callers.Go(func() {
			reply, err := c.Call(context.Background(), fmt.Appendf(nil, "%d %s", i, work))
			replies[i] = fmt.Sprint(string(reply), " ", err)
		})
	}
	callers.Wait()
	fmt.Println(strings.Join(replies, "\n"))
	// Output:
	// 0 wash done <nil>
	// 1 dry done <nil>
	// 2 fold done <nil>
}

// While one server is restarted, its requests go to another.
func ExampleClient_resend() {
	drains, stopFirst := serveLines(func(conn *framing.Conn) {
		conn.ReadFrame() // and closes in good order: the request was not handled
	})
	defer stopFirst()
	works, stopSecond := serveLines(upper)
	defer stopSecond()

	c := &client.Client{
		Addrs: []string{drains, works}, Framer: delimiter.Line(),
		Resend: true, TrustFIN: true,
	}
	defer c.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, request := range []string{"one", "two", "three"} {
		reply, err := c.Call(ctx, []byte(request))
		fmt.Printf("%s %v\n", reply, err)
	}
	// Output:
	// ONE <nil>
	// TWO <nil>
	// THREE <nil>
}

// A server with a proxy before it says goodbye with a frame, for the proxy may turn a
// reset into an ordinary end of the stream.
func ExampleClient_goodbye() {
	addr, stop := serveLines(func(conn *framing.Conn) {
		conn.ReadFrame()
		conn.WriteFrame([]byte("BYE"))
	})
	defer stop()

	c := &client.Client{
		Addrs: []string{addr}, Framer: delimiter.Line(),
		Goodbye: func(payload []byte) bool { return string(payload) == "BYE" },
	}
	defer c.Close()

	_, err := c.Call(context.Background(), []byte("hello"))
	fmt.Println(strings.ReplaceAll(err.Error(), addr, "ADDR"))
	// Output: client: request to ADDR not handled: the server said goodbye
}

// An error says whether the request may have been handled.
func ExampleCallError() {
	addr, stop := serveLines(func(conn *framing.Conn) {
		conn.ReadFrame()
		conn.NetConn().(*net.TCPConn).SetLinger(0) // close with a reset
	})
	defer stop()

	c := &client.Client{Addrs: []string{addr}, Framer: delimiter.Line(), TrustFIN: true}
	defer c.Close()

	_, err := c.Call(context.Background(), []byte("pay 5"))
	var failed *client.CallError
	if errors.As(err, &failed) {
		switch failed.Outcome {
		case client.NotSent, client.NotHandled:
			fmt.Println("nothing was paid")
		case client.Unknown:
			fmt.Println("ask whether 5 were paid")
		}
	}
	// Output: ask whether 5 were paid
}

// A request that does no harm if it is handled twice is sent again in any case.
func ExampleClient_repeatable() {
	var once sync.Once
	addr, stop := serveLines(func(conn *framing.Conn) {
		once.Do(func() { conn.NetConn().(*net.TCPConn).SetLinger(0); conn.ReadFrame(); conn.Close() })
		upper(conn)
	})
	defer stop()

	c := &client.Client{
		Addrs: []string{addr}, Framer: delimiter.Line(),
		Resend:     true,
		Repeatable: func(request []byte) bool { return bytes.HasPrefix(request, []byte("get ")) },
	}
	defer c.Close()

	reply, err := c.Call(context.Background(), []byte("get balance"))
	fmt.Printf("%s %v\n", reply, err)
	// Output: GET BALANCE <nil>
}

// Go calls without waiting, and Shutdown waits for what is in flight.
func ExampleClient_Go() {
	addr, stop := serveLines(upper)
	defer stop()

	c := &client.Client{Addrs: []string{addr}, Framer: delimiter.Line()}
	for _, request := range []string{"one", "two", "three"} {
		c.Go(context.Background(), []byte(request), func(reply []byte, err error) {
			fmt.Printf("%s %v\n", reply, err)
		})
	}
	if err := c.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ONE <nil>
	// TWO <nil>
	// THREE <nil>
}

// A server that greets, wants a password, and sends news between its replies.
func ExampleClient_Open() {
	addr, stop := serveLines(func(conn *framing.Conn) {
		conn.WriteFrame([]byte("hello"))
		if password, err := conn.ReadFrame(); err != nil || string(password) != "pass secret" {
			return
		}
		conn.WriteFrame([]byte("ok"))
		conn.WriteFrame([]byte("* rain at noon"))
		upper(conn)
	})
	defer stop()

	c := &client.Client{
		Addrs: []string{addr}, Framer: delimiter.Line(),
		Open: func(ctx context.Context, conn *framing.Conn) error {
			if _, err := conn.ReadFrame(); err != nil {
				return err
			}
			if err := conn.WriteFrame([]byte("pass secret")); err != nil {
				return err
			}
			answer, err := conn.ReadFrame()
			if err == nil && string(answer) != "ok" {
				err = errors.New("wrong password")
			}
			return err
		},
		ReplyKey: func(payload []byte) (key uint64, ok bool) { return 0, !bytes.HasPrefix(payload, []byte("*")) },
		Push:     func(payload []byte) { fmt.Printf("%s\n", payload) },
	}
	defer c.Close()

	reply, err := c.Call(context.Background(), []byte("hello"))
	fmt.Printf("%s %v\n", reply, err)
	// Output:
	// * rain at noon
	// HELLO <nil>
}

// A call returns when its context ends. Its reply is dropped when it comes, and the
// next call gets its own.
func ExampleClient_Call_context() {
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan struct{})
	addr, stop := serveLines(func(conn *framing.Conn) {
		if _, err := conn.ReadFrame(); err != nil {
			return
		}
		cancel() // the caller gives up
		<-failed
		conn.WriteFrame([]byte("late"))
		upper(conn)
	})
	defer stop()

	c := &client.Client{Addrs: []string{addr}, Framer: delimiter.Line()}
	defer c.Close()

	_, err := c.Call(ctx, []byte("slow"))
	fmt.Println(strings.ReplaceAll(err.Error(), addr, "ADDR"))
	close(failed)

	reply, err := c.Call(context.Background(), []byte("fast"))
	fmt.Printf("%s %v, %d late\n", reply, err, c.Stats().Late)
	// Output:
	// client: request to ADDR may have been handled: context canceled
	// FAST <nil>, 1 late
}
