package soak

import (
	"bytes"
	"encoding/binary"
)

// head is the size of what every payload begins with: connection and number.
const head = 16

// safe keeps a byte in 0x40 to 0x7F: no delimiter of any framing here.
const safe = 0x4040404040404040

// spread puts each nibble of x into a byte of its own.
func spread(x uint32) uint64 {
	v := uint64(x)
	v = (v | v<<16) & 0x0000FFFF0000FFFF
	v = (v | v<<8) & 0x00FF00FF00FF00FF
	v = (v | v<<4) & 0x0F0F0F0F0F0F0F0F
	return v | safe
}

// fill makes p the payload that connection conn sends as its frame number seq:
// every byte of it depends on both. p is at least head bytes long.
func fill(p []byte, conn, seq uint32) {
	binary.LittleEndian.PutUint64(p, spread(conn))
	binary.LittleEndian.PutUint64(p[8:], spread(seq))
	state := uint64(conn)<<32 | uint64(seq)
	for p = p[head:]; len(p) > 0; {
		state += 0x9E3779B97F4A7C15 // splitmix64 (Steele, Lea, Flood 2014)
		z := (state ^ state>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z = (z^z>>31)&0x3F3F3F3F3F3F3F3F | safe
		if len(p) < 8 {
			var last [8]byte
			binary.LittleEndian.PutUint64(last[:], z)
			copy(p, last[:])
			return
		}
		binary.LittleEndian.PutUint64(p, z)
		p = p[8:]
	}
}

// A verdict counts what is wrong with the frames that came back.
type verdict struct{ checked, lost, torn, doubled uint64 }

// A checker judges the frames that come back on one connection.
type checker struct {
	conn, next uint32
	size       func(seq uint32) int
	want       []byte
	verdict
}

// check judges the next payload that came back.
func (c *checker) check(got []byte) {
	if c.is(got, c.next) {
		c.next++
		c.checked++
		return
	}
	// It is another one of this connection, or none at all.
	for _, back := range []uint32{1, 2, 3, 4} {
		if back <= c.next && c.is(got, c.next-back) {
			c.doubled++
			return
		}
	}
	for ahead := range uint32(1024) {
		if c.is(got, c.next+1+ahead) {
			c.lost += uint64(ahead) + 1
			c.checked++
			c.next += ahead + 2
			return
		}
	}
	c.torn++
	c.next++
}

// is reports whether got is frame number seq, to the last byte.
func (c *checker) is(got []byte, seq uint32) bool {
	n := c.size(seq)
	if len(got) != n {
		return false
	}
	if cap(c.want) < n {
		c.want = make([]byte, n)
	}
	fill(c.want[:n], c.conn, seq)
	return bytes.Equal(got, c.want[:n])
}
