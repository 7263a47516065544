package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packets returns the packets of a capture, and its error.
func packets(data []byte) (all []Packet, err error) {
	for p, err := range Packets(bytes.NewReader(data)) {
		if err != nil {
			return all, err
		}
		p.Data = bytes.Clone(p.Data)
		all = append(all, p)
	}
	return all, nil
}

// Times are exact, in any unit, and as far as a nanosecond tells.
func TestPackets_Times(t *testing.T) {
	type byteOrder interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
	for _, order := range []byteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, test := range []struct {
			name    string
			options [][]byte
			ticks   uint64
			want    time.Time
		}{
			{"microseconds", nil, 1_700_000_000_801_000, time.Unix(1_700_000_000, 801_000_000)},
			{"milliseconds", [][]byte{resolution(order, 3)}, 1_700_000_000_801, time.Unix(1_700_000_000, 801_000_000)},
			{"nanoseconds", [][]byte{resolution(order, 9)}, 1_700_000_000_801_000_001, time.Unix(1_700_000_000, 801_000_001)},
			{"seconds", [][]byte{resolution(order, 0)}, 1_700_000_000, time.Unix(1_700_000_000, 0)},
			{"10^-19 s", [][]byte{resolution(order, 19)}, 12_345_678_901_234_567_890, time.Unix(1, 234_567_890)},
			{"2^-63 s", [][]byte{resolution(order, 0x80|63)}, 3 << 62, time.Unix(1, 500_000_000)},
			{"the last time", [][]byte{resolution(order, 0)}, maxTime - 1, time.Unix(maxTime-1, 0)},
			{"after the last time", [][]byte{resolution(order, 0)}, maxTime, time.Time{}},
			{"after all times", [][]byte{resolution(order, 0)}, math.MaxUint64, time.Time{}},
			{"an offset", [][]byte{timeOffset(order, 1_700_000_000)}, 801_000, time.Unix(1_700_000_000, 801_000_000)},
			{"an offset backwards", [][]byte{timeOffset(order, -5)}, 7_801_000, time.Unix(2, 801_000_000)},
			{"before 1970", [][]byte{timeOffset(order, -5)}, 4_999_999, time.Time{}},
			{"an offset of all time", [][]byte{timeOffset(order, math.MaxInt64)}, 1_700_000_000_801_000, time.Time{}},
		} {
			all, err := packets(append(append(section(order), description(order, 1, test.options...)...), enhanced(order, test.ticks, nil)...))
			require.NoError(t, err, test.name)
			require.Len(t, all, 1, test.name)
			assert.Equal(t, test.want, all[0].Time, test.name)
		}
		for power, says := range map[byte]string{
			20:        "an interface with times in units of 10^-20 s: want at most 10^-19",
			0x80 | 64: "an interface with times in units of 2^-64 s: want at most 2^-63",
		} {
			_, err := packets(append(section(order), description(order, 1, resolution(order, power))...))
			assert.ErrorContains(t, err, says)
		}

		older := pcap(order, 1, []byte{})
		order.PutUint32(older[24:], 1_700_000_000)
		order.PutUint32(older[28:], 801_000)
		all, err := packets(older)
		require.NoError(t, err)
		assert.Equal(t, time.Unix(1_700_000_000, 801_000_000), all[0].Time)
		order.PutUint32(older, 0xa1b23c4d)
		order.PutUint32(older[28:], 801_000_001)
		all, err = packets(older)
		require.NoError(t, err)
		assert.Equal(t, time.Unix(1_700_000_000, 801_000_001), all[0].Time)
	}
}

// The obsolete Packet Block is read: its interface has 16 bits, the others count dropped
// packets.
func TestPackets_Obsolete(t *testing.T) {
	order := binary.BigEndian
	body := order.AppendUint16(nil, 1)
	body = order.AppendUint16(body, 7) // dropped packets
	body = append(body, enhanced(order, 801_000, []byte("hello"))[8+4:8+20]...)
	data := append(section(order), description(order, 1)...)
	data = append(data, description(order, 101)...)
	all, err := packets(append(data, block(order, 2, append(body, "hello"...))...))
	require.NoError(t, err)
	assert.Equal(t, []Packet{{Time: time.Unix(0, 801_000_000), Link: 101, Data: []byte("hello")}}, all)
}

// Packets that were captured only in part are marked.
func TestPackets_Cut(t *testing.T) {
	order := binary.LittleEndian
	older := pcap(order, 1, []byte("hello"), []byte("hello"))
	order.PutUint32(older[24+12:], 6)
	newer := append(section(order), description(order, 1)...)
	newer = append(newer, enhanced(order, 0, []byte("hello"))...)
	order.PutUint32(newer[len(newer)-4-8-4:], 6)
	newer = append(newer, enhanced(order, 0, []byte("hello"))...)
	for _, data := range [][]byte{older, newer} {
		all, err := packets(data)
		require.NoError(t, err)
		require.Len(t, all, 2)
		assert.True(t, all[0].Cut)
		assert.False(t, all[1].Cut)
	}
}

// Blocks whose sizes are wrong are errors, and interfaces without end.
func TestPackets_Blocks(t *testing.T) {
	order := binary.LittleEndian
	// after returns a capture with these blocks after an interface.
	after := func(blocks []byte) []byte { return slices.Concat(section(order), description(order, 1), blocks) }
	// wrong returns a block with another size at its end.
	wrong := func(block []byte) []byte {
		order.PutUint32(block[len(block)-4:], 1000)
		return block
	}
	for _, test := range []struct {
		name string
		data []byte
		says string
	}{
		{"the end of a packet", after(wrong(enhanced(order, 0, nil))), "a block of 32 bytes that has the size 1000 at its end"},
		{"the end of a skipped block", after(wrong(block(order, 0x0bad, nil))), "a block of 12 bytes that has the size 1000 at its end"},
		{"the end of a section header", wrong(section(order)), "a block of 28 bytes that has the size 1000 at its end"},
		{"a huge packet", after(order.AppendUint32(order.AppendUint32(nil, enhancedPacket), 1<<21)), "a block of 2097152 bytes: want at most 1048640"},
		{"a short packet", after(block(order, enhancedPacket, make([]byte, 16))), "a block of 28 bytes: want a multiple of 4, 32 or more"},
		{"a short obsolete packet", after(block(order, obsoletePacket, make([]byte, 16))), "a block of 28 bytes: want a multiple of 4, 32 or more"},
		{"a short simple packet", after(block(order, simplePacket, nil)), "a block of 12 bytes: want a multiple of 4, 16 or more"},
		{"a short interface", after(block(order, interfaceDescription, make([]byte, 4))), "a block of 16 bytes: want a multiple of 4, 20 or more"},
		{"many interfaces", after(bytes.Repeat(description(order, 1), maxInterfaces)), "a section with more than 4096 interfaces"},
		{"the end inside a skipped block", after(block(order, 0x0bad, make([]byte, 8))[:16]), io.ErrUnexpectedEOF.Error()},
	} {
		_, err := packets(test.data)
		assert.ErrorContains(t, err, test.says, test.name)
	}
	_, err := packets(after(bytes.Repeat(description(order, 1), maxInterfaces-1)))
	assert.NoError(t, err)
}
