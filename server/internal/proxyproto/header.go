// Package proxyproto reads the header with which a proxy says for whom it has made
// a connection: the PROXY protocol, version 1 and 2, of HAProxy, nginx and others
// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A Header is what the header of a connection tells.
type Header struct {
	// Source and Destination are the addresses of the client's connection to the
	// proxy. They are nil if those of the connection itself hold: the proxy has made
	// it for itself (LOCAL), or does not tell for whom.
	Source, Destination net.Addr
}

const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"

	min1     = len("PROXY UNKNOWN\r\n") // shorter than any of version 2
	max1     = 107
	start2   = 16      // the signature, two bytes, and the size of the rest
	maxRest2 = 2 << 10 // of which addresses need 216 bytes
)

// Parse reads the header that data begins with. Fields after the addresses are
// skipped. While the header is incomplete, need is the least number of bytes that
// it still lacks: who reads no more than that reads nothing of what follows. An
// error is final.
func Parse(data []byte) (h Header, need int, err error) {
	switch {
	case len(data) == 0:
		return h, min1, nil
	case isPrefix(data, signature2):
		return parse2(data)
	case isPrefix(data, signature1):
		return parse1(data)
	}
	return h, 0, errors.New("the connection does not begin with one")
}

// isPrefix reports whether data and text are alike as far as both go.
func isPrefix(data []byte, text string) bool {
	n := min(len(data), len(text))
	return string(data[:n]) == text[:n]
}

func parse1(data []byte) (h Header, need int, err error) {
	for i, b := range data[:min(len(data), max1)] {
		switch {
		case b == '\n' && i > 0 && data[i-1] == '\r':
			h, err = parseLine(string(data[:i-1]))
			return h, 0, err
		case b == '\r' && (i+1 == len(data) || data[i+1] == '\n'):
		case b < ' ' || b > '~':
			return h, 0, fmt.Errorf("byte %d is 0x%02x; want printable text up to \\r\\n", i, b)
		}
	}
	switch {
	case len(data) < min1:
		need = min1 - len(data)
	case data[len(data)-1] == '\r':
		need = 1
	default:
		need = 2
	}
	if len(data)+need > max1 {
		return h, 0, fmt.Errorf("the line has more than %d bytes", max1)
	}
	return h, need, nil
}

// parseLine reads a header of version 1 without its end.
func parseLine(line string) (h Header, err error) {
	f := strings.Split(line, " ")
	if f[1] == "UNKNOWN" {
		return h, nil
	}
	if f[1] != "TCP4" && f[1] != "TCP6" {
		return h, fmt.Errorf("protocol %q; want TCP4, TCP6 or UNKNOWN", f[1])
	}
	if len(f) != 6 {
		return h, fmt.Errorf("%d words; want PROXY %s, two addresses and two ports", len(f), f[1])
	}
	var ends [2]net.Addr
	for i := range ends {
		addr, err := netip.ParseAddr(f[2+i])
		if err != nil || addr.Is4() != (f[1] == "TCP4") || addr.Zone() != "" {
			return h, fmt.Errorf("address %q is not one of %s", f[2+i], f[1])
		}
		port, err := strconv.ParseUint(f[4+i], 10, 16)
		if err != nil || strconv.FormatUint(port, 10) != f[4+i] {
			return h, fmt.Errorf("port %q; want a number from 0 to 65535", f[4+i])
		}
		ends[i] = net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, uint16(port)))
	}
	return Header{ends[0], ends[1]}, nil
}

// The second byte after the signature of version 2: family and transport.
const (
	unspecified = 0x00
	tcp4        = 0x11
	tcp6        = 0x21
	unixStream  = 0x31
)

func parse2(data []byte) (h Header, need int, err error) {
	if len(data) < start2 {
		return h, start2 - len(data), nil
	}
	command, kind, rest := data[12], data[13], int(binary.BigEndian.Uint16(data[14:]))
	size := 0 // of an address
	switch {
	case command>>4 != 2:
		return h, 0, fmt.Errorf("version %d; want 1 or 2", command>>4)
	case command&0xf > 1:
		return h, 0, fmt.Errorf("command %d; want 0 (LOCAL) or 1 (PROXY)", command&0xf)
	case rest > maxRest2:
		return h, 0, fmt.Errorf("%d bytes follow its first %d; want at most %d", rest, start2, maxRest2)
	case command&0xf == 0 || kind == unspecified || kind == unixStream:
	case kind == tcp4:
		size = 4
	case kind == tcp6:
		size = 16
	default:
		return h, 0, fmt.Errorf("family and transport 0x%02x; want those of TCP, 0x11 or 0x21, or a stream of a Unix socket, 0x31", kind)
	}
	if both := 2*size + 4; size > 0 && rest < both {
		return h, 0, fmt.Errorf("%d bytes follow its first %d; want %d or more for two addresses and ports", rest, start2, both)
	}
	if missing := start2 + rest - len(data); missing > 0 {
		return h, missing, nil
	}
	if size > 0 {
		body := data[start2:]
		end := func(i int) net.Addr {
			addr, _ := netip.AddrFromSlice(body[i*size : (i+1)*size])
			port := binary.BigEndian.Uint16(body[2*size+2*i:])
			return net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, port))
		}
		h = Header{end(0), end(1)}
	}
	return h, 0, nil
}

// Begins reports whether data begins with a header: a complete one of version 1,
// which may otherwise be text, or the signature of version 2.
func Begins(data []byte) bool {
	if !bytes.HasPrefix(data, []byte(signature1)) {
		return bytes.HasPrefix(data, []byte(signature2))
	}
	_, need, err := parse1(data)
	return need == 0 && err == nil
}
