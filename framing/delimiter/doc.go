// Package delimiter frames payloads that end at a delimiter, as lines of text do.
//
//	Line   hello\n        →  hello
//	       hello\r\n      →  hello
//	CRLF   hello\r\n      →  hello
//	New    hello;world|   →  hello, world    (New(";", "|"))
//
// A payload must not contain a delimiter, which would end its frame early, and its
// end must not form one with the first bytes of the delimiter that follows, as "a"
// does with "aa". Of several delimiters, the first that avoids this is written. A
// payload that no delimiter can follow is refused on writing. For binary payloads,
// use package lengthprefix.
//
// With [Framer.SkipEmpty], empty frames are discarded, as blank lines between records are.
//
// A frame that grows larger than the limit is skipped up to its delimiter.
package delimiter
