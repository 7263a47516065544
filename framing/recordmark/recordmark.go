package recordmark

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/wholeframe/wholeframe/framing"
)

const (
	header = 4
	last   = 1 << 31 // in a header: no fragment follows

	maxFragment = last - 1
)

// MaxFragments is the largest number of fragments of a record. Senders are known that
// use more than 1,024.
const MaxFragments = 4096

// A Framer splits a stream of records. Make one with [New]. It is a [framing.Skipper]
// and a [framing.Encloser].
type Framer struct{}

// New returns the framer for records of at most [MaxFragments] fragments. A record of
// more is invalid; only that record is lost. A record that is a single fragment can be
// streamed. A payload to be written must be smaller than 2 GiB.
func New() *Framer { return &Framer{} }

var errTooMany = fmt.Errorf("malformed record: it has more than %d fragments", MaxFragments)

// A position is where in a record Split or Skip is.
type position struct {
	left  int  // bytes that are missing of the fragment
	last  bool // the fragment is the last
	count int  // fragments that have begun
}

func unpack(state uint64) position {
	return position{left: int(state >> 1 & maxFragment), last: state&1 != 0, count: int(state >> 32)}
}

func (p position) pack() uint64 {
	state := uint64(p.left)<<1 | uint64(p.count)<<32
	if p.last {
		state |= 1
	}
	return state
}

// walk examines the fragments in data[r.Pos:], at most limit of them in the record. If
// the last one has begun, it returns the size of the record.
func walk(data []byte, r framing.Resume, limit int) (size int, next framing.Resume, err error) {
	at, p := r.Pos, unpack(r.State)
	for {
		have := min(p.left, len(data)-at)
		at, p.left = at+have, p.left-have
		next = framing.Resume{Pos: at, State: p.pack()}
		switch {
		case p.last && p.left > math.MaxInt-at:
			return 0, next, &framing.TooLargeError{Max: math.MaxInt}
		case p.last:
			return at + p.left, next, nil
		case p.left > 0 || len(data)-at < header:
			return 0, next, nil
		case p.count == limit:
			return 0, next, errTooMany
		}
		v := binary.BigEndian.Uint32(data[at:])
		at += header
		p = position{left: int(v & maxFragment), last: v&last != 0, count: min(p.count, MaxFragments) + 1}
	}
}

// Split implements [framing.Framer].
func (f *Framer) Split(data []byte, r framing.Resume) (framing.Frame, framing.Resume, error) {
	size, next, err := walk(data, r, MaxFragments)
	switch {
	case err == errTooMany:
		return framing.Frame{Size: framing.Resync}, next, err
	case size == 0:
		return framing.Frame{}, next, err
	}
	frame := framing.Frame{Size: size, Start: header, End: header}
	switch first := int(binary.BigEndian.Uint32(data) & maxFragment); {
	case first == size-header:
		frame.End = size
	case size <= len(data):
		frame.End = compact(data[:size], header+first)
	}
	return frame, next, nil
}

// compact moves the fragments of record, of which the first ends at data[end], together
// and returns where the last one ends.
func compact(record []byte, end int) int {
	for at := end; at < len(record); {
		n := int(binary.BigEndian.Uint32(record[at:]) & maxFragment)
		at += header
		end += copy(record[end:], record[at:at+n])
		at += n
	}
	return end
}

// Skip implements [framing.Skipper].
func (f *Framer) Skip(data []byte, r framing.Resume) (n int, next framing.Resume, end bool) {
	size, next, err := walk(data, r, math.MaxInt)
	if err == nil && size > 0 && size <= len(data) {
		return size, framing.Resume{}, true
	}
	return next.Pos, framing.Resume{State: next.State}, false
}

// Append implements [framing.Framer].
func (f *Framer) Append(dst, payload []byte) ([]byte, error) {
	frame, err := f.AppendHeader(dst, payload, int64(len(payload)))
	if err != nil {
		return dst, err
	}
	return append(frame, payload...), nil
}

// AppendHeader implements [framing.Encloser].
func (f *Framer) AppendHeader(dst, start []byte, size int64) ([]byte, error) {
	if size < 0 || size > maxFragment {
		return dst, &framing.PayloadError{Size: size, Reason: fmt.Sprintf("a fragment has at most %d bytes", maxFragment)}
	}
	return binary.BigEndian.AppendUint32(dst, last|uint32(size)), nil
}

// Trailer implements [framing.Encloser]: it returns nil.
func (f *Framer) Trailer() []byte { return nil }

// MaxEncodedLen implements [framing.Framer].
func (f *Framer) MaxEncodedLen(n int) int {
	return min(n, math.MaxInt-MaxFragments*header) + MaxFragments*header
}

// String returns f as package spec reads it: "record-mark".
func (f *Framer) String() string { return "record-mark" }
