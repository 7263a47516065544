package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
)

// The ends of the connections in tests.
var (
	client  = netip.MustParseAddrPort("10.0.0.1:40000")
	service = netip.MustParseAddrPort("10.0.0.2:9092")
)

// frame returns an Ethernet frame with a TCP segment, as a host sends it.
func frame(from, to netip.AddrPort, seq uint32, flags byte, data string) []byte {
	return append(ethernet(from), ipPacket(from, to, seq, flags, data)...)
}

// ethernet returns the header of an Ethernet frame.
func ethernet(from netip.AddrPort) []byte {
	header := make([]byte, 14)
	binary.BigEndian.PutUint16(header[12:], 0x0800)
	if from.Addr().Is6() {
		binary.BigEndian.PutUint16(header[12:], 0x86dd)
	}
	return header
}

// ipPacket returns an IP packet with a TCP segment.
func ipPacket(from, to netip.AddrPort, seq uint32, flags byte, data string) []byte {
	tcp := make([]byte, 20, 20+len(data))
	binary.BigEndian.PutUint16(tcp, from.Port())
	binary.BigEndian.PutUint16(tcp[2:], to.Port())
	binary.BigEndian.PutUint32(tcp[4:], seq)
	tcp[12], tcp[13] = 5<<4, flags
	tcp = append(tcp, data...)
	if from.Addr().Is6() {
		ip := make([]byte, 40)
		ip[0], ip[6] = 6<<4, protocolTCP
		binary.BigEndian.PutUint16(ip[4:], uint16(len(tcp)))
		copy(ip[8:], from.Addr().AsSlice())
		copy(ip[24:], to.Addr().AsSlice())
		return append(ip, tcp...)
	}
	ip := make([]byte, 20)
	ip[0], ip[9] = 4<<4|5, protocolTCP
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(tcp)))
	copy(ip[12:], from.Addr().AsSlice())
	copy(ip[16:], to.Addr().AsSlice())
	return append(ip, tcp...)
}

// pcap returns a capture in the older format.
func pcap(order binary.AppendByteOrder, link int, packets ...[]byte) []byte {
	b := order.AppendUint32(nil, 0xa1b2c3d4)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 262144)
	b = order.AppendUint32(b, uint32(link))
	for i, p := range packets {
		b = order.AppendUint32(b, uint32(1000+i))
		b = order.AppendUint32(b, 500_000)
		b = order.AppendUint32(b, uint32(len(p)))
		b = order.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

// pcapng returns a capture in the newer format, with a block that is to be skipped.
func pcapng(order binary.AppendByteOrder, link int, packets ...[]byte) []byte {
	b := append(section(order), description(order, link, resolution(order, 9))...)
	b = append(b, block(order, 0x0bad, []byte("custom"))...)
	for i, p := range packets {
		b = append(b, enhanced(order, uint64(1000+i)*1e9+500_000_000, p)...)
	}
	return b
}

// block returns a block of the newer format.
func block(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	b := order.AppendUint32(nil, kind)
	b = order.AppendUint32(b, uint32(len(body)+12))
	b = append(b, body...)
	return order.AppendUint32(b, uint32(len(body)+12))
}

// section returns the block that begins a section.
func section(order binary.AppendByteOrder) []byte {
	body := order.AppendUint32(nil, 0x1a2b3c4d)
	body = append(body, 1, 0, 0, 0)
	return block(order, sectionHeader, append(body, bytes.Repeat([]byte{0xff}, 8)...))
}

// description returns the block that describes an interface.
func description(order binary.AppendByteOrder, link int, options ...[]byte) []byte {
	body := order.AppendUint16(nil, uint16(link))
	body = append(body, make([]byte, 6)...)
	return block(order, interfaceDescription, append(body, bytes.Join(options, nil)...))
}

// resolution returns the option for units of 10^-power s, or with the high bit 2^-power s.
func resolution(order binary.AppendByteOrder, power byte) []byte {
	return append(order.AppendUint16(order.AppendUint16(nil, 9), 1), power, 0, 0, 0)
}

// timeOffset returns the option for seconds that are to be added to times.
func timeOffset(order binary.AppendByteOrder, seconds int64) []byte {
	return order.AppendUint64(order.AppendUint16(order.AppendUint16(nil, 14), 8), uint64(seconds))
}

// enhanced returns the block of a packet of the first interface.
func enhanced(order binary.AppendByteOrder, ticks uint64, packet []byte) []byte {
	body := order.AppendUint32(nil, 0)
	body = order.AppendUint32(body, uint32(ticks>>32))
	body = order.AppendUint32(body, uint32(ticks))
	body = order.AppendUint32(body, uint32(len(packet)))
	body = order.AppendUint32(body, uint32(len(packet)))
	return block(order, enhancedPacket, append(body, packet...))
}

// acknowledging returns an Ethernet frame with IPv4 whose segment acknowledges what comes
// before a sequence number.
func acknowledging(next uint32, frame []byte) []byte {
	binary.BigEndian.PutUint32(frame[14+20+8:], next)
	return frame
}

// every returns a capture in the older format with packets at this interval.
func every(interval time.Duration, packets ...[]byte) []byte {
	b := pcap(binary.LittleEndian, 1, packets...)
	at := 24
	for i, p := range packets {
		t := time.Unix(1000, 0).Add(time.Duration(i) * interval)
		binary.LittleEndian.PutUint32(b[at:], uint32(t.Unix()))
		binary.LittleEndian.PutUint32(b[at+4:], uint32(t.Nanosecond()/1000))
		at += 16 + len(p)
	}
	return b
}
