package capture

import (
	"encoding/binary"
	"net/netip"
)

// A segment is a TCP segment.
type segment struct {
	from, to netip.AddrPort
	seq      uint32
	ack      uint32 // valid if flags has ack
	flags    uint8
	data     []byte // the captured bytes
	missing  int    // bytes that were sent, and not captured
}

// The flags of a segment.
const (
	fin = 1 << iota
	syn
	rst
	_
	ack
)

// The types of links (https://www.tcpdump.org/linktypes.html).
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// isLink reports whether packets of a type of link can be read.
func isLink(link int) bool {
	switch link {
	case linkNull, linkEthernet, 12, 14, linkRaw, linkLoop, linkSLL, linkIPv4, linkIPv6, linkSLL2:
		return true // 12 and 14 are what raw IP is called on some systems
	}
	return false
}

// ip returns the IP packet in the packet of a link, or nil if there is none.
func ip(link int, data []byte) []byte {
	kind := 0 // offset of the EtherType, with the payload after it
	switch link {
	case linkNull, linkLoop: // the version of IP tells what the address family, of either byte order, does
		return trimPrefix(data, 4)
	case linkSLL2:
		if len(data) < 20 {
			return nil
		}
		return payloadOf(binary.BigEndian.Uint16(data), data[20:])
	case linkEthernet:
		kind = 12
	case linkSLL:
		kind = 14
	default:
		return data
	}
	if len(data) < kind+2 {
		return nil
	}
	return payloadOf(binary.BigEndian.Uint16(data[kind:]), data[kind+2:])
}

// payloadOf returns the IP packet in the payload of an EtherType, after any VLAN tags.
func payloadOf(kind uint16, data []byte) []byte {
	for kind == 0x8100 || kind == 0x88a8 || kind == 0x9100 {
		if len(data) < 4 {
			return nil
		}
		kind, data = binary.BigEndian.Uint16(data[2:]), data[4:]
	}
	if kind != 0x0800 && kind != 0x86dd {
		return nil
	}
	return data
}

// trimPrefix returns data without its first n bytes, or nil if there are fewer.
func trimPrefix(data []byte, n int) []byte {
	if len(data) < n {
		return nil
	}
	return data[n:]
}

// tcp returns the TCP segment of a packet, if there is one.
func (p Packet) tcp() (segment, bool) {
	data := ip(p.Link, p.Data)
	if len(data) == 0 {
		return segment{}, false
	}
	switch data[0] >> 4 {
	case 4:
		return tcp4(data)
	case 6:
		return tcp6(data)
	}
	return segment{}, false
}

const protocolTCP = 6

// tcp4 returns the segment in an IPv4 packet (RFC 791).
func tcp4(data []byte) (segment, bool) {
	header := int(data[0]&0x0f) * 4
	if header < 20 || len(data) < header {
		return segment{}, false
	}
	if fragment := binary.BigEndian.Uint16(data[6:]) & 0x3fff; fragment != 0 {
		return segment{}, false
	}
	from, to := netip.AddrFrom4([4]byte(data[12:])), netip.AddrFrom4([4]byte(data[16:]))
	return parse(from, to, data[9], data[header:], int(binary.BigEndian.Uint16(data[2:]))-header)
}

// tcp6 returns the segment in an IPv6 packet (RFC 8200).
func tcp6(data []byte) (segment, bool) {
	const header = 40
	if len(data) < header {
		return segment{}, false
	}
	from, to := netip.AddrFrom16([16]byte(data[8:])), netip.AddrFrom16([16]byte(data[24:]))
	return parse(from, to, data[6], data[header:], int(binary.BigEndian.Uint16(data[4:])))
}

// parse returns the segment (RFC 9293) in the payload of an IP packet, after any extension
// headers; kind is the protocol of the payload, and size bytes of it were sent. If size is
// not positive, as of a packet that the network card was to divide, data is all.
func parse(from, to netip.Addr, kind byte, data []byte, size int) (segment, bool) {
	if size <= 0 {
		size = len(data)
	}
	for kind != protocolTCP {
		if len(data) < 8 {
			return segment{}, false
		}
		n := 8
		switch kind {
		case 0, 43, 60: // options for hops or the destination, and routing
			n = (int(data[1]) + 1) * 8
		case 44: // a fragment, which is the whole packet if its offset and its M flag are 0 (RFC 6946)
			if binary.BigEndian.Uint16(data[2:])&0xfff9 != 0 {
				return segment{}, false
			}
		case 51: // authentication (RFC 4302)
			n = (int(data[1]) + 2) * 4
		default:
			return segment{}, false
		}
		if len(data) < n {
			return segment{}, false
		}
		kind, data, size = data[0], data[n:], size-n
	}
	if len(data) < 20 {
		return segment{}, false
	}
	header := int(data[12]>>4) * 4
	if header < 20 || header > size {
		return segment{}, false
	}
	s := segment{
		from:  netip.AddrPortFrom(from, binary.BigEndian.Uint16(data)),
		to:    netip.AddrPortFrom(to, binary.BigEndian.Uint16(data[2:])),
		seq:   binary.BigEndian.Uint32(data[4:]),
		ack:   binary.BigEndian.Uint32(data[8:]),
		flags: data[13],
		data:  data[min(header, len(data)):min(size, len(data))],
	}
	s.missing = size - header - len(s.data)
	return s, true
}
