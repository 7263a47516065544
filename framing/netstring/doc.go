// Package netstring frames payloads as netstrings: the size in decimal, a colon,
// the payload and a comma.
//
//	5:hello,    →  hello
//	0:,         →  (empty)
//
// The source is D. J. Bernstein, "Netstrings", 1 February 1997
// (https://cr.yp.to/proto/netstrings.txt). SCGI, QMQP and Mongrel2 use them. Any
// payload can be carried.
//
// The size counts bytes and has no leading zero; anything else ends the stream. A
// missing comma invalidates only its frame. A payload that exceeds the limit is
// skipped, and its comma is not verified.
package netstring
