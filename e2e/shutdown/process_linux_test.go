package shutdown

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// An echo is the command, with what it needs for TLS.
type echo struct{ dir, command, cert, key string }

// buildEcho returns the command, which is built once.
func buildEcho(t *testing.T) *echo {
	t.Helper()
	e, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var built = sync.OnceValues(func() (*echo, error) {
	e := &echo{temporary, filepath.Join(temporary, "echo"), filepath.Join(temporary, "cert.pem"), filepath.Join(temporary, "key.pem")}
	build := exec.Command("go", "build", "-o", e.command, "./cmd/echo")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	cert := serverTLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return nil, err
	}
	for name, block := range map[string]*pem.Block{
		e.cert: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		e.key:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	return e, nil
})

// A process is the command as it runs.
type process struct {
	cmd  *exec.Cmd
	log  output
	at   net.Addr
	exit chan error
}

// output gathers what the command writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // receives when there is more
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var listening = regexp.MustCompile(`msg=listening addr=(\S+) `)

// start starts the command, which lets nothing end by a timeout, and waits until
// it serves.
func (e *echo) start(network, framing string, args ...string) (*process, error) {
	return e.startAt(loopback(), network, framing, args...)
}

// startAt starts it at an address.
func (e *echo) startAt(addr, network, framing string, args ...string) (*process, error) {
	if network == "unix" {
		addr = "unix:" + filepath.Join(e.dir, strconv.FormatInt(sockets.Add(1), 10))
	}
	args = append([]string{"-addr", addr, "-framing", framing, "-grace", "1m", "-frame-timeout", "1m", "-write-timeout", "1m"}, args...)
	if network == "tls" {
		args = append(args, "-tls-cert", e.cert, "-tls-key", e.key)
	}
	p := &process{cmd: exec.Command(e.command, args...), exit: make(chan error, 1), log: output{more: make(chan struct{}, 1)}}
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.exit <- p.cmd.Wait() }()
	if err := p.serves(network); err != nil {
		p.kill()
		return nil, fmt.Errorf("%w\n%s", err, &p.log)
	}
	return p, nil
}

// serves waits until the command has accepted a connection and ended it.
func (p *process) serves(network string) error {
	over := time.After(endless)
	var at []string
	for at == nil {
		select {
		case <-p.log.more:
			at = listening.FindStringSubmatch(p.log.String())
		case err := <-p.exit:
			p.exit <- err
			return fmt.Errorf("echo ended: %v", err)
		case <-over:
			return fmt.Errorf("echo does not listen")
		}
	}
	if network == "unix" {
		p.at = &net.UnixAddr{Name: at[1], Net: "unix"}
	} else {
		tcp, err := net.ResolveTCPAddr("tcp", at[1])
		if err != nil {
			return err
		}
		p.at = tcp
	}
	first, err := net.Dial(p.at.Network(), p.at.String())
	if err != nil {
		return err
	}
	defer first.Close()
	first.(interface{ CloseWrite() error }).CloseWrite()
	first.SetReadDeadline(time.Now().Add(endless))
	io.Copy(io.Discard, first)
	return nil
}

// kill ends the command, if it still runs.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.exit <- <-p.exit
}

// freeze stops the process, and returns when all its threads stand.
func (p *process) freeze() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WSTOPPED, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// end waits for the process to end, and returns an error if its exit code is not
// 0.
func (p *process) end() error {
	select {
	case err := <-p.exit:
		p.exit <- err
		if err != nil {
			return fmt.Errorf("echo: %w\n%s", err, &p.log)
		}
		return nil
	case <-time.After(2 * endless):
		p.kill()
		return fmt.Errorf("echo does not end\n%s", &p.log)
	}
}
