// Package fixed frames messages that all have the same size.
//
//	New(5)          hello             →  hello
//	Padded(8, 0)    hello 00 00 00    →  hello
//
// Nothing on the wire says where a message begins: a byte too many or too few
// shifts every message behind it, and no error tells.
package fixed
