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
// first NUL. A size may be announced only once, in STOMP of more than 0 bytes only for
// SEND, MESSAGE and ERROR. The head of the others is a line, whose first word tells if a
// size is in it, and where; any other line is a frame of its own.
//
// What two programs could read differently is malformed. A head begins with a character
// of a word, not with a blank. It contains no NUL, also where RFC 3261 and STOMP 1.2
// allow one, and no "\r" but before "\n"; a line of memcached has no control character,
// one of NATS none but the tab. Words are separated by blanks, of memcached by spaces
// only. Names of SIP and RTSP fields are tokens (RFC 9110 section 5.6.2), which blanks
// may follow (RFC 3261 section 7.3.1). A field may be continued on another line, but
// not the first line, nor the field that announces a size.
//
// Requests and responses are told apart by the first word, so that one Framer reads both.
// A server does not: memcached answers ERROR to VALUE or VA from a client, and takes the
// body for commands. A program that filters requests must refuse VALUE and VA, and MSG
// and HMSG of NATS. As memcached takes the body of other malformed requests for commands
// too, such a program must also verify the key, at most 250 bytes, and the other words.
//
// What must follow the body (NUL, or "\r\n") is part of the payload and is verified.
// Where it is missing, that frame is invalid, and the next one begins after the announced
// size, as with memcached. That may be inside the body: a program that relays or filters
// should end the connection, as STOMP and NATS servers do. Anything wrong in a head ends
// the stream, as does one of more than [MaxHead] bytes. Lines end in "\r\n"; those of
// STOMP, NATS and memcached may end in "\n".
//
// Empty lines between frames are fill. SIP and STOMP have them to keep a connection
// alive, and RTSP servers ignore them. Do not write them to a NATS server, which answers
// with an error and closes, nor to memcached, which answers ERROR.
package texthead
