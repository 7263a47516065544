package main

import "encoding/binary"

// Packet types, with the flags that each must have.
const (
	connect     = 1 << 4
	connack     = 2 << 4
	publish     = 3 << 4
	puback      = 4 << 4
	subscribe   = 8<<4 | 2
	suback      = 9 << 4
	unsubscribe = 10<<4 | 2
	unsuback    = 11 << 4
	pingreq     = 12 << 4
	pingresp    = 13 << 4
	disconnect  = 14 << 4
)

// packet returns a packet with parts in its body.
func packet(kind byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	b := binary.AppendUvarint([]byte{kind}, uint64(size))
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// body returns that of a packet, which is one that the framing has accepted.
func body(p []byte) []byte {
	_, n := binary.Uvarint(p[1:])
	return p[1+n:]
}

// text returns a text with its length, as a body holds it.
func text(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

// field cuts the first text off b.
func field(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
		return nil, nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	return b[2:n], b[n:], true
}
