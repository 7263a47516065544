// Package resp implements the framing of Redis, Valkey and others that speak their
// protocol: whole values of RESP2 and RESP3, with all that they contain.
//
//	+OK\r\n                         →  +OK\r\n
//	$5\r\nhello\r\n                 →  $5\r\nhello\r\n
//	*2\r\n$3\r\nGET\r\n$1\r\na\r\n  →  *2\r\n$3\r\nGET\r\n$1\r\na\r\n
//	PING\r\n                        →  PING\r\n (an inline command)
//
// It serves both directions: commands, replies, and the values that a server pushes.
// The payload is the value as it is on the wire. Only what ends a value is verified:
// its type, its length, and the CR LF after it. The streamed values of RESP3, which no
// server sends, are rejected. Line ends before a value are fill.
//
// A server reads less: it takes any line that begins with another type than an array for
// an inline command, so "$4\r\nPING\r\n" is one frame here, but Redis runs PING. A
// program that filters requests must accept only arrays (of bulk strings) and inline
// commands. An inline command begins with a letter or, as blanks are skipped and quotes
// removed from words, with one of these. It contains no NUL: Redis does not find the end
// of a line after one, and waits.
//
// See https://redis.io/docs/latest/develop/reference/protocol-spec/.
package resp
