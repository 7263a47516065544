package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// read returns what the directions of a capture carry, "1>hello" for the first
// connection's to the server, and how they end, and the error of the capture.
func read(data []byte) (streams map[string]string, ends map[string]error, err error) {
	streams, ends = map[string]string{}, map[string]error{}
	for c, e := range Streams(bytes.NewReader(data), service.Port()) {
		if e != nil {
			return streams, ends, e
		}
		name := fmt.Sprint(c.Conn, "<")
		if c.ToServer {
			name = fmt.Sprint(c.Conn, ">")
		}
		if ends[name] != nil {
			return streams, ends, errors.New("a chunk after the end of its direction")
		}
		streams[name] += string(c.Data)
		if c.Err != nil {
			ends[name] = c.Err
		}
	}
	return streams, ends, nil
}

// A whole connection, in both formats, both byte orders, and on every link.
func TestStreams_Formats(t *testing.T) {
	v6 := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("fe80::1"), port) }
	for _, link := range []struct {
		name   string
		number int
		header string // before the IP packet
	}{
		{"Ethernet", 1, strings.Repeat("\x00", 12) + "\x08\x00"},
		{"Ethernet, IPv6", 1, strings.Repeat("\x00", 12) + "\x86\xdd"},
		{"VLAN", 1, strings.Repeat("\x00", 12) + "\x81\x00\x00\x05\x08\x00"},
		{"VLAN in a VLAN", 1, strings.Repeat("\x00", 12) + "\x88\xa8\x00\x05\x81\x00\x00\x05\x08\x00"},
		{"SLL", 113, strings.Repeat("\x00", 14) + "\x08\x00"},
		{"SLL2", 276, "\x08\x00" + strings.Repeat("\x00", 18)},
		{"BSD loopback", 0, "\x02\x00\x00\x00"},
		{"OpenBSD loopback", 108, "\x00\x00\x00\x02"},
		{"raw", 101, ""},
		{"raw, IPv6", 101, ""},
		{"IPv4", 228, ""},
		{"IPv6", 229, ""},
	} {
		from, to := client, service
		if strings.Contains(link.name, "IPv6") {
			from, to = v6(client.Port()), v6(service.Port())
		}
		packet := func(from, to netip.AddrPort, seq uint32, flags byte, data string) []byte {
			return append([]byte(link.header), ipPacket(from, to, seq, flags, data)...)
		}
		packets := [][]byte{
			packet(from, to, 100, syn, ""),
			packet(to, from, 900, syn|ack, ""),
			packet(from, to, 101, ack, "hello"),
			append(packet(to, from, 901, ack, "hi"), 0, 0, 0), // what fills a short frame up
			packet(from, to, 106, fin|ack, ""),
			packet(to, from, 903, fin|ack, ""),
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for i, data := range [][]byte{pcap(order, link.number, packets...), pcapng(order, link.number, packets...)} {
				streams, ends, err := read(data)
				require.NoError(t, err, "%s, %d", link.name, i)
				assert.Equal(t, map[string]string{"1>": "hello", "1<": "hi"}, streams, link.name)
				assert.Equal(t, map[string]error{"1>": io.EOF, "1<": io.EOF}, ends, link.name)
				for c, err := range Streams(bytes.NewReader(data), service.Port()) {
					require.NoError(t, err)
					if c.ToServer && c.Err == nil {
						assert.Equal(t, time.Unix(1002, 500_000_000), c.Time, "%s, %d", link.name, i)
						assert.Equal(t, from, c.From)
						assert.Equal(t, to, c.To)
					}
				}
			}
		}
	}
}

// What packets have besides: no size where the network card was to divide them, headers
// with options, and fragments, whose bytes are missing.
func TestStreams_Packets(t *testing.T) {
	divided := ipPacket(client, service, 101, ack, strings.Repeat("x", 100))
	divided[2], divided[3] = 0, 0
	options := ipPacket(client, service, 201, ack, "")
	options[0], options[3] = 4<<4|6, 24+24+6 // a longer IP header, and a longer TCP header
	options = append(options[:20], append([]byte{1, 1, 1, 1}, options[20:]...)...)
	options[24+12] = 6 << 4
	options = append(options, "\x01\x01\x01\x01hello!"...)
	fragment := ipPacket(client, service, 207, ack, "of more")
	fragment[6] = 0x20
	streams, ends, err := read(pcap(binary.LittleEndian, 101, ipPacket(client, service, 100, syn, ""), divided, options, fragment,
		ipPacket(client, service, 214, ack, "later")))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"1>": strings.Repeat("x", 100) + "hello!"}, streams)
	assert.Equal(t, map[string]error{"1>": &GapError{Offset: 106, Missing: 7}}, ends)

	from, to := netip.MustParseAddrPort("[fe80::1]:40000"), netip.MustParseAddrPort("[fe80::2]:9092")
	zeros := strings.Repeat("\x00", 14)
	for _, test := range []struct {
		name    string
		kind    byte
		headers string
		want    map[string]string
	}{
		{"options for hops, and routing", 0, "\x2b\x00\x01\x04\x00\x00\x00\x00" + "\x06\x01" + zeros, map[string]string{"1>": "hello"}},
		{"a fragment that is the whole packet", 44, "\x06\xff\x00\x06\x00\x00\x00\x01", map[string]string{"1>": "hello"}},
		{"the first fragment", 44, "\x06\x00\x00\x01\x00\x00\x00\x01", map[string]string{}},
		{"the last fragment", 44, "\x06\x00\x00\x08\x00\x00\x00\x01", map[string]string{}},
		{"authentication", 51, "\x06\x02" + zeros, map[string]string{"1>": "hello"}},
	} {
		v6 := ipPacket(from, to, 100, ack, "hello")
		v6[6], v6[5] = test.kind, v6[5]+byte(len(test.headers))
		v4 := ipPacket(client, service, 100, ack, "hello")
		v4[9], v4[3] = test.kind, v4[3]+byte(len(test.headers))
		packets := [][]byte{slices.Concat(v6[:40], []byte(test.headers), v6[40:], []byte("padding"))}
		if test.kind == 51 {
			packets = append(packets, slices.Concat(v4[:20], []byte(test.headers), v4[20:], []byte("padding")))
		}
		for _, p := range packets {
			streams, _, _ := read(pcap(binary.LittleEndian, 101, p))
			assert.Equal(t, test.want, streams, test.name)
		}
	}
}

// A file in the newer format may have several sections, each with its own interfaces, and
// packets without a time.
func TestStreams_Sections(t *testing.T) {
	first := pcapng(binary.LittleEndian, 1, frame(client, service, 100, syn, ""), frame(client, service, 101, ack, "hello"))
	second := pcapng(binary.BigEndian, 101, ipPacket(client, service, 106, fin, " world"))
	streams, ends, err := read(append(first, second...))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"1>": "hello world"}, streams)
	assert.Equal(t, map[string]error{"1>": io.EOF}, ends)

	order := binary.LittleEndian
	simple := pcapng(order, 101)
	order.PutUint32(simple[28+12:], 44) // bytes that are captured of a packet
	packet := ipPacket(client, service, 7, ack, "hello")
	block := order.AppendUint32(nil, simplePacket)
	block = order.AppendUint32(block, 16+44)
	block = order.AppendUint32(block, uint32(len(packet)))
	block = append(block, packet[:44]...)
	block = order.AppendUint32(block, 16+44)
	streams, _, err = read(append(simple, block...))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"1>": "hell"}, streams)
	block[4] = 16 + 42
	_, _, err = read(append(simple, block...))
	assert.ErrorContains(t, err, "a block of 58 bytes: want a multiple of 4")
	order.PutUint32(block[4:], 16+44)
	order.PutUint32(block[8:], 1<<20)
	order.PutUint32(simple[28+12:], 0)
	_, _, err = read(append(simple, block...))
	assert.ErrorContains(t, err, "a packet of 1048576 bytes in a block that has 44 for it")
}

// However a stream is cut into segments, sent again, overlapping, and out of order, its
// bytes are returned once and in order, over the end of the sequence numbers too. Of bytes
// that differ, those that were captured first are returned.
func TestStreams_Reassembly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := make([]byte, rapid.IntRange(0, 300).Draw(t, "size"))
		first := rapid.SampledFrom([]uint32{0, 1000, 1<<31 - 5, 1<<32 - 100, 1<<32 - 1}).Draw(t, "seq")
		type part struct{ begin, end int }
		var parts []part
		for at := 0; at < len(stream); {
			end := rapid.IntRange(at+1, min(at+40, len(stream))).Draw(t, "end")
			parts = append(parts, part{rapid.IntRange(max(0, at-20), at).Draw(t, "begin"), end})
			at = end
		}
		for range rapid.IntRange(0, 5).Draw(t, "again") {
			if len(parts) > 0 {
				parts = append(parts, rapid.SampledFrom(parts).Draw(t, "part"))
			}
		}
		packets := [][]byte{frame(client, service, first, syn, "")}
		for i, p := range rapid.Permutation(parts).Draw(t, "order") {
			letter := byte('A' + i%50)
			packets = append(packets, frame(client, service, first+1+uint32(p.begin), ack, strings.Repeat(string(letter), p.end-p.begin)))
			for at := p.begin; at < p.end; at++ {
				if stream[at] == 0 {
					stream[at] = letter
				}
			}
		}
		end := frame(client, service, first+1+uint32(len(stream)), fin|ack, "")
		at := rapid.IntRange(1, len(packets)).Draw(t, "fin")
		packets = append(packets[:at], append([][]byte{end}, packets[at:]...)...)
		streams, ends, err := read(pcap(binary.LittleEndian, 1, packets...))
		if err != nil || streams["1>"] != string(stream) || ends["1>"] != io.EOF {
			t.Fatalf("%q, %v, %v; want %q, EOF, nil", streams["1>"], ends["1>"], err, stream)
		}
	})
}

// How directions end, and what a capture lacks.
func TestStreams_Ends(t *testing.T) {
	to := func(seq uint32, flags byte, data string) []byte { return frame(client, service, seq, flags, data) }
	from := func(seq uint32, flags byte, data string) []byte { return frame(service, client, seq, flags, data) }
	cut := to(111, ack, "0123456789")
	for _, test := range []struct {
		name    string
		packets [][]byte
		streams map[string]string
		ends    map[string]error
	}{
		{"reset", [][]byte{to(100, syn, ""), to(101, ack, "hello"), from(900, rst, "")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": ErrReset}},
		{"the capture ends", [][]byte{to(100, syn, ""), to(101, ack, "hello")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": ErrOpen}},
		{"a text in a reset", [][]byte{to(100, syn, ""), to(101, ack, "hello"), to(106, rst|ack, "no")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": ErrReset}},
		{"a text in a reset of nothing", [][]byte{to(100, syn, ""), frame(netip.MustParseAddrPort("10.0.0.3:1"), service, 1, rst, "no")},
			map[string]string{"1>": ""}, map[string]error{"1>": ErrOpen}},
		{"a reset of one direction, and the port again", [][]byte{from(900, syn|ack, ""), from(901, rst, ""), to(7000, syn, ""), to(7001, fin, "two")},
			map[string]string{"1<": "", "2>": "two"}, map[string]error{"1<": ErrReset, "2>": io.EOF}},
		{"bytes after the end", [][]byte{to(100, syn, ""), to(106, ack, "stray"), to(120, ack, "stray"), to(101, fin, "hello")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": io.EOF}},
		{"another end", [][]byte{to(100, syn, ""), to(106, fin, ""), to(110, fin, ""), to(101, ack, "hello")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": io.EOF}},
		{"an end among delivered bytes", [][]byte{to(100, syn, ""), to(101, ack, "hello"), to(103, fin, ""), to(110, ack, "later")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": &GapError{Offset: 5, Missing: 4}}},
		{"a gap before the end, and bytes after it", [][]byte{to(100, syn, ""), to(120, ack, "stray"), to(106, fin, "")},
			map[string]string{"1>": ""}, map[string]error{"1>": &GapError{Offset: 0, Missing: 5}}},
		{"a gap", [][]byte{to(100, syn, ""), to(101, ack, "hello"), to(110, ack, "after it"), to(118, fin|ack, "")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": &GapError{Offset: 5, Missing: 4}}},
		{"a gap at the end", [][]byte{to(100, syn, ""), to(101, ack, "hello"), to(110, fin|ack, "")},
			map[string]string{"1>": "hello"}, map[string]error{"1>": &GapError{Offset: 5, Missing: 4}}},
		{"a gap before a reset", [][]byte{to(100, syn, ""), to(110, ack, "after it"), to(118, rst, "")},
			map[string]string{"1>": ""}, map[string]error{"1>": &GapError{Offset: 0, Missing: 9}}},
		{"packets in part", [][]byte{to(100, syn, ""), to(101, ack, "0123456789"), cut[:len(cut)-4], to(121, ack, "more")},
			map[string]string{"1>": "0123456789012345"}, map[string]error{"1>": &GapError{Offset: 16, Missing: 4, Cut: true}}},
		{"the port again", [][]byte{to(100, syn, ""), to(101, fin, "one"), to(100, syn, ""), to(7000, syn, ""), to(7001, fin, "two")},
			map[string]string{"1>": "one", "2>": "two"}, map[string]error{"1>": io.EOF, "2>": io.EOF}},
		{"the port again, too early", [][]byte{to(100, syn, ""), to(101, ack, "one"), to(7000, syn, ""), to(7001, fin, "two")},
			map[string]string{"1>": "one", "2>": "two"}, map[string]error{"1>": ErrReset, "2>": io.EOF}},
		{"SYN after the first bytes", [][]byte{to(101, ack, "one"), to(100, syn, ""), to(104, fin, "two")},
			map[string]string{"1>": "onetwo"}, map[string]error{"1>": io.EOF}},
		{"keep-alive probes", [][]byte{to(100, syn, ""), to(101, ack, "one"), to(103, ack, "e"), to(103, ack, ""), to(104, fin, "two")},
			map[string]string{"1>": "onetwo"}, map[string]error{"1>": io.EOF}},
		{"last words", [][]byte{to(100, syn, ""), to(101, fin, "one"), to(105, ack, ""), to(101, fin, "one"), to(105, rst, "")},
			map[string]string{"1>": "one"}, map[string]error{"1>": io.EOF}},
	} {
		streams, ends, err := read(pcap(binary.LittleEndian, 1, test.packets...))
		assert.NoError(t, err, test.name)
		assert.Equal(t, test.streams, streams, test.name)
		assert.Equal(t, test.ends, ends, test.name)
	}
	assert.EqualError(t, &GapError{Offset: 5, Missing: 4}, "4 bytes are missing at offset 5 of the stream")
	assert.ErrorContains(t, &GapError{Offset: 5, Missing: 4, Cut: true}, "tcpdump -s 0")
}

// A capture that begins inside a connection says so.
func TestStreams_Late(t *testing.T) {
	data := pcap(binary.LittleEndian, 1, frame(client, service, 500, ack, "llo"), frame(service, client, 1, syn|ack, ""), frame(service, client, 2, fin, "hi"))
	late := map[bool]bool{}
	for c, err := range Streams(bytes.NewReader(data), service.Port()) {
		require.NoError(t, err)
		late[c.ToServer] = c.Late
	}
	assert.Equal(t, map[bool]bool{true: true, false: false}, late)
}

// A direction with a gap ends when many bytes have followed the gap.
func TestStreams_GivesUp(t *testing.T) {
	const size = 32 << 10
	packets := [][]byte{frame(client, service, 100, syn, ""), frame(client, service, 101, ack, "hello")}
	block := strings.Repeat("x", size)
	n := maxPending/size + 2
	for i := range n {
		packets = append(packets, frame(client, service, 200+uint32(i*size), ack, block))
	}
	packets = append(packets, frame(client, service, 106, ack, strings.Repeat("y", 94))) // too late
	streams, ends, err := read(pcap(binary.LittleEndian, 1, packets...))
	require.NoError(t, err)
	assert.Equal(t, "hello", streams["1>"])
	assert.Equal(t, &GapError{Offset: 5, Missing: 94}, ends["1>"])
}

// A direction with a gap of bytes that its receiver has acknowledged ends a second later;
// a segment that is captured before then fills the gap.
func TestStreams_Acknowledged(t *testing.T) {
	to := func(seq uint32, flags byte, data string) []byte { return frame(client, service, seq, flags, data) }
	from := func(next uint32) []byte { return acknowledging(next, frame(service, client, 901, ack, "")) }
	other := frame(netip.MustParseAddrPort("10.0.0.3:1"), service, 1, ack, "x")
	open, opened := to(100, syn, ""), acknowledging(101, frame(service, client, 900, syn|ack, ""))
	hello, later, end := to(101, ack, "hello"), to(110, ack, "later"), to(110, fin, "")
	at := func(tenths int) time.Time { return time.Unix(1000, int64(tenths)*1e8) }
	for _, test := range []struct {
		name    string
		packets [][]byte // every 0.4 s
		stream  string
		end     error
		time    time.Time
	}{
		{"pending bytes", [][]byte{open, opened, hello, later, from(115), other, other, other, other}, "hello", &GapError{Offset: 5, Missing: 4}, at(28)},
		{"the end", [][]byte{open, opened, hello, end, from(111), other, other, other, other}, "hello", &GapError{Offset: 5, Missing: 4}, at(28)},
		{"acknowledged before", [][]byte{open, opened, hello, from(115), later, other, other, other, other}, "hello", &GapError{Offset: 5, Missing: 4}, at(28)},
		{"acknowledged before, and less again", [][]byte{open, opened, hello, from(115), from(106), later, other, other, other}, "hello", &GapError{Offset: 5, Missing: 4}, at(32)},
		{"filled in time", [][]byte{open, opened, hello, from(115), later, other, to(106, ack, "it's"), other, to(115, fin, "")}, "helloit'slater", io.EOF, at(32)},
		{"another gap", [][]byte{open, opened, hello, later, to(117, fin, ""), from(118), other, to(106, ack, "it's"), other, other, other, other}, "helloit'slater",
			&GapError{Offset: 14, Missing: 2}, at(44)},
		{"not acknowledged", [][]byte{open, opened, hello, later, from(106), other, other, other, other}, "hello", &GapError{Offset: 5, Missing: 4}, time.Time{}},
		{"nothing after it", [][]byte{open, opened, hello, from(115), other, other, other, other}, "hello", ErrOpen, time.Time{}},
	} {
		stream := ""
		for c, err := range Streams(bytes.NewReader(every(400*time.Millisecond, test.packets...)), service.Port()) {
			require.NoError(t, err, test.name)
			if c.Conn != 1 || !c.ToServer {
				continue
			}
			stream += string(c.Data)
			if c.Err != nil {
				assert.Equal(t, test.end, c.Err, test.name)
				assert.Equal(t, test.time, c.Time, test.name)
			}
		}
		assert.Equal(t, test.stream, stream, test.name)
	}
}

// Without times, a direction with a gap ends where the connection or the capture does.
func TestStreams_AcknowledgedWithoutTimes(t *testing.T) {
	var ends []error
	a := &assembly{port: service.Port(), conns: map[pair]*conn{}, yield: func(c Chunk, _ error) bool {
		ends = append(ends, c.Err)
		return true
	}}
	later, acked := frame(client, service, 110, ack, "later"), acknowledging(115, frame(service, client, 901, ack, ""))
	for _, p := range [][]byte{frame(client, service, 100, syn, ""), later, acked, acked} {
		require.NoError(t, a.packet(Packet{Link: linkEthernet, Data: p}))
	}
	require.NoError(t, a.packet(Packet{Time: time.Unix(1000, 0), Link: linkEthernet, Data: later}))
	assert.Empty(t, ends)
	a.endAll()
	assert.Equal(t, []error{&GapError{Offset: 0, Missing: 9}}, ends)
}

// Bytes that were delivered are not kept, even if later ones are pending.
func TestStreams_Memory(t *testing.T) {
	a := &assembly{port: service.Port(), conns: map[pair]*conn{}, yield: func(Chunk, error) bool { return true }}
	add := func(seq uint32, flags byte, data string) {
		require.NoError(t, a.packet(Packet{Link: linkEthernet, Data: frame(client, service, seq, flags, data)}))
	}
	add(100, syn, "")
	add(106, ack, strings.Repeat("x", 1000))
	add(2000, ack, strings.Repeat("x", 1000))
	d := &a.conns[pair{client, service}].toServer
	require.Len(t, d.pending, 2)
	first, second := weak.Make(&d.pending[0].data[0]), weak.Make(&d.pending[1].data[0])
	add(101, ack, "hello")
	require.Len(t, d.pending, 1)
	assert.Equal(t, 1000+overhead, a.held)
	runtime.GC()
	assert.Nil(t, first.Value())
	assert.NotNil(t, second.Value())
	add(1106, ack, strings.Repeat("y", 2000-1106))
	assert.Nil(t, d.pending)
	assert.Zero(t, a.held)
}

// Any number of connections may follow one another, also those of which the capture has
// only one direction, whether they are refused, reset or ended.
func TestStreams_Many(t *testing.T) {
	for name, packets := range map[string]func(from netip.AddrPort) [][]byte{
		"refused": func(from netip.AddrPort) [][]byte {
			return [][]byte{frame(from, service, 100, syn, ""), frame(service, from, 0, rst|ack, "")}
		},
		"only to the server": func(from netip.AddrPort) [][]byte {
			return [][]byte{frame(from, service, 100, syn, ""), frame(from, service, 101, fin|ack, "")}
		},
		"only to the client": func(to netip.AddrPort) [][]byte {
			return [][]byte{frame(service, to, 100, syn|ack, ""), frame(service, to, 101, rst, "")}
		},
		"with gaps": func(from netip.AddrPort) [][]byte {
			return [][]byte{frame(from, service, 100, syn, ""), frame(from, service, 110, ack, "later"), acknowledging(115, frame(service, from, 901, rst|ack, ""))}
		},
	} {
		a := &assembly{port: service.Port(), conns: map[pair]*conn{}, yield: func(Chunk, error) bool { return true }}
		for i := range maxConns + 1 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 16), byte(i >> 8)}), uint16(i&0xff)+1)
			for _, p := range packets(from) {
				require.NoError(t, a.packet(Packet{Time: time.Unix(1000, 0), Link: linkEthernet, Data: p}), name)
			}
		}
		assert.Len(t, a.conns, 1, name)
		assert.LessOrEqual(t, len(a.suspects), maxConns, name)
	}
}

// Packets of a link that is not known are skipped.
func TestStreams_OtherLinks(t *testing.T) {
	data := append(pcapng(binary.LittleEndian, 105, []byte("80211")), pcapng(binary.LittleEndian, 1, frame(client, service, 100, syn, ""), frame(client, service, 101, fin, "hello"))...)
	streams, ends, err := read(data)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"1>": "hello"}, streams)
	assert.Equal(t, map[string]error{"1>": io.EOF}, ends)
}

// What is not a capture, or a damaged one, is an error that says what and where; what
// came before it is returned.
func TestStreams_Errors(t *testing.T) {
	whole := pcap(binary.LittleEndian, 1, frame(client, service, 100, syn, ""), frame(client, service, 101, ack, "hello"))
	ng := pcapng(binary.BigEndian, 1, frame(client, service, 100, syn, ""))
	other := pcap(binary.LittleEndian, 1, frame(client, netip.AddrPortFrom(service.Addr(), 80), 100, syn, ""))
	cut := pcap(binary.LittleEndian, 1, frame(client, service, 100, syn, "")[:14+20+12])
	binary.LittleEndian.PutUint32(cut[24+12:], 14+20+20)
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(huge[32:], 1<<31)
	for _, test := range []struct {
		name string
		data []byte
		says string
	}{
		{"nothing", nil, "the capture is empty"},
		{"text", []byte("hello world"), "neither pcap nor pcapng: the first bytes are 68 65 6c 6c"},
		{"a short header", whole[:10], "the file ends after 6 of 20 bytes"},
		{"a short packet", whole[:len(whole)-2], "capture at offset 110: the file ends after 57 of 59 bytes"},
		{"a short packet header", whole[:30], "the file ends after 6 of 16 bytes"},
		{"a huge packet", huge, "a packet of 2147483648 bytes: want at most 1048576"},
		{"a link", pcap(binary.LittleEndian, 105, []byte("80211"), []byte("80211")), "no TCP connection to port 9092 in 2 packets; of other types of links: 2, the first of type 105 (want Ethernet, "},
		{"packets in part", cut, "no TCP connection to port 9092 in 1 packets; captured only in part, without a TCP header: 1 (tcpdump -s 0 "},
		{"another port", other, "no TCP connection to port 9092 in 1 packets"},
		{"a short block", ng[:len(ng)-3], "the file ends after"},
		{"a byte order", []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x01\x02\x03\x04"), "a section whose byte order is 01 02 03 04"},
		{"a block size", []byte("\x0a\x0d\x0d\x0a\x05\x00\x00\x00\x4d\x3c\x2b\x1a"), "a block of 5 bytes"},
	} {
		_, _, err := read(test.data)
		if assert.Error(t, err, test.name) {
			assert.Contains(t, err.Error(), test.says, test.name)
		}
	}
	streams, ends, err := read(whole[:len(whole)-2])
	assert.Error(t, err)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, map[string]string{"1>": ""}, streams)
	assert.Equal(t, map[string]error{"1>": ErrOpen}, ends)
}

// Whoever stops the iteration gets no further chunk.
func TestStreams_Stop(t *testing.T) {
	data := pcap(binary.LittleEndian, 1, frame(client, service, 100, syn, ""), frame(client, service, 101, ack, "a"),
		frame(client, service, 102, ack, "b"), frame(service, client, 1, rst, ""))
	for stop := range 4 {
		n := 0
		for range Streams(bytes.NewReader(data), service.Port()) {
			if n++; n > stop {
				break
			}
		}
		assert.LessOrEqual(t, n, stop+1)
	}
}

// FuzzStreams verifies that hostile captures do not panic, that offsets are those of the
// bytes that were returned, and that nothing follows the end of a direction.
func FuzzStreams(f *testing.F) {
	packets := [][]byte{
		frame(client, service, 100, syn, ""), frame(service, client, 900, syn|ack, ""), frame(client, service, 101, ack, "hello"),
		frame(client, service, 110, ack, "later"), frame(service, client, 901, fin|ack, "hi"), frame(client, service, 106, ack, "then"),
	}
	f.Add(pcap(binary.LittleEndian, 1, packets...))
	f.Add(pcapng(binary.BigEndian, 1, packets...))
	f.Add(pcap(binary.BigEndian, 101, ipPacket(client, service, 1, ack, "x")))
	f.Add(every(time.Second, packets[0], packets[1], packets[3], acknowledging(115, frame(service, client, 901, ack, "")), packets[4], packets[5]))
	f.Add(slices.Concat(section(binary.BigEndian), description(binary.BigEndian, 1, resolution(binary.BigEndian, 0x80|63), timeOffset(binary.BigEndian, -1)),
		enhanced(binary.BigEndian, 1<<63, packets[0])))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4<<10 {
			return
		}
		streams, ends, err := read(data)
		if err != nil && err.Error() == "a chunk after the end of its direction" {
			t.Fatal(err)
		}
		for name, end := range ends {
			var gap *GapError
			if errors.As(end, &gap) && (gap.Offset != int64(len(streams[name])) || gap.Missing <= 0) {
				t.Fatalf("%s: %v after %d bytes", name, gap, len(streams[name]))
			}
		}
	})
}
