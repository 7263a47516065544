// Package fixed frames messages that all have the same size.
//
//	New(5)           hello         →  hello
//	Padded(8, 0)     hello 00 00 00  →  hello
package fixed
