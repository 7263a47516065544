package framing

import "strings"

// hints are the first bytes of protocols whose clients most often connect to the
// wrong port. Four bytes are enough: a length field rarely has more.
var hints = []struct{ start, name string }{
	{"\x16\x03", "a TLS handshake"},
	{"GET ", "an HTTP request"},
	{"POST", "an HTTP request"},
	{"PUT ", "an HTTP request"},
	{"HEAD", "an HTTP request"},
	{"OPTI", "an HTTP request"},
	{"CONN", "an HTTP request"},
	{"DELE", "an HTTP request"},
	{"PATC", "an HTTP request"},
	{"PRI ", "an HTTP/2 preface"},
	{"HTTP", "an HTTP response"},
	{"SSH-", "an SSH greeting"},
	{"PROX", "a PROXY protocol header"},
	{"\r\n\r\n", "a PROXY protocol header"},
	{"\xef\xbb\xbf", "text with a byte order mark"},
	{"{", "a JSON object"},
}

// hint returns the protocol that the first bytes of a rejected frame resemble, or
// an empty string.
func hint(head []byte) string {
	for _, h := range hints {
		if strings.HasPrefix(string(head[:min(4, len(head))]), h.start) {
			return h.name
		}
	}
	return ""
}
