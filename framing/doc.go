// Package framing turns a byte stream into whole messages and back.
//
// TCP carries bytes, programs want messages. One message may arrive in pieces
// (a half packet), several may arrive together (sticky packets). A [Framer]
// says where a message ends; a [Reader] cuts messages off a stream with it, a
// [Writer] writes them, and a [Conn] does both on a [net.Conn]:
//
//	conn := framing.NewConn(c, lengthprefix.Uint32())
//	for {
//		message, err := conn.ReadFrame()
//		if err != nil {
//			return err // io.EOF: the peer closed between two messages
//		}
//		if err := conn.WriteFrame(message); err != nil {
//			return err
//		}
//	}
//
// The framers have packages of their own below this one. Three are families:
// delimiter (lines), lengthprefix and fixed. The others are what protocols
// define: netstring, octetcount (syslog), headers (Content-Length, as in the
// Language Server Protocol), slip, cobs and stx.
//
// [Buffer] is a Reader without the reading, for event loops, and [SplitFunc]
// drives a [bufio.Scanner]. [Reader.NextReader] and [Writer.WriteFrom] pass
// payloads through that are larger than memory.
//
// # What reading and writing promise
//
// R1. [io.EOF] comes only between frames. A stream that ends inside a frame,
// also directly behind a header, also while a frame is skipped, is an
// [*UnexpectedEOFError]. Frames that arrived whole before it are delivered
// first.
//
// R2. A timeout loses nothing: after any error of the source the next
// call goes on where this one stopped. (Whether the source is dead is for the
// source to say: a Reader asks it again.)
//
// R3. One limit, one meaning: what SetMaxPayload sets counts the bytes delivered
// as payload, inclusive, for reading and writing alike. A frame that is larger is
// refused as soon as its size is known, at the header.
//
// R4. Too large is not the end. A frame that is too large, or that its framing
// condemns, costs one error, which matches [ErrFrame]; the next call skips what
// is left of it, in bounded memory, and goes on with the next.
// Every other framing error is final.
//
// R5. Memory follows arrival: buffers grow with the bytes that were received,
// never with what a header announces, and large ones are given back.
//
// R6. Write errors stick: a torn frame is never followed by another.
//
// R7. Nothing is allocated per frame, read or written, in the steady state.
//
// # What every Framer keeps
//
// The following laws make a Framer safe to put under a Buffer; package
// framingtest checks them for yours.
//
// L1, round trip or refuse: Append refuses a payload, or Split gives back
// exactly that payload of what it appended, and takes every byte of it.
//
// L2, concatenation: frames appended one after another split into the same
// payloads in the same order.
//
// L3, chunking: however the bytes arrive and whatever the limit, frames and
// errors are the same.
//
// L4, resumption: Split with the Seen that it returned gives the result of
// Split with 0. Until the frame is whole, it does not look at the bytes before
// Seen again; then it may once, to unescape them or to verify a checksum.
//
// L5, honesty: on a strict prefix of a frame Split reports no whole frame, and
// a Size, Start and End that it announces are the true ones. An error is
// reported as soon as no continuation could be valid, a field of fixed size
// being read as one; an error that condemns a single frame may wait until its
// Size is known.
//
// L6, hostile bytes: no input makes Split or Skip panic, loop or allocate by
// what it says; every frame takes at least one byte; lengths are uint64 until
// they are checked.
//
// L7, bound: a frame that Split accepts takes at most MaxEncodedLen of its
// payload's size. A longer header is an error of the Framer's own.
//
// L8, linear work: over all calls for one frame, Split looks at each byte a
// bounded number of times, however the frame is chopped.
//
// L9, skipping: Skip over any chopping stops at the same byte.
package framing
