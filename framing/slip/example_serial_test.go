package slip_test

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/slip"
)

// A serialConn is a serial port with a read timeout. Packages for serial ports report
// a timeout as a Read of 0 bytes, some with io.EOF; a serialConn reports it as
// os.ErrDeadlineExceeded, as a net.Conn does.
type serialConn struct{ io.ReadWriteCloser }

func (c serialConn) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	if n == 0 && len(p) > 0 && (err == nil || err == io.EOF) {
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
}

// With a serialConn, a Reader or a Conn tells a timeout from the end of the stream,
// and a frame that is interrupted by a timeout is not lost.
func Example_serialTimeout() {
	port := &fakePort{reads: []string{"hel", timeout, timeout, "lo\xc0"}}
	r := framing.NewReader(serialConn{port}, slip.New())
	for {
		payload, err := r.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			fmt.Println("timeout")
			continue
		}
		if err != nil {
			fmt.Println("end:", err)
			return
		}
		fmt.Printf("%q\n", payload)
	}
	// Output:
	// timeout
	// timeout
	// "hello"
	// end: device disconnected
}

const timeout = ""

// A fakePort is a serial port whose Reads return reads and then fail.
type fakePort struct {
	io.WriteCloser
	reads []string
}

func (p *fakePort) Read(buf []byte) (int, error) {
	if len(p.reads) == 0 {
		return 0, errors.New("device disconnected")
	}
	n := copy(buf, p.reads[0])
	p.reads = p.reads[1:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
