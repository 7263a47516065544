// Package fixed implements framings in which all frames have the same size.
//
//	New(5)          hello             →  hello
//	Padded(8, 0)    hello 00 00 00    →  hello
//
// Nothing on the wire marks where a frame starts: if a byte is lost or added, all
// later frames are shifted, and no error is reported.
package fixed
