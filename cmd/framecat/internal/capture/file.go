package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"time"
)

// A Packet is a packet of a capture.
type Packet struct {
	Time time.Time // zero if the capture does not tell
	Link int       // the type of the link: 1 is Ethernet
	Data []byte    // the captured bytes; valid for one step of the iteration
	Cut  bool      // the packet had more bytes than were captured
}

const (
	maxPacket     = 1 << 20 // bytes of a packet; tcpdump captures at most 256 KiB
	maxInterfaces = 1 << 12 // in a pcapng section
	maxTime       = 1 << 37 // seconds since 1970: until about the year 6300
)

// Packets returns an iterator over the packets of a capture. It yields an error, as the
// last step, if src fails, or is not a capture, or ends inside a packet.
func Packets(src io.Reader) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		f := &file{src: src}
		magic, err := f.read(4)
		if err == nil {
			switch m := binary.LittleEndian.Uint32(magic); m {
			case sectionHeader:
				err = f.pcapng(yield)
			default:
				err = f.pcap(m, yield)
			}
		}
		if err == io.EOF {
			err = errors.New("the capture is empty")
		}
		if err != nil && err != errStop {
			yield(Packet{}, fmt.Errorf("capture at offset %d: %w", f.start, err))
		}
	}
}

// errStop is returned where yield was false.
var errStop = errors.New("stop")

// A file is a capture that is being read.
type file struct {
	src      io.Reader
	order    binary.ByteOrder
	start    int64 // offset of the bytes that were read last
	position int64 // offset of the following byte
	buf      []byte
}

// read reads n bytes, at most maxPacket and a little more; they are valid until the next
// call. The error is io.EOF if there is no further byte.
func (f *file) read(n int) ([]byte, error) {
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	f.start = f.position
	got, err := io.ReadFull(f.src, f.buf[:n])
	f.position += int64(got)
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("the file ends after %d of %d bytes: %w", got, n, err)
	}
	return f.buf[:n], err
}

// inside is the error of a read that is not the first of a packet.
func inside(err error) error {
	if err == io.EOF {
		return fmt.Errorf("the file ends inside a packet: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// pcap reads what follows the magic number of a file in the older format.
func (f *file) pcap(magic uint32, yield func(Packet, error) bool) error {
	unit := time.Microsecond
	switch magic {
	case 0xa1b2c3d4:
		f.order = binary.LittleEndian
	case 0xa1b23c4d:
		f.order, unit = binary.LittleEndian, time.Nanosecond
	case 0xd4c3b2a1:
		f.order = binary.BigEndian
	case 0x4d3cb2a1:
		f.order, unit = binary.BigEndian, time.Nanosecond
	default:
		return fmt.Errorf("neither pcap nor pcapng: the first bytes are % x", binary.LittleEndian.AppendUint32(nil, magic))
	}
	header, err := f.read(20)
	if err != nil {
		return inside(err)
	}
	link := int(f.order.Uint32(header[16:]) & 0xffff) // the other bits tell of check sequences
	for {
		header, err := f.read(16)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		size := f.order.Uint32(header[8:])
		if size > maxPacket {
			return fmt.Errorf("a packet of %d bytes: want at most %d", size, maxPacket)
		}
		at := time.Unix(int64(f.order.Uint32(header)), int64(f.order.Uint32(header[4:]))*int64(unit))
		isCut := size < f.order.Uint32(header[12:])
		data, err := f.read(int(size))
		if err != nil {
			return inside(err)
		}
		if !yield(Packet{at, link, data, isCut}, nil) {
			return errStop
		}
	}
}

// The types of blocks in a pcapng file.
const (
	sectionHeader        = 0x0a0d0d0a
	interfaceDescription = 1
	obsoletePacket       = 2
	simplePacket         = 3
	enhancedPacket       = 6
)

// fixedSize is the size of the fixed part of a body, for the types of blocks that are not
// skipped.
var fixedSize = map[uint32]uint32{interfaceDescription: 8, obsoletePacket: 20, simplePacket: 4, enhancedPacket: 20}

// An iface is an interface of a pcapng section.
type iface struct {
	link   int
	snap   uint32 // bytes that are captured of a packet, or 0 if all are
	units  uint64 // of time in a second
	offset int64  // seconds to be added to a time
}

// pcapng reads what follows the first block type.
func (f *file) pcapng(yield func(Packet, error) bool) error {
	var interfaces []iface
	for kind := uint32(sectionHeader); ; {
		body, err := f.block(kind)
		if err != nil {
			return inside(err)
		}
		switch kind {
		case sectionHeader:
			interfaces = nil
		case interfaceDescription:
			if len(interfaces) == maxInterfaces {
				return fmt.Errorf("a section with more than %d interfaces", maxInterfaces)
			}
			i, err := f.iface(body)
			if err != nil {
				return err
			}
			interfaces = append(interfaces, i)
		case obsoletePacket, simplePacket, enhancedPacket:
			p, err := f.packet(kind, body, interfaces)
			if err != nil {
				return err
			}
			if !yield(p, nil) {
				return errStop
			}
		}
		next, err := f.read(4)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		kind = f.order.Uint32(next)
	}
}

// block reads the rest of a block, and returns its body, or nil if the block is skipped.
func (f *file) block(kind uint32) ([]byte, error) {
	header, err := f.read(4)
	if err != nil {
		return nil, err
	}
	size := [4]byte(header)
	done := uint32(8)
	if kind == sectionHeader { // it tells the byte order of all that follows, its own size included
		magic, err := f.read(4)
		if err != nil {
			return nil, err
		}
		switch binary.LittleEndian.Uint32(magic) {
		case 0x1a2b3c4d:
			f.order = binary.LittleEndian
		case 0x4d3c2b1a:
			f.order = binary.BigEndian
		default:
			return nil, fmt.Errorf("a section whose byte order is % x: want 1a 2b 3c 4d in either direction", magic)
		}
		done = 12
	}
	n := f.order.Uint32(size[:])
	fixed, isRead := fixedSize[kind]
	least := done + fixed + 4
	switch {
	case n < least || n%4 != 0:
		return nil, fmt.Errorf("a block of %d bytes: want a multiple of 4, %d or more", n, least)
	case isRead && n > maxPacket+64:
		return nil, fmt.Errorf("a block of %d bytes: want at most %d", n, maxPacket+64)
	}
	var body, trailer []byte
	if isRead {
		body, err = f.read(int(n - done))
		body, trailer = body[:n-done-4], body[n-done-4:]
	} else {
		var skipped int64
		skipped, err = io.CopyN(io.Discard, f.src, int64(n-done-4))
		f.position += skipped
		if err == nil {
			trailer, err = f.read(4)
		}
	}
	if err != nil {
		return nil, err
	}
	if again := f.order.Uint32(trailer); again != n {
		return nil, fmt.Errorf("a block of %d bytes that has the size %d at its end", n, again)
	}
	return body, nil
}

// iface returns what an interface description says.
func (f *file) iface(body []byte) (iface, error) {
	i := iface{link: int(f.order.Uint16(body)), snap: f.order.Uint32(body[4:]), units: 1e6}
	for options := body[8:]; len(options) >= 4; {
		code, size := f.order.Uint16(options), int(f.order.Uint16(options[2:]))
		options = options[4:]
		if size > len(options) {
			break
		}
		const resolution, offset = 9, 14
		switch {
		case code == resolution && size == 1:
			base, power, most := uint64(10), options[0], byte(19) // the most that a uint64 holds
			if power&0x80 != 0 {
				base, power, most = 2, power&0x7f, 63
			}
			if power > most {
				return i, fmt.Errorf("an interface with times in units of %d^-%d s: want at most %d^-%d", base, power, base, most)
			}
			i.units = 1
			for range power {
				i.units *= base
			}
		case code == offset && size == 8:
			i.offset = int64(f.order.Uint64(options))
		}
		options = options[min((size+3)&^3, len(options)):]
	}
	return i, nil
}

// time returns the time of a packet, or the zero Time if it is out of range.
func (i iface) time(ticks uint64) time.Time {
	seconds, rest := ticks/i.units, ticks%i.units
	at := int64(seconds) + i.offset
	if seconds >= maxTime || at < 0 || at >= maxTime {
		return time.Time{}
	}
	high, low := bits.Mul64(rest, 1e9)
	nanoseconds, _ := bits.Div64(high, low, i.units)
	return time.Unix(at, int64(nanoseconds))
}

// packet returns the packet of a block, whose body is long enough for its fixed part.
func (f *file) packet(kind uint32, body []byte, interfaces []iface) (Packet, error) {
	number, size, data := uint32(0), f.order.Uint32(body), body[fixedSize[kind]:]
	original := size
	if kind != simplePacket {
		number, size, original = f.order.Uint32(body), f.order.Uint32(body[12:]), f.order.Uint32(body[16:])
	}
	if kind == obsoletePacket { // the other 16 bits count dropped packets
		number = uint32(f.order.Uint16(body))
	}
	if int64(number) >= int64(len(interfaces)) {
		return Packet{}, fmt.Errorf("a packet of interface %d: the section has %d", number, len(interfaces))
	}
	i := interfaces[number]
	p := Packet{Link: i.link}
	if kind != simplePacket {
		p.Time = i.time(uint64(f.order.Uint32(body[4:]))<<32 | uint64(f.order.Uint32(body[8:])))
	} else if i.snap > 0 {
		size = min(size, i.snap)
	}
	if int64(size) > int64(len(data)) {
		return Packet{}, fmt.Errorf("a packet of %d bytes in a block that has %d for it", size, len(data))
	}
	p.Data, p.Cut = data[:size], size < original
	return p, nil
}
