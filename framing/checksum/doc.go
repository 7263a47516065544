// Package checksum adds a checksum to a Framer: it follows the payload inside the
// frame, is appended on writing, verified on reading, and not delivered.
//
//	Wrap(cobs.New(), CRC32)                0e 31 32 .. 39 cb f4 39 26 00  →  12..9
//	Wrap(stuffed.HDLC(), CRC16X25)         7e 31 32 .. 39 6e 90 7e        →  12..9
//	Wrap(stuffed.JT808(), XOR8)            7e 31 32 .. 39 31 7e           →  12..9
//
// A frame whose checksum is wrong is invalid; the next one is read. The checksum is
// computed over the payload as it is delivered. Protocols whose checksum also covers a
// stripped part of the header are not served by this package.
//
// A checksum finds damage by noise, not by an adversary. TCP has one of its own; this
// package is for serial lines, radio links and files.
package checksum
