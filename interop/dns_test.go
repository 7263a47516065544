package interop

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/wholeframe/wholeframe/client"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

// startUnbound starts a DNS server with an address for h0.test to h99.test, and returns
// its address.
func startUnbound(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr = l.Addr().String()
	l.Close()
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	dir := t.TempDir()
	var config strings.Builder
	fmt.Fprintf(&config, `server:
	interface: 127.0.0.1@%s
	directory: %q
	chroot: ""
	username: ""
	pidfile: ""
	use-syslog: no
	do-daemonize: no
	local-zone: "test." static
`, port, dir)
	for i := range 100 {
		fmt.Fprintf(&config, "\tlocal-data: \"h%d.test. A 10.0.0.%d\"\n", i, i)
	}
	config.WriteString("remote-control:\n\tcontrol-enable: no\n")
	file := filepath.Join(dir, "unbound.conf")
	require.NoError(t, os.WriteFile(file, []byte(config.String()), 0o600))
	cmd := exec.Command("unbound", "-d", "-c", file)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return addr
}

// DNS over TCP has a length before each message, and ids in requests and replies
// (RFC 7766): 64 callers share a connection.
func TestDNS(t *testing.T) {
	id := func(payload []byte) (key uint64, ok bool) {
		if len(payload) < 12 {
			return 0, false
		}
		return uint64(binary.BigEndian.Uint16(payload)), true
	}
	c := &client.Client{
		Addrs: []string{startUnbound(t)}, Framer: lengthprefix.Uint16(),
		RequestKey: id, ReplyKey: id,
		Resend: true, // also while the server starts
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var last atomic.Uint32
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			for host := range 100 {
				reply, err := c.Call(ctx, question(t, uint16(last.Add(1)), fmt.Sprintf("h%d.test.", host)))
				if err != nil {
					t.Error(err)
					return
				}
				var m dnsmessage.Message
				if err := m.Unpack(reply); err != nil || len(m.Answers) != 1 {
					t.Errorf("reply %v, %v; want one answer", m, err)
					return
				}
				a, _ := m.Answers[0].Body.(*dnsmessage.AResource)
				if a == nil || a.A != [4]byte{10, 0, 0, byte(host)} {
					t.Errorf("h%d.test. is %v; want 10.0.0.%d", host, a, host)
				}
			}
		})
	}
	callers.Wait()
	if s := c.Stats(); s.Unmatched != 0 || s.Late != 0 {
		t.Errorf("Stats() = %+v; want none unmatched, none late", s)
	}
}

// question returns a request for the address of a host.
func question(t *testing.T, id uint16, host string) []byte {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName(host), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
		}},
	}
	payload, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return payload
}
