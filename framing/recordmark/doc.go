// Package recordmark implements the record marking of ONC RPC (RFC 5531, section 11),
// which NFS and rpcbind use over TCP. A record consists of fragments; the highest bit
// of a fragment's header says that it is the last, the other 31 are its length.
//
//	80 00 00 05 hello                      →  hello
//	00 00 00 02 he 80 00 00 03 llo         →  hello
//
// A record is written as one fragment.
package recordmark
