//go:build !unix

package server

import (
	"net"
	"syscall"

	"github.com/wholeframe/wholeframe/framing"
)

// A poll needs a socket that is read without waiting; there is none here.
type poll struct{ waited bool }

func socketOf(net.Conn) syscall.RawConn { return nil }

func (*poll) fill(w *wire, buf *framing.Buffer, _ int, _ func()) (int, error) { return 0, errForced }

func (*poll) wait(*wire) {}
