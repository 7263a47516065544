package syslog_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/syslog"
)

func TestLaws(t *testing.T) {
	for _, f := range []*syslog.Framer{syslog.New(), syslog.New().WriteLines()} {
		t.Run(f.String(), func(t *testing.T) {
			framingtest.Config{
				Payloads: [][]byte{[]byte("<13>hello"), []byte("<191>a\nb"), []byte("line")},
				Wire:     [][]byte{[]byte("<13>hello\n"), []byte("9 <13>hello"), []byte("54 <1 minute\n"), []byte("5 <13>\n"), []byte("\r\n\na\r\n")},
			}.Run(t, f)
		})
	}
}
