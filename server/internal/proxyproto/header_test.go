package proxyproto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// header2 returns a header of version 2 with what follows its first 16 bytes.
func header2(command, kind byte, rest string) string {
	return signature2 + string([]byte{command, kind}) + string(binary.BigEndian.AppendUint16(nil, uint16(len(rest)))) + rest
}

const (
	ends4 = "\xc0\x00\x02\x07\xc6\x33\x64\x09\x30\x39\x01\xbb" // 192.0.2.7:12345 to 198.51.100.9:443
	ends6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x30\x39\x01\xbb"
)

// Each header gives the addresses that it names, cut at any byte, and no byte after
// it is asked for.
func TestParse(t *testing.T) {
	longest := "PROXY UNKNOWN " + strings.Repeat("f", max1-len("PROXY UNKNOWN \r\n")) + "\r\n"
	for _, test := range []struct{ name, header, source, destination string }{
		{"TCP4", "PROXY TCP4 192.0.2.7 198.51.100.9 12345 443\r\n", "192.0.2.7:12345", "198.51.100.9:443"},
		{"TCP6", "PROXY TCP6 2001:db8::7 2001:db8::9 0 65535\r\n", "[2001:db8::7]:0", "[2001:db8::9]:65535"},
		{"UNKNOWN", "PROXY UNKNOWN\r\n", "", ""},
		{"UNKNOWN with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", ""},
		{"the longest line", longest, "", ""},
		{"v2 TCP4", header2(0x21, 0x11, ends4), "192.0.2.7:12345", "198.51.100.9:443"},
		{"v2 TCP6", header2(0x21, 0x21, ends6), "[2001:db8::7]:12345", "[2001:db8::9]:443"},
		{"v2 with more fields", header2(0x21, 0x11, ends4+"\x04\x00\x02xx"), "192.0.2.7:12345", "198.51.100.9:443"},
		{"v2 LOCAL", header2(0x20, 0x00, ""), "", ""},
		{"v2 LOCAL with addresses", header2(0x20, 0x11, ends4), "", ""},
		{"v2 unspecified", header2(0x21, 0x00, "xx"), "", ""},
		{"v2 of a Unix socket", header2(0x21, 0x31, strings.Repeat("\x00", 216)), "", ""},
		{"v2, the longest", header2(0x21, 0x11, ends4+strings.Repeat("x", maxRest2-len(ends4))), "192.0.2.7:12345", "198.51.100.9:443"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for cut := range test.header {
				_, need, err := Parse([]byte(test.header[:cut]))
				require.NoError(t, err, "after %d bytes", cut)
				require.Positive(t, need, "after %d bytes", cut)
				require.LessOrEqual(t, cut+need, len(test.header), "after %d bytes", cut)
			}
			h, need, err := Parse([]byte(test.header + "x"))
			require.NoError(t, err)
			assert.Zero(t, need)
			text := func(a net.Addr) string {
				if a == nil {
					return ""
				}
				return a.String()
			}
			assert.Equal(t, test.source, text(h.Source))
			assert.Equal(t, test.destination, text(h.Destination))
		})
	}
}

// A malformed header is an error that says what is wrong, as soon as that has come.
func TestParse_Malformed(t *testing.T) {
	for _, test := range []struct{ header, says string }{
		{"hello\n", "does not begin with one"},
		{"PROXIES", "does not begin with one"},
		{"\r\n\r\n\x00\r\nQUIT\r", "does not begin with one"},
		{"PROXY \x1b", `byte 6 is 0x1b; want printable text`},
		{"PROXY TCP4 1.1.1.1\n", `byte 18 is 0x0a`},
		{"PROXY TCP4 1.1.1.1\rx", `byte 18 is 0x0d`},
		{"PROXY TCP4 1.1.1.1\x00", `byte 18 is 0x00`},
		{"PROXY UNKNOWN " + strings.Repeat("f", 93), "the line has more than 107 bytes"},
		{"PROXY \r\n", `protocol ""`},
		{"PROXY SCTP 1.1.1.1 2.2.2.2 1 2\r\n", `protocol "SCTP"; want TCP4, TCP6 or UNKNOWN`},
		{"PROXY TCP4\r\n", "2 words"},
		{"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", "5 words; want PROXY TCP4, two addresses and two ports"},
		{"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", "7 words"},
		{"PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n", "7 words"},
		{"PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", `address "1.1.1.256"`},
		{"PROXY TCP4 1.1.1.1 ::1 1 2\r\n", `address "::1" is not one of TCP4`},
		{"PROXY TCP6 ::1 2.2.2.2 1 2\r\n", `address "2.2.2.2" is not one of TCP6`},
		{"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", `address "fe80::1%eth0"`},
		{"PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", `port "65536"; want a number from 0 to 65535`},
		{"PROXY TCP4 1.1.1.1 2.2.2.2 1 02\r\n", `port "02"`},
		{"PROXY TCP4 1.1.1.1 2.2.2.2 1 +2\r\n", `port "+2"`},
		{header2(0x11, 0x11, ends4), "version 1; want 1 or 2"},
		{header2(0x22, 0x11, ends4), "command 2; want 0 (LOCAL) or 1 (PROXY)"},
		{header2(0x21, 0x12, ends4), "family and transport 0x12"},
		{header2(0x21, 0x41, ends4), "family and transport 0x41"},
		{header2(0x21, 0x11, ends4[:11]), "11 bytes follow its first 16; want 12 or more"},
		{header2(0x21, 0x21, ends4), "12 bytes follow its first 16; want 36 or more"},
		{header2(0x21, 0x11, strings.Repeat("x", 4<<10-16)), "4080 bytes follow its first 16; want at most 2048"},
	} {
		_, need, err := Parse([]byte(test.header))
		assert.Zero(t, need, "%q", test.header)
		assert.ErrorContains(t, err, test.says, "%q", test.header)
		if _, need, err := Parse([]byte(test.header[:len(test.header)-1])); err == nil && !strings.HasPrefix(test.header, "\r\n\r\n\x00\r\nQUIT\n") {
			assert.Positive(t, need, "%q without its last byte", test.header)
		}
	}
}

// FuzzParse compares the parser with regular expressions, and feeds it only
// what it asks for.
func FuzzParse(f *testing.F) {
	for _, wire := range []string{
		"PROXY TCP4 192.0.2.7 198.51.100.9 12345 443\r\nx", "PROXY TCP6 2001:db8::7 ::ffff:1.2.3.4 0 65535\r\n", "PROXY UNKNOWN\r\n",
		"PROXY UNKNOWN x\r", "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", header2(0x21, 0x11, ends4) + "x", header2(0x21, 0x21, ends6), header2(0x20, 0, ""),
		header2(0x21, 0x31, strings.Repeat("x", 216)), header2(0x21, 0x12, ends4), header2(0x31, 0x11, ends4), "GET / HTTP/1.1\r\n", "\r\n\r\n\x00\r\n",
	} {
		f.Add([]byte(wire))
	}
	const port = ` (0|[1-9]\d{0,4})`
	line := regexp.MustCompile(`^PROXY (?:(UNKNOWN)(?: [ -~]*)?|(TCP[46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+)` + port + port + `)\r\n`)
	binary2 := regexp.MustCompile(`(?s)^\r\n\r\n\x00\r\nQUIT\n(?-s:[\x20\x21])([\x00\x11\x21\x31]|.)`)
	// read returns the size of the header that wire begins with, and its first address,
	// or false for none that is valid and complete.
	read := func(wire string) (size int, source string, ok bool) {
		if m := line.FindStringSubmatch(wire); m != nil && len(m[0]) <= 107 {
			if m[1] != "" {
				return len(m[0]), "", true
			}
			for i := range 2 {
				ip := net.ParseIP(m[3+i])
				n, _ := strconv.Atoi(m[5+i])
				if ip == nil || strings.Contains(m[3+i], ":") != (m[2] == "TCP6") || n > 65535 {
					return 0, "", false
				}
			}
			return len(m[0]), netip.MustParseAddr(m[3]).String() + " " + m[5], true
		}
		if len(wire) < 16 || !binary2.MatchString(latin1(wire[:16])) {
			return 0, "", false
		}
		size = 16 + int(wire[14])<<8 + int(wire[15])
		if size > 16+2048 || size > len(wire) {
			return 0, "", false
		}
		rest, local := wire[16:size], wire[12] == 0x20
		switch {
		case local || wire[13] == 0 || wire[13] == 0x31:
			return size, "", true
		case wire[13] == 0x11 && len(rest) >= 12:
			return size, fmt.Sprintf("%v %d", netip.AddrFrom4([4]byte([]byte(rest[:4]))), int(rest[8])<<8+int(rest[9])), true
		case wire[13] == 0x21 && len(rest) >= 36:
			return size, fmt.Sprintf("%v %d", netip.AddrFrom16([16]byte([]byte(rest[:16]))), int(rest[32])<<8+int(rest[33])), true
		}
		return 0, "", false
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		size, source, ok := read(string(wire))
		have := 0
		for {
			h, need, err := Parse(bytes.Clone(wire[:have]))
			if need > 0 {
				require.NoError(t, err)
				if have += need; have > len(wire) {
					require.False(t, ok, "it asks for %d bytes of %d", have, size)
					return
				}
				continue
			}
			require.Equal(t, ok, err == nil, "%v", err)
			if ok {
				require.Equal(t, size, have)
				if source != "" {
					a := h.Source.(*net.TCPAddr).AddrPort()
					require.Equal(t, source, fmt.Sprintf("%v %d", a.Addr(), a.Port()))
				} else {
					require.Nil(t, h.Source)
				}
			}
			return
		}
	})
}

// latin1 returns s with each byte as a character, for regular expressions.
func latin1(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}
