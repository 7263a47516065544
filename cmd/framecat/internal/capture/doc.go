// Package capture reads the TCP streams of packet captures.
//
// [Packets] reads files in the formats pcap (draft-ietf-opsawg-pcap) and pcapng
// (draft-ietf-opsawg-pcapng), of either byte order, with link types Ethernet (VLAN tags
// included), Linux cooked capture (SLL and SLL2), BSD loopback and raw IP. [Streams] puts
// the TCP segments of the packets, over IPv4 or IPv6, in order.
//
// Fragments of IP packets are not put together: the bytes in them are reported as missing.
// Checksums are not verified, for most captures hold packets whose checksums the network
// card was to fill in.
package capture
