// Package contentlength frames payloads with header fields, of which one is
// Content-Length, as the Language Server Protocol, the Debug Adapter Protocol and
// other JSON-RPC programs do.
//
//	Content-Length: 5\r\n
//	\r\n
//	hello                  →  hello
//
// The source is the base protocol of the Language Server Protocol
// (https://microsoft.github.io/language-server-protocol/specifications/base/0.9/specification/).
// Its header is like that of HTTP (RFC 9110 section 5): a field's name may be in
// upper or lower case, blanks may surround its value, and each line ends in "\r\n".
// Content-Length, in bytes, must occur exactly once, without leading zeros. Other
// fields, such as Content-Type, are ignored; none is written.
//
// A header of more than [MaxHeader] bytes, or one that is malformed in any other
// way, ends the stream. Any payload can be carried.
package contentlength
