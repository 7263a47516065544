// Package delimiter frames payloads that end at a delimiter, as lines of text do.
//
//	Line   hello\n        →  hello
//	       hello\r\n      →  hello
//	CRLF   hello\r\n      →  hello
//	New    hello;world|   →  hello world    (New(";", "|"))
//
// A payload must not contain a delimiter, which would end its frame early. Nor must
// its end form a delimiter together with the first bytes of the delimiter that
// follows it, as "a" and "aa" do: if there are other delimiters, one that avoids this
// is written. All other payloads are refused on writing. For binary payloads, use
// package lengthprefix.
//
// A frame that grows larger than the limit is skipped up to its delimiter.
package delimiter
