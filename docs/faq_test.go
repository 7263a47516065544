package docs

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
	"github.com/wholeframe/wholeframe/server"
)

// The functions of faq.zh-CN.md are those of this file, letter by letter, and the
// method of the example for gnet.
func TestFAQ(t *testing.T) {
	own, err := os.ReadFile("faq_test.go")
	require.NoError(t, err)
	code := strings.ReplaceAll(string(own), "\r\n", "\n") + read(t, "examples/gnet/main.go")
	for _, m := range find(t, read(t, "docs/faq.zh-CN.md"), "(?ms)^```go\n(.*?)^```") {
		for function := range strings.SplitSeq(m[1], "\n\n") {
			assert.Contains(t, code, "\n"+strings.TrimSuffix(function, "\n")+"\n")
		}
	}
}

// 错误：把一次 Read 当成一条消息
func readPieces(c net.Conn, handle func(message []byte)) error {
	buf := make([]byte, 1024)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		handle(buf[:n]) // 可能只有半条，也可能是好几条
	}
}

// 正确：每次循环都是一条完整的消息
func readMessages(c net.Conn, handle func(message []byte)) error {
	conn := framing.NewConn(c, lengthprefix.Uint32()) // 4 字节长度，然后是内容
	for message, err := range conn.Frames() {
		if err != nil {
			return err
		}
		handle(message)
	}
	return nil // 对端在两条消息之间正常关闭
}

// 发送方：与接收方用同一个 Framer
func sendMessages(c net.Conn, messages ...[]byte) error {
	return framing.NewConn(c, lengthprefix.Uint32()).WriteFrames(messages...)
}

// Pieces are what arrives together; messages are what was sent.
func TestFAQ_Sticky(t *testing.T) {
	receive := func(read func(net.Conn, func([]byte)) error) (got []string) {
		a, b := net.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- errors.Join(sendMessages(a, []byte("hello"), []byte("world")), a.Close())
		}()
		err := read(b, func(m []byte) { got = append(got, string(m)) })
		require.True(t, err == nil || err == io.EOF, err)
		require.NoError(t, <-done)
		return got
	}
	assert.Equal(t, []string{"hello", "world"}, receive(readMessages))
	assert.Equal(t, []string{"\x00\x00\x00\x05hello\x00\x00\x00\x05world"}, receive(readPieces))
}

// 常见写法：停止监听，再逐个关闭连接
type echoServer struct {
	l     net.Listener
	conns sync.Map
}

func (s *echoServer) serve() error {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return err
		}
		s.conns.Store(c, nil)
		go s.echo(c)
	}
}

func (s *echoServer) echo(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		work()
		if _, err := io.WriteString(c, line); err != nil {
			return
		}
	}
}

func (s *echoServer) close() {
	s.l.Close() // 已经连上、还没有 Accept 的客户端：RST
	s.conns.Range(func(c, _ any) bool {
		c.(net.Conn).Close() // 已经收到、还没有回复的消息：丢失
		return true
	})
}

// wholeframe：同样的 echo，关闭时先回复所有已收到的消息
func newEcho() *server.Server {
	return &server.Server{
		Framer: delimiter.Line(),
		Handler: func(c *server.Conn, line []byte) error {
			work()
			return c.Reply(line)
		},
	}
}

// work is what a message takes.
func work() { time.Sleep(2 * time.Millisecond) }

// All lines have arrived when the servers close: one answers them, the other does not.
func TestFAQ_Close(t *testing.T) {
	const lines = 200
	answered := func(addr net.Addr, close func()) (n int) {
		c, err := net.Dial("tcp", addr.String())
		require.NoError(t, err)
		defer c.Close()
		_, err = io.WriteString(c, strings.Repeat("hello\n", lines))
		require.NoError(t, err)
		closed := make(chan struct{})
		for s := bufio.NewScanner(c); s.Scan(); n++ {
			if n == 0 {
				go func() {
					defer func() { closed <- struct{}{} }()
					close()
				}()
			}
		}
		<-closed
		return n
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	usual := &echoServer{l: l}
	go usual.serve()
	n := answered(l.Addr(), usual.close)
	assert.Less(t, n, lines/2)
	t.Logf("answered: %d of %d", n, lines)

	l, err = server.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := newEcho()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	assert.Equal(t, lines, answered(l.Addr(), func() { assert.NoError(t, s.Shutdown(context.Background())) }))
	assert.ErrorIs(t, <-served, server.ErrServerClosed)
}

// 服务端：90 秒收不到任何数据就关闭；收到 PING 回复 PONG
func newHeartbeatServer() *server.Server {
	return &server.Server{
		Framer:      lengthprefix.Uint32(),
		IdleTimeout: 90 * time.Second,
		Handler: func(c *server.Conn, payload []byte) error {
			if string(payload) == "PING" {
				return c.Reply([]byte("PONG"))
			}
			return c.Reply(payload)
		},
	}
}

// 客户端：连接空闲 30 秒就发一次 PING，收不到回复就断开重连
func newHeartbeatClient(addr string) *client.Client {
	return &client.Client{
		Addrs:        []string{addr},
		Framer:       lengthprefix.Uint32(),
		Ping:         []byte("PING"),
		PingInterval: 30 * time.Second,
	}
}

// The server and the client understand each other.
func TestFAQ_Heartbeat(t *testing.T) {
	l, err := server.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := newHeartbeatServer()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c := newHeartbeatClient(l.Addr().String())
	for _, payload := range []string{"hello", "PING"} {
		reply, err := c.Call(t.Context(), []byte(payload))
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"hello": "hello", "PING": "PONG"}[payload], string(reply))
	}
	assert.NoError(t, c.Close())
	assert.NoError(t, s.Shutdown(t.Context()))
	assert.ErrorIs(t, <-served, server.ErrServerClosed)
}

// The specs of the FAQ's table are specs.
func TestFAQ_Specs(t *testing.T) {
	for _, row := range rows(t, read(t, "docs/faq.zh-CN.md"), "场景") {
		for _, text := range coded(t, row[1]) {
			_, err := spec.Parse(text)
			assert.NoError(t, err, row[0])
		}
	}
}
