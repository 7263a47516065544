// Package headers frames messages behind header lines with a Content-Length, as
// the Language Server Protocol, the Debug Adapter Protocol and other JSON-RPC
// programs do.
//
//	Content-Length: 5\r\n
//	\r\n
//	hello                  →  hello
//
// The source is the base protocol of the Language Server Protocol, whose header
// lines follow HTTP (RFC 9110 section 5): a field's name may be in upper or
// lower case, blanks may stand around its value, each line ends in "\r\n".
// Content-Length, in bytes, must stand there exactly once, without leading
// zeros. Other fields, Content-Type for one, are passed over; none is written.
//
// A header of more than [MaxHeader] bytes, or one that is malformed in any
// other way, is the end of the stream. Any payload can be carried.
package headers
