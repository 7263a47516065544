package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/wholeframe/wholeframe/bench/peers/peer"
)

// minSize leaves room for the digits that make every frame of a ring another one.
const minSize = 4

// ringBytes bounds a script, so that comparing with it stays in the processor's cache; ringFrames keeps it small where
// frames are.
const (
	ringBytes  = 1 << 20
	ringFrames = 512
)

// A script is the endless sequence of frames that connections send and expect back: a ring of frames, no two alike.
// Since what comes back must be the very bytes that were sent, checking every byte is one comparison per read.
type script struct {
	frame int64 // bytes of a frame on the wire
	ring  int64 // bytes after which the sequence repeats itself
	data  []byte
}

// newScript makes a script from which windows of up to depth frames can be cut in one piece.
func newScript(framing string, size, depth int) (script, error) {
	if size < minSize || depth < 1 {
		return script{}, fmt.Errorf("load: size %d is below %d, or depth %d below 1", size, minSize, depth)
	}
	overhead := 1
	if framing == peer.Length {
		overhead = peer.HeaderSize
	} else if framing != peer.Line {
		return script{}, fmt.Errorf("load: unknown framing %q", framing)
	}
	frame := size + overhead
	// Twice the depth, so that a frame is never taken for one that was sent in the same window.
	frames := max(2*depth, min(ringFrames, ringBytes/frame))

	random := rand.New(rand.NewPCG(uint64(size), uint64(depth)))
	data := make([]byte, 0, (frames+depth)*frame)
	for i := range frames {
		if framing == peer.Length {
			data = binary.BigEndian.AppendUint32(data, uint32(size))
		}
		number := i
		for j := range size {
			letter := random.IntN(26)
			if j < minSize {
				letter = number % 26
				number /= 26
			}
			data = append(data, 'a'+byte(letter))
		}
		if framing == peer.Line {
			data = append(data, '\n')
		}
	}
	return script{
		frame: int64(frame),
		ring:  int64(len(data)),
		data:  append(data, data[:depth*frame]...),
	}, nil
}

// at returns the n bytes of the sequence that begin at offset; n is at most a window of depth frames.
func (s *script) at(offset, n int64) []byte {
	from := offset % s.ring
	return s.data[from : from+n]
}

// check compares what came back with what the sequence holds at offset, and tells in which byte of which frame they
// part.
func (s *script) check(offset int64, got []byte) error {
	want := s.at(offset, int64(len(got)))
	if bytes.Equal(got, want) {
		return nil
	}
	i := 0
	for got[i] == want[i] {
		i++
	}
	offset += int64(i)
	return fmt.Errorf("byte %d of frame %d of the script is %q, want %q: %w",
		offset%s.frame, offset/s.frame, got[i], want[i], ErrWrong)
}
