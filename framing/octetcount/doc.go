// Package octetcount frames syslog messages by octet counting: the length in
// decimal, a space and the bytes.
//
//	16 <13>1 - - - - -     →  <13>1 - - - - -
//
// This is how syslog travels over TLS (RFC 5425) and over TCP (RFC 6587 section
// 3.4.1). Nothing stands behind a message: one that ends in a newline counts it.
//
// Neither RFC has an empty message, or a length with leading zeros. An empty
// payload is refused on writing, and such a length is the end of the stream. So
// is a message without a length: programs that end messages with a newline
// instead (RFC 6587 section 3.4.2) are read with delimiter.Line.
package octetcount
