// Package lengthprefix implements framings in which a length precedes each payload:
// a field of 1 to 8 bytes, or a varint.
//
//	Uint8    05 h e l l o
//	Uint16   00 05 h e l l o
//	Uint32   00 00 00 05 h e l l o
//	Uint64   00 00 00 00 00 00 00 05 h e l l o
//	Varint   05 h e l l o
//
// For the headers of other protocols, [New] takes a [Config], one for both
// directions. These are the layouts known from Netty's
// LengthFieldBasedFrameDecoder, the bytes on the wire and the payload delivered;
// each is a runnable example of New:
//
//	Config{Width: 2, Keep: true}                           length at the start, kept
//	    00 0c HELLO, WORLD              →  00 0c HELLO, WORLD
//	Config{Width: 2}                                       the same, stripped
//	    00 0c HELLO, WORLD              →  HELLO, WORLD
//	Config{Width: 2, IncludesHeader: true, Keep: true}     length counts the whole frame
//	    00 0e HELLO, WORLD              →  00 0e HELLO, WORLD
//	Config{Width: 3, Offset: 2, Keep: true}                length at the end of the header
//	    ca fe 00 00 0c HELLO, WORLD     →  ca fe 00 00 0c HELLO, WORLD
//	Config{Width: 3, Adjust: 2, Keep: true}                length at the start of a longer header
//	    00 00 0c ca fe HELLO, WORLD     →  00 00 0c ca fe HELLO, WORLD
//	Config{Width: 2, Offset: 1, Adjust: 1, Strip: 3}       length between two header bytes
//	    ca 00 0c fe HELLO, WORLD        →  fe HELLO, WORLD
//	Config{Width: 2, Offset: 1, Adjust: -3, Strip: 3}      the same, counting the whole frame
//	    ca 00 10 fe HELLO, WORLD        →  fe HELLO, WORLD
//
// A header, or a part of one, that is delivered is the beginning of the payload,
// counts towards payload limits, and is verified on writing. [Framer.PutHeader]
// fills it in.
package lengthprefix
