// Package octetcount frames syslog by octet counting: the size in decimal, a space
// and the payload.
//
//	15 <13>1 - - - - -     →  <13>1 - - - - -
//
// Syslog over TLS is framed like this (RFC 5425 section 4.3), and over TCP it can be
// (RFC 6587 section 3.4.1). Nothing follows the payload: if it ends in a newline,
// that is counted.
//
// Both RFCs exclude empty frames and leading zeros. An empty payload is refused on
// writing, and such a length ends the stream. So does a frame without a length:
// senders that end frames with a newline instead (RFC 6587 section 3.4.2) are read
// with delimiter.Line.
package octetcount
