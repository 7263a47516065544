// Package dot frames texts that end at a line with a single dot, as the DATA command of
// SMTP (RFC 5321 section 4.5.2), the multi-line responses of POP3 (RFC 1939 section 3)
// and those of NNTP (RFC 3977 section 3.1.1) do.
//
//	hello\r\n.\r\n            →  hello\r\n
//	..\r\n..hello\r\n.\r\n    →  .\r\n.hello\r\n
//	.\r\n                     →  (an empty text)
//
// A payload is empty, or lines that each end in "\r\n". A dot at the beginning of a line
// is written twice. On reading, the first of any dots there is removed, whatever follows.
//
// A frame in which "\r" or "\n" occurs alone is invalid, and such a payload is refused:
// programs that take one for the end of a line see another end of the text, which is
// how mail is smuggled. What grows larger than the limit is skipped to its end.
package dot
