package shutdown

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var proxyFlag = flag.Int("shutdown.proxy", 20, "run this many `rounds` of each kind through HAProxy")

// throughProxy are the bounds of rounds through a proxy.
var throughProxy = bounds{networks: []string{"tcp", "tcp", "tls"}, clients: 32, flight: 1 << 20, wait: 30 * time.Millisecond, proxied: true}

// A proxy is HAProxy in TCP mode before a host.
type proxy struct {
	host
	*haproxy
}

// newProxy starts HAProxy before h.
func newProxy(t *testing.T, h host) (*proxy, error) {
	p, err := startHAProxy(t, fmt.Sprintf(`	timeout connect 1m
	retries 0
	server echo %s
`, h.addr()))
	return &proxy{h, p}, err
}

func (p *proxy) addr() net.Addr { return p.at }

// haproxy is the process.
type haproxy struct {
	cmd *exec.Cmd
	log output
	at  net.Addr
}

// startHAProxy starts HAProxy with the lines of a section called echo. It takes
// over a listener that is open, so that nobody has to wait for it.
func startHAProxy(t *testing.T, lines string) (*haproxy, error) {
	l, err := net.Listen("tcp", loopback())
	if err != nil {
		return nil, err
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	lines = "listen echo\n	mode tcp\n	bind fd@3\n	timeout client 1m\n	timeout server 1m\n" + lines
	if err := os.WriteFile(config, []byte(lines), 0o600); err != nil {
		return nil, err
	}
	p := &haproxy{cmd: exec.Command("haproxy", "-db", "-f", config), log: output{more: make(chan struct{}, 1)}, at: l.Addr()}
	p.cmd.ExtraFiles = []*os.File{f}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	return p, p.cmd.Start()
}

func (p *haproxy) close() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// C2 and C3 through a proxy, which acknowledges what it has, and not what the
// server has: what comes back is a prefix of what was sent, and everything that
// the handler ran for.
func TestC2Proxy(t *testing.T) {
	rounds(t, *proxyFlag, atATime, throughProxy, func(p *plan) ([]*client, []Finding) {
		proxy, err := newProxy(t, serveHere(t, p, p.listen(t), net.Dial))
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		defer proxy.close()
		return p.run(proxy, net.Dial)
	})
}

// C16 through a proxy: who has half-closed before T0 gets all answers. The
// proxy passes an end on when it has passed all that was sent before it, and
// knows when it has arrived.
func TestC16Proxy(t *testing.T) {
	command := buildEcho(t)
	b := throughProxy
	b.flight = 32 << 10 // is taken while nobody reads
	rounds(t, *proxyFlag, atATime, b, func(p *plan) ([]*client, []Finding) {
		p.warm = true // the proxy has connected every client
		p.maxConns = 0
		process, err := command.start(p.network, p.framing)
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		proxy, err := newProxy(t, &frozenProxied{process})
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		defer proxy.close()
		return p.run(proxy, net.Dial)
	})
}

// frozenProxied is a frozen process that only a proxy is connected with.
type frozenProxied struct{ *process }

func (f frozenProxied) addr() net.Addr { return f.at }

func (f frozenProxied) handled(int) ([]Frame, bool) { return nil, false }

func (f frozenProxied) shutdown(clients []*client) error {
	if err := f.freeze(); err != nil {
		f.kill()
		return err
	}
	for _, c := range clients {
		close(c.finish)
	}
	for over := time.Now().Add(endless); halfClosed(f.at.(*net.TCPAddr).Port) < len(clients); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(over) {
			f.kill()
			return fmt.Errorf("the proxy has passed on the ends of %d of %d clients", halfClosed(f.at.(*net.TCPAddr).Port), len(clients))
		}
	}
	sample(clients)
	f.cmd.Process.Signal(syscall.SIGTERM)
	f.cmd.Process.Signal(syscall.SIGCONT)
	return f.end()
}

// halfClosed returns how many connections to the port have ended their side,
// and had the end acknowledged.
func halfClosed(port int) (n int) {
	const finWait2 = "05"
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return 0
	}
	to := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if strings.HasSuffix(f[2], to) && f[3] == finWait2 {
			n++
		}
	}
	return n
}
