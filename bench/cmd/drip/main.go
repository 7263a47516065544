// Drip measures what a long line costs that arrives byte by byte: with a reader that goes on where it stopped, ours, and
// with one that looks at the whole line again whenever a byte has come, bufio.Scanner.
//
//	go -C bench run ./cmd/drip
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"testing/iotest"
	"time"

	"github.com/wholeframe/wholeframe/bench/fleet"
	"github.com/wholeframe/wholeframe/bench/report"
	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

const (
	smallest = 64 << 10
	largest  = 16 << 20
	patience = 10 * time.Second // where a line takes longer, larger ones are left out
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	output := flag.String("o", "drip.json", "`file` for the results")
	flag.Parse()
	results, err := report.For(fleet.Setup{})
	if err != nil {
		return err
	}
	fmt.Println(results.Machine)
	for _, reader := range []struct {
		name string
		read func(src io.Reader, size int) (int, error)
	}{
		{"resuming", resume},
		{"rescanning", rescan},
	} {
		drip := report.Drip{Reader: reader.name}
		for size := smallest; size <= largest; size *= 2 {
			start := time.Now()
			n, err := reader.read(iotest.OneByteReader(&line{size}), size)
			took := time.Since(start)
			if n != size || err != nil {
				return fmt.Errorf("%s: a line of %d bytes, want %d: %w", reader.name, n, size, err)
			}
			fmt.Printf("%10s %5d KiB %9.3f s %8.1f ns a byte\n", reader.name, size>>10, took.Seconds(), float64(took)/float64(size))
			drip.Points = append(drip.Points, report.DripPoint{Bytes: size, Seconds: took.Seconds()})
			if took > patience {
				break
			}
		}
		results.Drips = append(results.Drips, drip)
	}
	return results.Write(*output)
}

// A line is a source of one line of so many bytes.
type line struct{ left int }

func (l *line) Read(p []byte) (int, error) {
	switch {
	case l.left < 0:
		return 0, io.EOF
	case l.left == 0:
		p[0] = '\n'
	default:
		p[0] = 'x'
	}
	l.left--
	return 1, nil
}

func resume(src io.Reader, size int) (int, error) {
	r := framing.NewReader(src, delimiter.Line())
	r.SetMaxPayload(size)
	payload, err := r.ReadFrame()
	return len(payload), err
}

func rescan(src io.Reader, size int) (int, error) {
	s := bufio.NewScanner(src)
	s.Buffer(nil, size+2)
	s.Scan()
	return len(s.Bytes()), s.Err()
}
