package framing_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
)

type loop struct {
	data []byte
	r    int
}

func (l *loop) Read(p []byte) (int, error) {
	if l.r == len(l.data) {
		l.r = 0
	}
	n := copy(p, l.data[l.r:])
	l.r += n
	return n, nil
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{16, 128, 1 << 10, 64 << 10} {
		fx, _ := fixed.New(size)
		for _, f := range []framing.Framer{delimiter.Line(), lengthprefix.Uint32(), lengthprefix.Varint(), fx} {
			b.Run(fmt.Sprintf("%v/%d", f, size), func(b *testing.B) {
				var data []byte
				p := bytes.Repeat([]byte("x"), size)
				for len(data) < 1<<20 {
					data, _ = f.Append(data, p)
				}
				r := framing.NewReader(&loop{data: data}, f)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					p, err := r.ReadFrame()
					if err != nil || len(p) != size {
						b.Fatal(err, len(p))
					}
				}
			})
		}
		var data, lines []byte
		p := bytes.Repeat([]byte("x"), size)
		for len(data) < 1<<20 {
			data, _ = lengthprefix.Uint32().Append(data, p)
			lines, _ = delimiter.Line().Append(lines, p)
		}
		b.Run(fmt.Sprintf("byhand-length/%d", size), func(b *testing.B) {
			r := bufio.NewReaderSize(&loop{data: data}, 128<<10)
			b.SetBytes(int64(size))
			for b.Loop() {
				h, err := r.Peek(4)
				if err != nil {
					b.Fatal(err)
				}
				n := int(binary.BigEndian.Uint32(h))
				r.Discard(4)
				p, err := r.Peek(n)
				if err != nil {
					b.Fatal(err)
				}
				r.Discard(n)
				if len(p) != size {
					b.Fatal(io.EOF)
				}
			}
		})
		b.Run(fmt.Sprintf("byhand-line/%d", size), func(b *testing.B) {
			r := bufio.NewReaderSize(&loop{data: lines}, 128<<10)
			b.SetBytes(int64(size))
			for b.Loop() {
				h, err := r.ReadSlice('\n')
				if err != nil || len(h) != size+1 {
					b.Fatal(err)
				}
			}
		})
	}
}
