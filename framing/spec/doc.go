// Package spec makes a [framing.Framer] of a spec, a short text for flags and
// configuration files, and a spec of a Framer.
//
//	line                            lines
//	delimiter,text=;,text=|,keep    frames that end at ; or |, delivered with it
//	length,width=2,order=little     a little-endian length of two bytes before each payload
//	fixed,size=16,pad=00            frames of sixteen bytes, filled up with zeros
//
// [Parse] makes the Framer, and a [Value] is a flag:
//
//	f := spec.Value{Framer: delimiter.Line()}
//	flag.Var(&f, "framing", "frame messages as `SPEC` says")
//	flag.Parse()
//	conn := framing.NewConn(c, f.Framer)
//
// A spec is the name of a framing and its keys, in any order, separated by commas:
// name{,key[=value]}. [Framings] lists the names and keys, and [Help] describes
// them. Only the keys hex and text may be given more than once; their order is
// significant. The kinds of value are
//
//	N       a decimal number, with a sign if it may be negative
//	SIZE    a number of bytes: 512, or 64KiB, 1MiB, 2GiB
//	HEX     bytes as pairs of hexadecimal digits, in upper or lower case
//	TEXT    characters; \, is a comma, and the escapes are those of a Go string:
//	        \n \r \t \\ \x00 \u20ac
//
// There are no quotes. Spaces are part of a TEXT, and an error elsewhere.
//
// The key keep delivers the whole frame: the payload is what is on the wire,
// delimiter or header included, and is verified on writing.
//
// The key check=NAME adds a checksum after each payload: cobs,check=crc32. Every framing
// takes it in which a payload may end in any bytes: not json, resp, dot, the text-head of
// STOMP, NATS and memcached, nor lines and trailers that are kept. Package checksum
// describes the checksums.
//
// The name of a protocol is short for its framing: kafka is length, diameter is
// length,width=3,offset=1,includes-header,magic=01,keep. [Presets] lists these names.
// They take no keys.
//
// The String method of every Framer returns its canonical spec: keys in the order
// of the list, without defaults, and with hex for a delimiter that is not printable
// ASCII. It has the shortest name of a framing, line for delimiter,hex=0a,hex=0d0a, but
// not that of a protocol: that of kafka is length. Parse makes an equal Framer of it.
package spec
