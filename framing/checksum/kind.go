package checksum

import (
	"encoding/binary"
	"hash/crc32"
)

// A Kind is a checksum with the order of its bytes.
type Kind uint8

// The kinds of checksum. Those with LE in their name, and CRC16X25 and CRC16Modbus, as
// their protocols have it, are sent with the least significant byte first.
const (
	XOR8        Kind = iota // exclusive or of all bytes
	SUM8                    // sum of all bytes, modulo 256
	CRC16X25                // the FCS of HDLC and PPP (RFC 1662), ITU-T X.25
	CRC16Modbus             // Modbus RTU
	CRC16CCITT              // polynomial 1021, initial value ffff (CCITT-FALSE)
	CRC16XModem             // polynomial 1021, initial value 0
	CRC32                   // IEEE 802.3
	CRC32LE                 // CRC32, the least significant byte first
	CRC32C                  // Castagnoli
	CRC32CLE                // CRC32C, the least significant byte first
	numKinds    = iota
)

// kinds are the names that package spec uses, and the sizes in bytes.
var kinds = [numKinds]struct {
	name string
	size int
}{
	XOR8:        {"xor8", 1},
	SUM8:        {"sum8", 1},
	CRC16X25:    {"crc16-x25", 2},
	CRC16Modbus: {"crc16-modbus", 2},
	CRC16CCITT:  {"crc16-ccitt", 2},
	CRC16XModem: {"crc16-xmodem", 2},
	CRC32:       {"crc32", 4},
	CRC32LE:     {"crc32-le", 4},
	CRC32C:      {"crc32c", 4},
	CRC32CLE:    {"crc32c-le", 4},
}

// Kinds returns all kinds.
func Kinds() []Kind {
	all := make([]Kind, numKinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// String returns the name that package spec uses: "crc16-x25". For a value that is
// not a Kind it returns "unknown".
func (k Kind) String() string {
	if k >= numKinds {
		return "unknown"
	}
	return kinds[k].name
}

// Size returns the number of bytes of the checksum, or 0 for a value that is not a
// Kind.
func (k Kind) Size() int {
	if k >= numKinds {
		return 0
	}
	return kinds[k].size
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	x25        = reflected(0x8408)
	modbus     = reflected(0xa001)
	ccitt      = func() (t [256]uint16) {
		for i := range t {
			crc := uint16(i) << 8
			for range 8 {
				if crc&0x8000 != 0 {
					crc = crc<<1 ^ 0x1021
				} else {
					crc <<= 1
				}
			}
			t[i] = crc
		}
		return t
	}()
)

// reflected returns the table of a polynomial whose lowest bit is the first.
func reflected(poly uint16) (t [256]uint16) {
	for i := range t {
		crc := uint16(i)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ poly
			} else {
				crc >>= 1
			}
		}
		t[i] = crc
	}
	return t
}

// Append appends the checksum of data to dst and returns the extended slice. k must be
// one of the kinds above, or nothing is appended.
func (k Kind) Append(dst, data []byte) []byte {
	switch k {
	case XOR8:
		sum := byte(0)
		for _, c := range data {
			sum ^= c
		}
		return append(dst, sum)
	case SUM8:
		sum := byte(0)
		for _, c := range data {
			sum += c
		}
		return append(dst, sum)
	case CRC16X25:
		return binary.LittleEndian.AppendUint16(dst, ^low(&x25, data))
	case CRC16Modbus:
		return binary.LittleEndian.AppendUint16(dst, low(&modbus, data))
	case CRC16CCITT:
		return binary.BigEndian.AppendUint16(dst, high(0xffff, data))
	case CRC16XModem:
		return binary.BigEndian.AppendUint16(dst, high(0, data))
	case CRC32:
		return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(data))
	case CRC32LE:
		return binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(data))
	case CRC32C:
		return binary.BigEndian.AppendUint32(dst, crc32.Checksum(data, castagnoli))
	case CRC32CLE:
		return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(data, castagnoli))
	}
	return dst
}

// low returns a CRC whose lowest bit is the first, with the initial value ffff.
func low(t *[256]uint16, data []byte) uint16 {
	crc := uint16(0xffff)
	for _, c := range data {
		crc = t[byte(crc)^c] ^ crc>>8
	}
	return crc
}

// high returns a CRC whose highest bit is the first, of the polynomial 1021.
func high(crc uint16, data []byte) uint16 {
	for _, c := range data {
		crc = ccitt[byte(crc>>8)^c] ^ crc<<8
	}
	return crc
}
