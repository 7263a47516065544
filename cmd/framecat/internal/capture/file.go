package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"
)

// A Packet is a packet of a capture.
type Packet struct {
	Time time.Time // zero if the capture does not tell
	Link int       // the type of the link: 1 is Ethernet
	Data []byte    // what was captured of it; valid for one step of the iteration
}

const (
	maxPacket    = 1 << 20 // bytes of a packet; tcpdump captures at most 256 KiB
	maxInterface = 1 << 12 // in a pcapng section
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
			yield(Packet{}, fmt.Errorf("capture at offset %d: %w", f.offset, err))
		}
	}
}

// errStop is returned where yield was false.
var errStop = errors.New("stop")

// A file is a capture that is being read.
type file struct {
	src    io.Reader
	order  binary.ByteOrder
	offset int64 // of what was read last
	next   int64 // of the following byte
	buf    []byte
}

// read reads n bytes, at most maxPacket and a little more; they are valid until the next
// call. The error is io.EOF if there is no further byte.
func (f *file) read(n int) ([]byte, error) {
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	f.offset = f.next
	got, err := io.ReadFull(f.src, f.buf[:n])
	f.next += int64(got)
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
		data, err := f.read(int(size))
		if err != nil {
			return inside(err)
		}
		if !yield(Packet{at, link, data}, nil) {
			return errStop
		}
	}
}

// The types of blocks in a pcapng file.
const (
	sectionHeader        = 0x0a0d0d0a
	interfaceDescription = 1
	simplePacket         = 3
	enhancedPacket       = 6
)

// An iface is an interface of a pcapng section.
type iface struct {
	link  int
	snap  uint32  // bytes that are captured of a packet, or 0 if all are
	units float64 // in a second
}

// pcapng reads what follows the first block type.
func (f *file) pcapng(yield func(Packet, error) bool) error {
	var ifaces []iface
	for kind := uint32(sectionHeader); ; {
		body, err := f.block(kind)
		if err != nil {
			return inside(err)
		}
		switch {
		case kind == sectionHeader:
			ifaces = nil
		case kind == interfaceDescription && len(body) >= 8 && len(ifaces) < maxInterface:
			ifaces = append(ifaces, f.iface(body))
		case kind == enhancedPacket && len(body) >= 20 || kind == simplePacket && len(body) >= 4:
			p, err := f.packet(kind, body, ifaces)
			if err != nil {
				return err
			}
			if !yield(p, nil) {
				return errStop
			}
		case kind == interfaceDescription || kind == enhancedPacket || kind == simplePacket:
			return fmt.Errorf("a block of type %d with %d bytes: it is too short, or there are too many", kind, len(body))
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

// block reads the rest of a block, and returns its body.
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
	if n < done+4 || n%4 != 0 {
		return nil, fmt.Errorf("a block of %d bytes: want a multiple of 4, %d or more", n, done+4)
	}
	packet := kind == enhancedPacket || kind == simplePacket || kind == interfaceDescription
	if packet && n > maxPacket+64 {
		return nil, fmt.Errorf("a block of %d bytes: want at most %d", n, maxPacket+64)
	}
	if !packet {
		skipped, err := io.CopyN(io.Discard, f.src, int64(n-done))
		f.next += skipped
		return nil, err
	}
	body, err := f.read(int(n - done))
	return body[:n-done-4], err
}

// iface returns what an interface description says.
func (f *file) iface(body []byte) iface {
	i := iface{link: int(f.order.Uint16(body)), snap: f.order.Uint32(body[4:]), units: 1e6}
	for options := body[8:]; len(options) >= 4; {
		code, size := f.order.Uint16(options), int(f.order.Uint16(options[2:]))
		options = options[4:]
		if size > len(options) {
			break
		}
		const resolution = 9
		if code == resolution && size == 1 {
			if r := options[0]; r&0x80 == 0 {
				i.units = math.Pow10(int(r))
			} else {
				i.units = math.Exp2(float64(r & 0x7f))
			}
		}
		options = options[min((size+3)&^3, len(options)):]
	}
	return i
}

// packet returns the packet of a block, whose body is long enough for its fixed part.
func (f *file) packet(kind uint32, body []byte, ifaces []iface) (Packet, error) {
	number, size, data := uint32(0), uint32(0), body
	if kind == enhancedPacket {
		number, size, data = f.order.Uint32(body), f.order.Uint32(body[12:]), body[20:]
	} else {
		size, data = f.order.Uint32(body), body[4:]
	}
	if int64(number) >= int64(len(ifaces)) {
		return Packet{}, fmt.Errorf("a packet of interface %d: the section has %d", number, len(ifaces))
	}
	i := ifaces[number]
	p := Packet{Link: i.link}
	if kind == enhancedPacket {
		ticks := float64(uint64(f.order.Uint32(body[4:]))<<32 | uint64(f.order.Uint32(body[8:])))
		seconds, fraction := math.Modf(ticks / i.units)
		if seconds < 1<<40 {
			p.Time = time.Unix(int64(seconds), int64(fraction*1e9))
		}
	} else if i.snap > 0 {
		size = min(size, i.snap)
	}
	if int64(size) > int64(len(data)) {
		return Packet{}, fmt.Errorf("a packet of %d bytes in a block that has %d for it", size, len(data))
	}
	p.Data = data[:size]
	return p, nil
}
