package docs

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smallnest/goframe"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/delimiter"
)

// A lineReader returns the next line of a connection, and an error if there is none.
type lineReader func() (string, error)

// lineReaders are the columns of README.md's comparison that read lines, each with a
// limit of 64 KiB if it has limits.
var lineReaders = map[string]func(net.Conn) lineReader{
	"wholeframe": func(c net.Conn) lineReader {
		r := framing.NewReader(c, delimiter.Line())
		r.SetMaxPayload(bufio.MaxScanTokenSize)
		return func() (string, error) {
			payload, err := r.ReadFrame()
			return string(payload), err
		}
	},
	"bufio.Scanner": func(c net.Conn) lineReader {
		s := bufio.NewScanner(c)
		return func() (string, error) {
			switch {
			case s.Scan():
				return s.Text(), nil
			case s.Err() != nil:
				return "", s.Err()
			}
			return "", io.EOF
		}
	},
	"goframe": func(c net.Conn) lineReader {
		f := goframe.NewLineBasedFrameConn(c)
		return func() (string, error) {
			line, err := f.ReadFrame()
			return string(line), err
		}
	},
}

// README.md's comparison is right about reading lines.
func TestReadme_Comparison(t *testing.T) {
	for row, is := range map[string]func(peer, c net.Conn, next lineReader) bool{
		"a `Reader` reads on after a message that is too large": func(peer, _ net.Conn, next lineReader) bool {
			go io.WriteString(peer, strings.Repeat("x", 1<<20)+"\nnext\n")
			_, err := next()
			line, _ := next()
			return err != nil && line == "next"
		},
		"tells half a message at the end from a whole one": func(peer, _ net.Conn, next lineReader) bool {
			go func() {
				io.WriteString(peer, "whole\nhalf")
				peer.Close()
			}()
			whole, first := next()
			_, second := next()
			return whole == "whole" && first == nil && second != nil
		},
		"reads on after a timeout, with nothing lost": func(peer, c net.Conn, next lineReader) bool {
			go io.WriteString(peer, "hel")
			c.SetReadDeadline(time.Now().Add(time.Second))
			_, err := next()
			c.SetReadDeadline(time.Time{})
			go func() {
				io.WriteString(peer, "lo\n")
				peer.Close()
			}()
			line, _ := next()
			return errors.Is(err, os.ErrDeadlineExceeded) && line == "hello"
		},
	} {
		columns, cells := comparison(t, row)
		for column, newReader := range lineReaders {
			want := map[string]bool{"yes": true, "–": false}
			cell := cells[columns[column]]
			require.Contains(t, want, cell, "%s: %s", column, row)
			synctest.Test(t, func(t *testing.T) {
				peer, c := net.Pipe()
				assert.Equal(t, want[cell], is(peer, c, newReader(c)), "%s: %s", column, row)
				peer.Close()
				c.Close()
			})
		}
	}
}

// comparison returns a row of README.md's comparison, and the index of each column.
func comparison(t *testing.T, row string) (columns map[string]int, cells []string) {
	t.Helper()
	columns = make(map[string]int)
	for line := range strings.Lines(read(t, "README.md")) {
		cells := strings.Split(strings.Trim(line, "|\n "), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(columns) == 0 && strings.Contains(line, "| wholeframe | [bufio.Scanner]"):
			for i, cell := range strings.Split(strings.TrimSpace(line), "|")[1:] {
				name, _, _ := strings.Cut(strings.Trim(cell, " ["), "]")
				columns[name] = i
			}
		case len(columns) > 0 && cells[0] == row:
			return columns, cells
		}
	}
	require.Fail(t, "no such row", row)
	return nil, nil
}
