//go:build !unix

package server

// An idler needs a socket that is read without waiting; there is none here.
type idler struct{}

func (*idler) init(*Conn)         {}
func (*idler) reads() bool        { return false }
func (*idler) fill() (int, error) { return 0, nil }
