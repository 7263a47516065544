package framingtest

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
)

// boundaries are the sizes at which length fields and buffers change.
var boundaries = []int{
	16, 31, 32, 63, 64, 100, 125, 126, 127, 128, 129, 253, 254, 255, 256, 257, 508, 509, 1000,
	4095, 4096, 4097, 16383, 16384, 65533, 65534, 65535, 65536, 65537,
}

// A catalog is what the kit has found out about a Framer: what the laws are checked
// with.
type catalog struct {
	payloads    [][]byte // that Append accepts, of less than 100 bytes, small ones first
	large       [][]byte // that Append accepts
	refused     [][]byte
	tokens      [][]byte // pieces of headers and delimiters, of which streams and payloads are made
	terminators [][]byte
	own         []sample // streams that Append wrote
	hostile     []sample // other streams
	greedy      *failure // the Framer allocates what a header announces: spare the machine

	fill    byte  // payloads may consist of it
	sizes   []int // at which they are accepted, ascending
	offered map[string]bool
}

func (k *kit) summary() string {
	most := 0
	for _, p := range slices.Concat(k.payloads, k.large) {
		most = max(most, len(p))
	}
	return fmt.Sprintf("%d payloads of up to %d bytes, %d refused ones, %d streams that Append wrote, %d others",
		len(k.payloads)+len(k.large), most, len(k.refused), len(k.own), len(k.hostile))
}

// guess finds out what the Framer accepts and writes, from c and by trying.
func (k *kit) guess(c Config) {
	k.offered = make(map[string]bool)
	for _, p := range c.Payloads {
		if _, ok := k.accepts(p); !ok {
			k.failf("Append refuses a sample of Config.Payloads")
		}
		k.offer(p)
	}
	k.guessSizes()
	k.guessSpecialBytes()
	k.offer(bytes.Repeat([]byte{k.fill}, 1<<16-1))
	if k.greedy = k.announcesGreedily(); k.greedy == nil {
		k.readPayloads()
	}
	for _, p := range c.Payloads {
		k.token(p)
	}
	for _, wire := range c.Wire {
		k.pieces(wire)
	}
	k.readTokens()
	k.grow()
	k.combine()
	slices.SortStableFunc(k.payloads, func(a, b []byte) int { return len(a) - len(b) })
	k.payloads = thin(k.payloads, 30)
	if len(k.payloads) == 0 {
		k.payloads, k.large = k.large, thin(k.large, 4)
	}
	if len(k.payloads) < 2 {
		k.now = call{}
		k.failf("Append accepted %d of the payloads tried; give samples in Config.Payloads", len(k.payloads))
	}
	k.payloads = thin(k.payloads, k.few(len(k.payloads)))
}

// accepts reports whether Append accepts payload, and returns the size of the frame.
func (k *kit) accepts(payload []byte) (size int, ok bool) {
	k.now = call{do: "Append", data: payload}
	frame, err := k.f.Append(k.scratch[:0], payload)
	if err != nil {
		return 0, false
	}
	if cap(frame) > cap(k.scratch) {
		k.scratch = frame
	}
	return len(frame), true
}

// offer notes whether Append accepts payload. It reports whether that is news.
func (k *kit) offer(payload []byte) bool {
	key := string(payload)
	if k.offered[key] {
		return false
	}
	k.offered[key] = true
	_, ok := k.accepts(slices.Clip([]byte(key)))
	list := &k.refused
	switch {
	case ok && len(payload) < 100:
		list = &k.payloads
	case ok:
		list = &k.large
	case len(payload) > 300 || len(k.refused) == 60:
		return false
	}
	*list = append(*list, slices.Clip([]byte(key)))
	return ok
}

// token adds t to the tokens.
func (k *kit) token(t []byte) {
	if 0 < len(t) && len(t) <= 64 && len(k.tokens) < 40 && !contains(k.tokens, t) {
		k.tokens = append(k.tokens, bytes.Clone(t))
	}
}

func contains(all [][]byte, b []byte) bool {
	return slices.ContainsFunc(all, func(a []byte) bool { return bytes.Equal(a, b) })
}

// pieces adds short wire, its ends and its first bytes to the tokens.
func (k *kit) pieces(wire []byte) {
	for n := range min(4, len(wire)) {
		k.token(wire[len(wire)-n-1:])
	}
	for i := range min(8, len(wire)) {
		k.token(wire[i : i+1])
	}
	k.token(wire)
}

// guessSizes finds a byte of which payloads may consist, and the sizes accepted.
func (k *kit) guessSizes() {
	sizes := slices.Clone(boundaries)
	for n := range 1100 {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	singles := 0
	for _, k.fill = range []byte("a0 \x00\x01\xFF\na") {
		block := bytes.Repeat([]byte{k.fill}, sizes[len(sizes)-1])
		k.sizes = nil
		for _, n := range sizes {
			if _, ok := k.accepts(block[:n]); ok && n > 0 {
				k.sizes = append(k.sizes, n)
			}
			if n > 1100 && len(k.sizes) > 2 {
				return
			}
		}
		if len(k.sizes) == 1 {
			k.offer(block[:k.sizes[0]]) // a delimiter, or else another byte is accepted too
			singles++
		}
		if len(k.sizes) > 1 || singles == 2 {
			return
		}
	}
}

// fit returns payload, padded or cut to a size that is accepted.
func (k *kit) fit(payload []byte) []byte {
	if len(k.sizes) == 0 || len(payload) == 0 {
		return payload
	}
	i, ok := slices.BinarySearch(k.sizes, len(payload))
	switch last := k.sizes[len(k.sizes)-1]; {
	case ok || len(payload) > last && last >= 1000:
		return payload
	case i == len(k.sizes):
		return payload[:last]
	}
	return append(bytes.Clone(payload), bytes.Repeat([]byte{k.fill}, k.sizes[i]-len(payload))...)
}

// guessSpecialBytes appends every byte and every pair, and takes for tokens those that
// are refused or accepted, if they are few, or that occupy more than others.
func (k *kit) guessSpecialBytes() {
	const few = 16
	k.token([]byte("a"))
	k.token([]byte("b"))
	usual, step := 0, 1
	var special [256]bool
	for n := 1; n <= 2; n++ {
		var classes [3][][]byte // refused, accepted, longer
		for v := 0; v < 1<<(8*n); v += step {
			t := []byte{byte(v >> 8), byte(v)}[2-n:]
			if n == 2 && (special[t[0]] || special[t[1]]) {
				continue
			}
			class := 0
			if size, ok := k.accepts(k.fit(t)); ok {
				class = 1
				if usual == 0 {
					usual = size
				}
				if n == 1 && size != usual {
					class = 2
				}
			}
			if len(classes[class]) <= few {
				classes[class] = append(classes[class], t)
			}
		}
		for i, class := range classes {
			for _, t := range class {
				if len(class) <= few {
					k.token(t)
					k.offer(k.fit(t))
				}
				special[t[0]] = n == 1 && i != 1 && len(classes[1]) > 0
			}
		}
		if usual > 256 {
			step = 17 // frames are large
		}
	}
}

// announcesGreedily returns the failure of a Framer that allocates what a header
// announces.
func (k *kit) announcesGreedily() *failure {
	for _, p := range append(k.large, bytes.Repeat([]byte{k.fill}, 2<<20)) {
		wire, err := k.append(p)
		if err != nil || len(p) < 32<<10 {
			continue
		}
		if fail := k.attempt(func() { k.allocates(wire[:64], len(p)) }); fail != nil {
			return fail
		}
	}
	return nil
}

// readPayloads finds payloads and tokens in what Split returns for streams that begin
// with a length or end with a delimiter.
func (k *kit) readPayloads() {
	read := func(data []byte) {
		var r result
		_ = k.attempt(func() { r = k.first(data) }) // the laws will show it
		if !r.valid() || len(k.payloads)+len(k.large) >= 30 || !k.offer(r.payload) {
			return
		}
		k.pieces(data[r.End:r.Size])
		if len(k.sizes) == 0 {
			k.pieces(r.payload[max(0, len(r.payload)-3):])
		}
	}
	for c := range 256 {
		read([]byte{'a', byte(c), byte(c)})
	}
	zeros := make([]byte, 1<<16+1<<10)
	for i := range 12 {
		for _, zeros[i] = range []byte{1, 2, 3, 5, 8, 17, 0x80, 0xFF, 0} {
			read(zeros)
		}
	}
}

// readTokens takes tokens from the frames of some payloads.
func (k *kit) readTokens() {
	for _, n := range []int{0, 1, 2, 5, 10, 13, 32, 127, 128, 255, 256, 1000} {
		payload := k.fit(bytes.Repeat([]byte{k.fill}, n))
		wire, err := k.append(payload)
		if err != nil {
			continue
		}
		if before, after, ok := bytes.Cut(wire, payload); ok && n > 0 {
			k.pieces(before)
			k.pieces(after)
		} else {
			k.pieces(wire)
		}
	}
	for _, t := range []string{"\x00", "\xff", "\n", "\r", "\r\n", "\x80", "\x01", "\x7f", "\x10", "{", "\x00\x00", "GET "} {
		k.token([]byte(t))
	}
}

// grow makes the payloads known so far larger, where payloads of fill bytes are not
// accepted: by bytes inserted anywhere, and by a number in the payload, which may be
// its size, that grows with it.
func (k *kit) grow() {
	bases := slices.Concat(k.payloads, k.large)
	if len(k.sizes) > 3 {
		bases = nil
	}
	slices.SortStableFunc(bases, func(a, b []byte) int { return len(a) - len(b) })
	for _, p := range bases[:min(4, len(bases))] {
		grown := 0
		for _, way := range waysToGrow(p) {
			if grown == 3 || !k.offer(way(3)) {
				continue
			}
			grown++
			for _, n := range boundaries {
				k.offer(way(n))
			}
		}
	}
}

// waysToGrow returns functions that return p with n more bytes.
func waysToGrow(p []byte) (ways []func(n int) []byte) {
	insert := func(p []byte, tail, n int) []byte {
		at := max(0, len(p)-tail)
		return slices.Concat(p[:at], bytes.Repeat([]byte("a"), n), p[at:])
	}
	for i := range min(16, len(p)) {
		for tail := range 3 {
			ways = append(ways,
				func(n int) []byte { return insert(addBinary(p, i, -1, n), tail, n) },
				func(n int) []byte { return insert(addBinary(p, i, +1, n), tail, n) },
				func(n int) []byte { return insert(addDecimal(p, i, n), tail, n) })
		}
	}
	for tail := range min(len(p), 32) + 1 {
		ways = append(ways, func(n int) []byte { return insert(p, tail, n) })
	}
	return ways
}

// addBinary returns p with n added to the number whose least significant byte is p[i];
// the next one is step away.
func addBinary(p []byte, i, step, n int) []byte {
	p = bytes.Clone(p)
	for ; n > 0 && 0 <= i && i < len(p); i += step {
		n += int(p[i])
		p[i] = byte(n)
		n >>= 8
	}
	return p
}

// addDecimal returns p with n added to the decimal number that starts at p[i].
func addDecimal(p []byte, i, n int) []byte {
	digits := i
	for digits < len(p) && '0' <= p[digits] && p[digits] <= '9' {
		digits++
	}
	v, _ := strconv.Atoi(string(p[i:digits]))
	return slices.Concat(p[:i], strconv.AppendInt(nil, int64(v+n), 10), p[digits:])
}

// combine tries payloads of tokens and whole frames, of the sizes at which something
// changes, and of the largest size accepted, if that is not large.
func (k *kit) combine() {
	k.offer(nil)
	for i, t := range k.tokens {
		k.offer(k.fit(t))
		k.offer(k.fit(slices.Concat([]byte("a"), t, []byte("b"))))
		for j := range 4 {
			u := k.tokens[(i*7+j*5+1)%len(k.tokens)]
			k.offer(k.fit(slices.Concat(t, u)))
			k.offer(k.fit(slices.Concat(t, u, t)))
		}
		if i%8 == 2 {
			k.offer(repeat(t, 1<<16+i))
		}
	}
	for _, payload := range slices.Clone(k.payloads) {
		if wire, err := k.append(payload); err == nil && len(wire) < 32 {
			k.offer(k.fit(wire))
		}
	}
	for i, n := range boundaries {
		k.offer(bytes.Repeat([]byte{k.fill}, n))
		if n < 300 {
			k.offer(repeat(k.tokens[i%len(k.tokens)], n)) // every byte is special
		}
	}
	if len(k.sizes) == 0 {
		return
	}
	const far = 1 << 17
	block := bytes.Repeat([]byte{k.fill}, far)
	least := k.sizes[len(k.sizes)-1]
	more := sort.Search(far-least, func(n int) bool { _, ok := k.accepts(block[:least+n]); return !ok })
	for n := max(0, least+more-3); n <= least+more+1 && least+more < far; n++ {
		k.offer(block[:n])
	}
}

// repeat returns the first n bytes of t, t, t and so on.
func repeat(t []byte, n int) []byte { return bytes.Repeat(t, n/len(t)+1)[:n] }

// thin returns n of all, evenly chosen.
func thin[E any](all []E, n int) []E {
	if len(all) <= n {
		return all
	}
	kept := make([]E, n)
	for i := range kept {
		kept[i] = all[i*len(all)/n]
	}
	return kept
}

// few returns how many of n streams to keep: fewer if frames are large.
func (k *kit) few(n int) int {
	return min(n, max(8, n*256/(1+len(k.stream(k.payloads[0]).wire))))
}
