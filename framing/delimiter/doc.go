// Package delimiter frames messages that end at a delimiter, as text lines do.
//
//	Line   hello\n        →  hello
//	       hello\r\n      →  hello
//	CRLF   hello\r\n      →  hello
//	New    hello;world|   →  hello world    (New(";", "|"))
//
// A payload must not hold a delimiter, or make one together with the delimiter
// behind it: such a payload is refused on writing, for it would arrive as two
// messages, or as another. For binary payloads take package lengthprefix.
//
// A message that grows larger than the limit is skipped up to its delimiter.
package delimiter
