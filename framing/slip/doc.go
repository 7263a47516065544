// Package slip frames payloads as RFC 1055 sends packets over serial lines: a frame
// ends at the byte END, 0xc0, and END and ESC, 0xdb, in the payload are replaced by
// two bytes each.
//
//	h e l l o c0          →  hello
//	a db dc b c0          →  a c0 b
//	a db dd b c0          →  a db b
//
// Many programs send an END before a frame too, so that noise on the line does not
// become part of it; [LeadingEnd] does. Therefore there is no frame between two
// consecutive ENDs: the first is fill, and an empty payload is refused on writing.
//
// A frame is invalid if an ESC in it is followed by any other byte. (RFC 1055 suggests
// to deliver that byte; here nothing damaged is delivered.) A frame that grows larger
// than the limit is skipped up to its END.
//
// Packages for serial ports report a timeout as a Read of 0 bytes, some with io.EOF.
// The example SerialTimeout tells it from the end of the stream.
package slip
