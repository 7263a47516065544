// Package texthead frames messages whose head is text that announces the size of what
// follows it, as those of SIP, RTSP, STOMP, NATS and memcached. A frame is delivered
// whole.
//
//	SIP         OPTIONS sip:a SIP/2.0\r\nl: 5\r\n\r\nhello    RFC 3261 section 18.3
//	RTSP        OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n         RFC 2326 section 12.14
//	STOMP       SEND\ndestination:/a\n\nhello\x00             STOMP 1.2
//	NATS        PUB a 5\r\nhello\r\n                          NATS client protocol
//	Memcached   set a 0 0 5\r\nhello\r\n                      memcached protocol.txt
//
// The head of the first three is a line, then header fields up to an empty line. If no
// field announces a size, a SIP message is malformed, for the next one could be taken
// for its body, an RTSP message has no body, and the body of a STOMP frame ends at the
// first NUL. A size may be announced only once. The head of the others is a line, whose
// first word tells if a size is in it, and where; any other line is a frame of its own.
// Requests and responses are told apart by that word, so that one Framer reads both.
//
// What must follow the body (NUL, or "\r\n") is part of the payload and is verified.
// Where it is missing, that frame is invalid. Anything wrong in a head ends the stream,
// as does one of more than [MaxHead] bytes. Empty lines between frames, which keep
// connections alive, are fill. Lines end in "\r\n"; those of STOMP, NATS and memcached
// may end in "\n".
package texthead
