package stx

import (
	"errors"

	"github.com/wholeframe/wholeframe/framing/enclosed"
)

const (
	stx = 0x02
	etx = 0x03
)

var (
	errNoBegin = errors.New("missing begin mark: these bytes belong to no frame")
	errNoEnd   = errors.New("missing end mark: another frame begins before it")
)

// New returns the framer for text between STX and ETX, [enclosed.STX]. A payload that
// contains either of them is refused.
func New() *enclosed.Framer { return enclosed.STX() }
