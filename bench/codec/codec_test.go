// Package codec compares what takes messages out of bytes, and puts them into bytes, in memory: no socket, no system
// call.
//
//	go -C bench test -bench . ./codec
//	go -C bench test -bench . -count 6 ./codec | benchstat -col /by -
package codec

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/libp2p/go-msgio"
	"github.com/smallnest/goframe"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

var sizes = []int{16, 128, 1 << 10, 64 << 10}

// handSize is the buffer of what is written by hand.
const handSize = 128 << 10

// Read and write do so with one message.
type (
	read  func() (payload []byte, err error)
	write func(payload []byte) error
)

// A peer makes what reads a stream and what writes one.
type peer struct {
	by     string
	reader func(src io.Reader) read
	writer func(dst io.Writer) write        // nil: it does not write
	append func(dst, payload []byte) []byte // nil: that of the framing
}

// wire returns a stream of messages of payload, for p.
func (p peer) wire(payload []byte, usual func(dst, payload []byte) []byte) (wire []byte) {
	if p.append != nil {
		usual = p.append
	}
	for len(wire) < 1<<20 {
		wire = usual(wire, payload)
	}
	return wire
}

// framings are the framings, and who competes in each. Protodelim carries a message of protobuf with one field of
// bytes: its frames are a few bytes longer.
var framings = []struct {
	name   string
	append func(dst, payload []byte) []byte
	limit  func(wire []byte) (size int) // the least that must be done to find the first message
	peers  []peer
}{
	{"line", appendLine, func(wire []byte) int { return bytes.IndexByte(wire, '\n') + 1 }, []peer{
		ours(delimiter.Line()),
		{by: "byhand", reader: lineByHand, writer: writeLineByHand},
		{by: "Scanner", reader: scanLines},
		byGoframe(goframe.NewLineBasedFrameConn),
	}},
	{"length", appendLength, func(wire []byte) int { return 4 + int(binary.BigEndian.Uint32(wire)) }, []peer{
		ours(lengthprefix.Uint32()),
		{by: "byhand", reader: lengthByHand, writer: writeLengthByHand},
		byGoframe(func(c net.Conn) goframe.FrameConn {
			return goframe.NewLengthFieldBasedFrameConn(
				goframe.EncoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4},
				goframe.DecoderConfig{ByteOrder: binary.BigEndian, LengthFieldLength: 4, InitialBytesToStrip: 4}, c)
		}),
		{by: "msgio", reader: readMsgio, writer: func(dst io.Writer) write { return msgio.NewWriter(dst).WriteMsg }},
	}},
	{"varint", appendVarint, nil, []peer{
		ours(lengthprefix.Varint()),
		{by: "msgio", reader: readVarintMsgio, writer: func(dst io.Writer) write { return msgio.NewVarintWriter(dst).WriteMsg }},
		{by: "protodelim", reader: readProtodelim, writer: writeProtodelim, append: appendMessage},
	}},
}

// BenchmarkDecode reads messages from a stream in memory that always has more. "limit" finds them in bytes that lie
// there already, and does nothing else; "limit+copy" copies these first, 64 KiB at a time, as reading does.
func BenchmarkDecode(b *testing.B) {
	for _, f := range framings {
		for _, size := range sizes {
			payload := bytes.Repeat([]byte("x"), size)
			wire := peer{}.wire(payload, f.append)
			run := func(by string, next func() (int, error)) {
				b.Run(fmt.Sprintf("framing=%s/size=%d/by=%s", f.name, size, by), func(b *testing.B) {
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if n, err := next(); n != size || err != nil {
							b.Fatal(n, err)
						}
					}
				})
			}
			for _, p := range f.peers {
				read := p.reader(&endless{wire: p.wire(payload, f.append)})
				run(p.by, func() (int, error) {
					payload, err := read()
					return len(payload), err
				})
			}
			if f.limit == nil {
				continue
			}
			overhead := f.limit(wire) - size
			rest := wire
			run("limit", func() (int, error) {
				if len(rest) == 0 {
					rest = wire
				}
				n := f.limit(rest)
				rest = rest[n:]
				return n - overhead, nil
			})
			src := &endless{wire: wire}
			chunk := make([]byte, max(1, (64<<10)/(size+overhead))*(size+overhead))
			var have []byte
			run("limit+copy", func() (int, error) {
				if len(have) == 0 {
					have = chunk
					if _, err := io.ReadFull(src, chunk); err != nil {
						return 0, err
					}
				}
				n := f.limit(have)
				have = have[n:]
				return n - overhead, nil
			})
		}
	}
}

// BenchmarkEncode writes messages to /dev/null, which takes them as a socket does, header and payload in one system call
// if the writer likes, but does nothing with them: the system calls are real, what the kernel does with the bytes is
// left out.
func BenchmarkEncode(b *testing.B) {
	for _, f := range framings {
		for _, size := range sizes {
			payload := bytes.Repeat([]byte("x"), size)
			for _, p := range f.peers {
				if p.writer == nil {
					continue
				}
				b.Run(fmt.Sprintf("framing=%s/size=%d/by=%s", f.name, size, p.by), func(b *testing.B) {
					write := p.writer(openNull(b))
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if err := write(payload); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// TestPeers shows that every peer reads what it should.
func TestPeers(t *testing.T) {
	for _, f := range framings {
		for _, size := range sizes {
			payload := bytes.Repeat([]byte("x"), size)
			for _, p := range f.peers {
				read := p.reader(&endless{wire: p.wire(payload, f.append)})
				for range 3 {
					if have, err := read(); err != nil || !bytes.Equal(have, payload) {
						t.Fatalf("%s: %s reads %d bytes, %v", f.name, p.by, len(have), err)
					}
				}
			}
		}
	}
}

// An endless reader reads wire again and again.
type endless struct {
	wire []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.wire[e.at:])
	e.at = (e.at + n) % len(e.wire)
	return n, nil
}

// A null is /dev/null, which several slices are written to as to a socket.
type null struct {
	*os.File
	raw    syscall.RawConn
	writev func(fd uintptr) bool // made once: a closure allocates
	vec    [][]byte
	n      int
	err    error
}

func openNull(b *testing.B) *null {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	raw, err := file.SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	n := &null{File: file, raw: raw}
	n.writev = func(fd uintptr) bool {
		n.n, n.err = unix.Writev(int(fd), n.vec)
		return true
	}
	return n
}

// WriteBuffers is what a net.Buffers does with a socket.
func (n *null) WriteBuffers(v *net.Buffers) (int64, error) {
	n.vec = append(n.vec[:0], *v...)
	if err := n.raw.Write(n.writev); err != nil {
		return 0, err
	}
	*v = (*v)[:0]
	return int64(n.n), n.err
}

func appendLine(dst, payload []byte) []byte { return append(append(dst, payload...), '\n') }

func appendLength(dst, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(payload))), payload...)
}

func appendVarint(dst, payload []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...)
}

func ours(f framing.Framer) peer {
	return peer{
		by:     "wholeframe",
		reader: func(src io.Reader) read { return framing.NewReader(src, f).ReadFrame },
		writer: func(dst io.Writer) write { return framing.NewWriter(dst, f).WriteFrame },
	}
}

func lineByHand(src io.Reader) read {
	r := bufio.NewReaderSize(src, handSize)
	return func() ([]byte, error) {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
	}
}

func writeLineByHand(dst io.Writer) write {
	w := bufio.NewWriterSize(dst, 32<<10)
	return func(payload []byte) error {
		if _, err := w.Write(payload); err != nil {
			return err
		}
		return w.WriteByte('\n')
	}
}

func lengthByHand(src io.Reader) read {
	r := bufio.NewReaderSize(src, handSize)
	return func() ([]byte, error) {
		header, err := r.Peek(4)
		if err != nil {
			return nil, err
		}
		n := 4 + int(binary.BigEndian.Uint32(header))
		frame, err := r.Peek(n)
		if err != nil {
			return nil, err
		}
		_, err = r.Discard(n)
		return frame[4:], err
	}
}

func writeLengthByHand(dst io.Writer) write {
	w := bufio.NewWriterSize(dst, 32<<10)
	header := make([]byte, 4)
	return func(payload []byte) error {
		binary.BigEndian.PutUint32(header, uint32(len(payload)))
		if _, err := w.Write(header); err != nil {
			return err
		}
		_, err := w.Write(payload)
		return err
	}
}

func scanLines(src io.Reader) read {
	s := bufio.NewScanner(src)
	s.Buffer(make([]byte, handSize), handSize)
	return func() ([]byte, error) {
		if !s.Scan() {
			return nil, s.Err()
		}
		return s.Bytes(), nil
	}
}

// A memoryConn is a connection for a peer that takes nothing less.
type memoryConn struct {
	net.Conn
	io.Reader
	io.Writer
}

func (c memoryConn) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c memoryConn) Write(p []byte) (int, error) { return c.Writer.Write(p) }

func byGoframe(dial func(net.Conn) goframe.FrameConn) peer {
	return peer{
		by:     "goframe",
		reader: func(src io.Reader) read { return dial(memoryConn{Reader: src}).ReadFrame },
		writer: func(dst io.Writer) write { return dial(memoryConn{Writer: dst}).WriteFrame },
	}
}

func readMsgio(src io.Reader) read {
	return readAndRelease(msgio.NewReader(bufio.NewReaderSize(src, handSize)))
}

func readVarintMsgio(src io.Reader) read {
	return readAndRelease(msgio.NewVarintReader(bufio.NewReaderSize(src, handSize)))
}

// readAndRelease gives each message back before it reads the next, so that its memory is used again.
func readAndRelease(r msgio.ReadCloser) read {
	var last []byte
	return func() (payload []byte, err error) {
		r.ReleaseMsg(last)
		last, err = r.ReadMsg()
		return last, err
	}
}

// appendMessage appends a message of protobuf with payload in its only field.
func appendMessage(dst, payload []byte) []byte {
	const field = 1<<3 | 2 // number 1, of bytes
	return appendVarint(dst, appendVarint([]byte{field}, payload))
}

func readProtodelim(src io.Reader) read {
	r := bufio.NewReaderSize(src, handSize)
	var m wrapperspb.BytesValue
	return func() ([]byte, error) {
		err := protodelim.UnmarshalFrom(r, &m)
		return m.Value, err
	}
}

func writeProtodelim(dst io.Writer) write {
	w := bufio.NewWriterSize(dst, 32<<10)
	var m wrapperspb.BytesValue
	return func(payload []byte) error {
		m.Value = payload
		_, err := protodelim.MarshalTo(w, &m)
		return err
	}
}
