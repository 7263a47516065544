package framing

import "strings"

// hints are the first bytes of protocols whose clients most often connect to the
// wrong port. Four bytes are enough: a length field rarely has more.
var hints = []struct{ start, name string }{
	{"\x16\x03", "a TLS handshake"},
	{"PRI ", "an HTTP/2 preface"},
	{"HTTP", "an HTTP response"},
	{"SSH-", "an SSH greeting"},
	{"PROX", "a PROXY protocol header"},
	{"\r\n\r\n", "a PROXY protocol header"},
	{"\xef\xbb\xbf", "text with a byte order mark"},
	{"{", "a JSON object"},
}

// methods are those of HTTP. Other protocols have some of them too, or words that begin
// like one.
var methods = []string{"GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT"}

// hint returns the protocol that a rejected frame resembles, of which data has arrived,
// or an empty string. The first size bytes are not those of a payload.
func hint(data []byte, size int) string {
	const most = 1 << 10 // bytes of a request line that are examined
	if isRequest(string(data[:min(most, len(data))])) {
		return "an HTTP request"
	}
	for _, h := range hints {
		if strings.HasPrefix(string(data[:min(4, size, len(data))]), h.start) {
			return h.name
		}
	}
	return ""
}

// isRequest reports whether data begins like an HTTP request: with a method and a path or
// a URL, or with a method on a line that names HTTP. If no more than a method and a blank
// has arrived, 4 bytes of them are enough.
func isRequest(data string) bool {
	for _, method := range methods {
		if len(data) >= 4 && strings.HasPrefix(method+" ", data) {
			return true
		}
		if target, found := strings.CutPrefix(data, method+" "); found {
			line, _, _ := strings.Cut(target, "\n")
			return strings.HasPrefix(line, "/") || strings.HasPrefix(line, "http") || strings.Contains(line, " HTTP/1")
		}
	}
	return false
}
