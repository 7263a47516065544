// Package netstring frames messages as netstrings: the length in decimal, a
// colon, the bytes and a comma.
//
//	5:hello,    →  hello
//	0:,         →  (empty)
//
// The source is D. J. Bernstein, "Netstrings", 1 February 1997. SCGI, QMQP and
// Mongrel2 use them. Any payload can be carried.
//
// The length counts bytes and has no leading zero; anything else is the end of
// the stream. Where the comma is missing, that one message is refused. A
// message that is larger than the limit is skipped; its comma is not looked at.
package netstring
