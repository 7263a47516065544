// Package spec makes a [framing.Framer] from a short text, as a flag or a
// configuration file gives it, and a text from a framer.
//
//	line                            lines
//	delimiter,text=;,text=|,keep    messages end at ; or |, and keep it
//	length,width=2,order=little     a little-endian length of two bytes before each
//	fixed,size=16,pad=00            sixteen bytes each, filled up with zeros
//
// A text is the name of a framing and its keys, in any order, separated by
// commas: name{,key[=value]}. [Framings] lists what there is and [Help] shows
// it. A key stands once, but for hex and text, whose order is kept. The kinds
// of value are
//
//	N       a decimal number, with a sign where it may be negative
//	SIZE    a number of bytes: 512, or 64KiB, 1MiB, 2GiB
//	HEX     bytes as pairs of hexadecimal digits, of either case
//	TEXT    characters as they are; \, is a comma, and a backslash begins what
//	        it begins in a Go string: \n \r \t \\ \x00 \u20ac
//
// There are no quotes, and spaces count: they are part of a TEXT and wrong
// elsewhere.
//
// The String method of every framer returns its canonical text: keys in the
// order of the list, what is the default left out, the preset's name where
// there is one, and hex for a delimiter that is not printable ASCII throughout.
// Parse makes an equal framer of it.
package spec
