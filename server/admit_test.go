package server_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// T33: an address has its limit, an IPv6 network of 64 bits too, and takes nothing
// from others. Who leaves makes room.
func TestT33_MaxConnsPerAddr(t *testing.T) {
	line := func(source string) string {
		family, to := "TCP4", "198.51.100.9"
		if strings.Contains(source, ":") {
			family, to = "TCP6", "2001:db8::"
		}
		return fmt.Sprintf("PROXY %s %s %s 1 2\r\nhello\n", family, source, to)
	}
	s := &server.Server{ProxyFrom: fakeProxies, MaxConnsPerAddr: 2}
	onFake(t, s, func(f *fake) {
		served := func(sources ...string) (all []*fakenet.Conn) {
			for _, source := range sources {
				c := f.dial(line(source))
				n, err := c.Unread()
				assert.NoError(t, err)
				assert.Equal(t, 6, n, source)
				all = append(all, c)
			}
			return all
		}
		first := served("192.0.2.7", "192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1")
		served("::ffff:192.0.2.8")
		for range 100 {
			for _, source := range []string{"192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8", "2001:db8::2"} {
				f.wantRST(f.dial(line(source)), "", 0)
			}
		}
		served("2001:db8:0:1::1", "192.0.2.9")
		assert.EqualValues(t, 400, s.Stats().Closed[server.CloseRefused])
		log := f.log.String()
		assert.Contains(t, log, `msg="connection refused" remote=192.0.2.7:1 err="server: 192.0.2.7/32 has 2 connections already"`)
		assert.Equal(t, 10, strings.Count(log, "\n"), "lines within a second")
		first[0].Close()
		synctest.Wait()
		served("192.0.2.7")
		f.wantRST(f.dial(line("192.0.2.7")), "", 0)
	})
}

// T33: without a proxy the peer's own address counts.
func TestT33_Direct(t *testing.T) {
	s := &server.Server{MaxConnsPerAddr: 1}
	onFake(t, s, func(f *fake) {
		c := f.dial("hello\n")
		f.wantRST(f.dial("hello\n"), "", 0)
		c.CloseWrite()
		time.Sleep(quiet)
		f.wantFIN(c, "hello\n", 0)
		c = f.dial("hello\n")
		c.CloseWrite()
		f.wantFIN(c, "hello\n", quiet)
	})
}

// Admit refuses at once, before a handshake, and what it says is in the log. The
// hook of states sees both ends of the connection.
func TestAdmit(t *testing.T) {
	for _, secure := range []bool{false, true} {
		var states []string
		refuse := false
		s := &server.Server{
			Admit: func(c net.Conn) error {
				if refuse {
					return errors.New("not from " + c.RemoteAddr().String())
				}
				return nil
			},
			ConnState: func(_ net.Conn, state server.State) { states = append(states, state.String()) },
		}
		if secure {
			s.TLSConfig = serverTLS
		}
		onFake(t, s, func(f *fake) {
			served := f.dial("")
			refuse, states = true, nil
			f.wantRST(f.dial("hello\n"), "", 0)
			assert.Equal(t, []string{"new", "closed"}, states)
			assert.Contains(t, f.log.String(), `level=WARN msg="connection refused" remote=198.51.100.1:50001 err="not from 198.51.100.1:50001"`)
			assert.Zero(t, served.RST())
			st := s.Stats()
			assert.EqualValues(t, 1, st.Closed[server.CloseRefused])
			assert.EqualValues(t, 2, st.Accepted)
		})
	}
}

// A panic in Admit ends that connection.
func TestAdmit_Panic(t *testing.T) {
	s := &server.Server{Admit: func(net.Conn) error { panic("no") }}
	onFake(t, s, func(f *fake) {
		f.wantRST(f.dial("hello\n"), "", 0)
		assert.EqualValues(t, 1, s.Stats().Closed[server.ClosePanic])
		assert.Contains(t, f.log.String(), "panic")
	})
}
