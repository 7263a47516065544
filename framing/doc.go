// Package framing splits byte streams into frames and back.
//
// A byte stream such as a TCP connection has no message boundaries: a read may
// return part of a message, or several. A frame is a message on the wire, with
// whatever marks its boundaries; its payload is the message itself. A [Framer]
// determines where a frame ends; a [Reader] splits a stream with it, a [Writer]
// writes frames, and a [Conn] does both on a connection:
//
//	conn := framing.NewConn(c, lengthprefix.Uint32())
//	for {
//		payload, err := conn.ReadFrame()
//		if err != nil {
//			return err // io.EOF: the peer closed between two frames
//		}
//		if err := conn.WriteFrame(payload); err != nil {
//			return err
//		}
//	}
//
// The caller closes the connection. A server that closes without losing a frame is
// package server, a client that reconnects is package client.
//
// The Framers are in packages below this one. Three are families: delimiter, which
// includes lines, lengthprefix and fixed. The others implement what protocols
// define: dot (mail), netstring, octetcount and syslog, contentlength (the Language
// Server Protocol), texthead (SIP, RTSP, STOMP, NATS and memcached), resp (Redis),
// recordmark (ONC RPC), slip, cobs, stuffed (HDLC), stx and enclosed (marks of any
// bytes), and jsonvalue (a stream of JSON values). Package checksum adds a checksum
// to most of them, and [Select] is for streams with frames of several kinds.
//
// [Buffer] is a Reader for callers that do their own I/O, such as event loops, and
// [SplitFunc] adapts a Framer to [bufio.Scanner]. [Reader.NextReader] and
// [Writer.WriteFrom] stream payloads that are larger than memory.
//
// # What reading and writing promise
//
// R1, end of stream: [io.EOF] is returned only between frames. If the stream ends
// inside a frame, or while a frame is skipped, the error is an
// [*UnexpectedEOFError]. Complete frames that arrived before it are returned first.
//
// R2, timeouts lose nothing: after an error of the source, the next call resumes
// where the failed one stopped. A Reader does not remember errors of its source; a
// source that has failed permanently must keep returning its error.
//
// R3, one limit: SetMaxPayload counts the bytes delivered as payload, inclusive,
// for reading and writing alike. A larger frame is rejected as soon as its size is
// known, before the payload arrives.
//
// R4, an invalid frame is not the end: a frame that is too large, or malformed,
// is reported with one error, which matches [ErrFrame]; the next call skips the
// rest of the frame, in bounded memory, and returns the following one. A frame with a wrong checksum or trailer is never
// delivered as valid, however it is read.
//
// R5, memory follows arrival: buffers grow with the bytes received, never with what
// a header announces, and large ones are given up when no longer needed.
//
// R6, write errors are sticky: an incomplete frame is never followed by another.
//
// R7, no allocation: in the steady state, reading or writing a frame allocates
// nothing. NextReader allocates the io.Reader that it returns.
//
// # The laws of a Framer
//
// The following laws make a Framer safe to use with a Buffer; package framingtest
// checks them for any Framer.
//
// L1, round trip: if Append accepts a payload, Split of the appended bytes returns
// exactly that payload and consumes exactly those bytes; otherwise Append returns
// an error. Append accepts every payload that Split returns.
//
// L2, concatenation: frames appended one after another split into the same payloads
// in the same order.
//
// L3, chunking: for a given limit, frames and errors are the same however the bytes
// arrive.
//
// L4, resumption: Split with the Resume that it returned gives the result of Split
// with the zero Resume. Before the call that makes Size known or returns an error, it
// does not examine the bytes before Resume.Pos again; that call and later ones may, to
// parse a header, to unescape or to verify a checksum.
//
// L5, honesty: for a strict prefix of a frame, Split reports no complete frame. The
// Size that it announces is the final one, and so are Start and End, with the exception
// that [Frame] describes. An error is reported
// as soon as no continuation could be valid, where a field of fixed size counts as
// one unit; an error that loses a single frame may wait until its Size is known.
//
// L6, hostile bytes: no input makes Split or Skip panic, loop, or allocate memory
// by the size that it announces. Every frame occupies at least one byte. Lengths are
// uint64 until they have been checked.
//
// L7, bound: a frame that Split accepts occupies at most MaxEncodedLen of its
// payload's size. A longer header is an error.
//
// L8, linear work: over all calls for one frame, Split examines each byte a bounded
// number of times, however the bytes arrive.
//
// L9, skipping: Skip may begin after any prefix of a frame that has at least
// MaxEncodedLen(0) bytes and whose Size Split does not know; however the bytes arrive, it
// finds the end that Split would find.
//
// # Why Split has this shape
//
// Split must be able to resume in linear time without keeping state in the Framer.
// A position alone suffices for delimiters and headers, but not for nesting (JSON,
// RESP) or a running checksum; a position and one word suffice for all framings
// tried. As separate results they cost nothing (BenchmarkReadFrame); a fifth word in
// Frame would be returned through memory and nearly double the time of a small frame.
package framing
