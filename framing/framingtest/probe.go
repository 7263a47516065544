package framingtest

import (
	"bytes"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// maxTokens and maxPayloads keep one run short.
const (
	maxTokens   = 40
	maxPayloads = 30
	maxSize     = 1100 // sizes below it are all tried
)

// boundaries are the sizes at which length fields and buffers change their ways.
var boundaries = []int{
	16, 31, 32, 63, 64, 100, 125, 126, 127, 128, 129, 253, 254, 255, 256, 257, 508, 509, 1000,
	4095, 4096, 4097, 16383, 16384, 65533, 65534, 65535, 65536, 65537,
}

// probe finds out what f takes and writes.
func probe(f framing.Framer, c Config) (k *kit, fail *failure) {
	k = &kit{f: f, wire: c.Wire, wall: newWall()}
	k.skipper, _ = f.(framing.Skipper)
	k.ender, _ = f.(framing.Ender)
	k.prefixer, _ = f.(framing.Prefixer)
	k.encloser, _ = f.(framing.Encloser)
	defer func() {
		if r := recover(); r != nil {
			fail = k.panicked(r)
		}
	}()

	p := prober{kit: k}
	for _, payload := range c.Payloads {
		if _, err := k.append(payload); err != nil {
			return k, failf(k.now, "Append refuses an example of Config.Payloads: %v", err)
		}
		p.try(payload)
	}
	p.sizes()
	p.pairs()
	p.try(p.fit(bytes.Repeat([]byte{p.fill}, 1<<16-1)))
	if k.greedy = k.announced(); k.greedy == nil {
		p.readings()
	}
	for _, payload := range c.Payloads {
		p.token(payload)
	}
	for _, wire := range c.Wire {
		p.spell(wire)
	}
	p.learn()
	p.compose()
	p.boundaries()
	if len(k.payloads) == 0 {
		k.payloads = k.large
		k.large = thin(k.large, 4)
	}
	if len(k.payloads) == 0 {
		return k, failf(k.now, "Append refuses every payload that was tried: give examples in Config.Payloads")
	}
	k.payloads = thin(k.payloads, k.few(len(k.payloads)))
	return k, nil
}

// A prober fills in what its kit knows.
type prober struct {
	*kit
	seen map[string]bool // payloads that were tried
	buf  []byte
}

// accepted asks Append.
func (p *prober) accepted(payload []byte) bool {
	p.now = call{do: "append", data: payload}
	buf, err := p.f.Append(p.buf[:0], payload)
	if err == nil && len(buf) > 0 {
		p.buf = buf
	}
	return err == nil
}

// try notes whether Append accepts payload.
func (p *prober) try(payload []byte) bool {
	if p.seen == nil {
		p.seen = make(map[string]bool)
	}
	if p.seen[string(payload)] {
		return false
	}
	p.seen[string(payload)] = true
	payload = slices.Clip(bytes.Clone(payload))
	switch {
	case !p.accepted(payload):
		if len(payload) < 300 && len(p.refused) < 2*maxPayloads {
			p.refused = append(p.refused, payload)
		}
		return false
	case len(payload) > len(p.most):
		p.most = payload
	}
	if len(payload) < 100 {
		p.payloads = append(p.payloads, payload)
	} else {
		p.large = append(p.large, payload)
	}
	return true
}

// token adds t to the tokens.
func (p *prober) token(t []byte) {
	if len(t) == 0 || len(t) > 64 || len(p.tokens) >= maxTokens ||
		slices.ContainsFunc(p.tokens, func(u []byte) bool { return bytes.Equal(t, u) }) {
		return
	}
	p.tokens = append(p.tokens, bytes.Clone(t))
}

// spell adds short wire, its ends and its first bytes to the tokens.
func (p *prober) spell(wire []byte) {
	for n := 1; n <= 4 && n <= len(wire); n++ {
		p.token(wire[len(wire)-n:])
	}
	for i := 0; i < 8 && i < len(wire); i++ {
		p.token(wire[i : i+1])
	}
	p.token(wire)
}

// sizes finds the sizes that are accepted, and a byte to fill payloads with.
func (p *prober) sizes() {
	for _, fill := range []byte{'a', '0', ' ', 0, 1, 0xFF, '\n'} {
		p.fill = fill
		block := bytes.Repeat([]byte{fill}, maxSize)
		for n := range block {
			if p.accepted(block[:n]) {
				p.accepts = append(p.accepts, n)
			}
		}
		if n := len(p.accepts); n > 0 && p.accepts[n-1] > 0 {
			return
		}
		p.accepts = nil
	}
	// Larger sizes are asked for only where smaller ones are not accepted.
	p.fill = 'a'
	block := bytes.Repeat([]byte{p.fill}, 1<<20)
	for n := maxSize; n <= len(block); {
		if p.accepted(block[:n]) {
			p.accepts = append(p.accepts, n)
			return
		}
		switch {
		case n < 1<<13:
			n++
		case n < 1<<16:
			n += 512
		default:
			n *= 2
		}
	}
}

// fit returns payload with a size that is accepted, as far as that is known:
// larger ones than the largest known are left alone where that was not sought.
func (k *kit) fit(payload []byte) []byte {
	if len(k.accepts) == 0 {
		return payload
	}
	i, ok := slices.BinarySearch(k.accepts, len(payload))
	switch last := k.accepts[len(k.accepts)-1]; {
	case ok || len(payload) > last && last >= maxSize-1:
		return payload
	case i == len(k.accepts):
		return payload[:last]
	}
	return append(bytes.Clone(payload), bytes.Repeat([]byte{k.fill}, k.accepts[i]-len(payload))...)
}

// pairs appends every byte and every pair of bytes, to find the special ones:
// those that are refused among many that are accepted, or accepted among many
// that are refused, or that take more room than others.
func (p *prober) pairs() {
	usual := 0 // bytes that a frame of so few takes
	c := p.classify(&usual, func(yield func([]byte) bool) {
		_ = yield([]byte{'a'})
		for a := range 256 {
			if !yield([]byte{byte(a)}) {
				return
			}
		}
	})
	p.token([]byte{'a'})
	p.token([]byte{'b'})
	p.special(c.no)
	p.special(c.yes)
	p.special(c.long)

	var special [256]bool
	for _, t := range slices.Concat(c.no, c.long) {
		special[t[0]] = len(c.yes) > 0
	}
	c = p.classify(&usual, func(yield func([]byte) bool) {
		var t [2]byte
		step := 1
		if usual > 256 {
			step = 17 // frames are large: not so many
		}
		for a := 0; a < 256; a += step {
			for b := range 256 {
				t = [2]byte{byte(a), byte(b)}
				if !special[a] && !special[b] && !yield(t[:]) {
					return
				}
			}
		}
	})
	p.special(c.no)
	if len(c.yes) <= maxSpecial {
		for _, t := range c.yes {
			p.try(p.fit(t))
			p.token(t)
		}
	}
}

// maxSpecial is how many can be special.
const maxSpecial = 16

// special takes what is special for tokens.
func (p *prober) special(special [][]byte) {
	for i := 0; i < len(special) && len(special) <= maxSpecial; i++ {
		p.token(special[i])
	}
}

// classes are short payloads by what Append makes of them, up to maxSpecial and one
// more of each.
type classes struct{ yes, no, long [][]byte }

// classify appends all, made to fit.
func (p *prober) classify(usual *int, all func(yield func([]byte) bool)) (c classes) {
	note := func(class *[][]byte, t []byte) {
		if len(*class) <= maxSpecial {
			*class = append(*class, bytes.Clone(t))
		}
	}
	for t := range all {
		switch {
		case !p.accepted(p.fit(t)):
			note(&c.no, t)
			continue
		case *usual == 0:
			*usual = len(p.buf)
		case len(p.buf) != *usual && len(t) == 1:
			note(&c.long, t)
		}
		note(&c.yes, t)
	}
	return c
}

// readings learns payloads from what Split makes of streams of all kinds: such
// of a framer that delivers its header, or its delimiter.
func (p *prober) readings() {
	read := func(data []byte) {
		r, fail := p.first(data)
		if fail != nil || !r.whole || r.err != nil || len(p.payloads)+len(p.large) >= maxPayloads/2 || !p.try(r.payload) {
			return
		}
		p.spell(data[r.End:r.Size])
		if len(p.accepts) > 0 {
			return
		}
		p.spell(r.payload[max(0, len(r.payload)-3):])
	}
	zeros := make([]byte, 1<<16+1<<10)
	read(zeros)
	for i := range 12 {
		for _, c := range []byte{1, 2, 3, 5, 8, 17, 0x80, 0xFF} {
			data := bytes.Clone(zeros)
			data[i] = c
			read(data)
		}
	}
	read(pairsOnce())
}

// pairsOnce returns a text in which every pair of bytes stands once.
func pairsOnce() []byte {
	text := make([]byte, 0, 1<<16+1)
	for a := range 256 {
		text = append(text, byte(a))
		for b := a + 1; b < 256; b++ {
			text = append(text, byte(a), byte(b))
		}
	}
	return append(text, 0)
}

// learn takes tokens from the frames of some payloads.
func (p *prober) learn() {
	for _, n := range []int{0, 1, 2, 5, 10, 13, 32, 127, 128, 255, 256, 1000} {
		payload := p.fit(bytes.Repeat([]byte{p.fill}, n))
		wire, err := p.kit.append(payload)
		if err != nil {
			continue
		}
		if i := bytes.Index(wire, payload); i >= 0 && len(payload) > 0 {
			p.spell(wire[:i])
			p.spell(wire[i+len(payload):])
		} else {
			p.spell(wire)
		}
	}
	for _, t := range []string{"\x00", "\xff", "\n", "\r", "\r\n", "\x80", "\x01", "\x7f", "\x10", "{", "\x00\x00", "GET "} {
		p.token([]byte(t))
	}
}

// compose tries payloads that are made of tokens.
func (p *prober) compose() {
	p.try(nil)
	p.try(p.fit(nil))
	for i := 0; i < 2; i++ {
		for _, t := range p.tokens {
			if i == 0 {
				p.try(p.fit(t))
			} else {
				p.try(p.fit(slices.Concat([]byte("a"), t, []byte("b"))))
			}
		}
	}
	for i, t := range p.tokens {
		// Every token meets some others; which, does not matter much.
		for j := range 4 {
			u := p.tokens[(i*7+j*5+1)%len(p.tokens)]
			p.try(p.fit(slices.Concat(t, u)))
			p.try(p.fit(slices.Concat(t, u, t)))
		}
	}
	// A frame within a frame.
	for _, payload := range slices.Clone(p.payloads) {
		if wire, err := p.kit.append(payload); err == nil && len(wire) < 32 {
			p.try(p.fit(wire))
		}
	}
	slices.SortStableFunc(p.payloads, func(a, b []byte) int { return len(a) - len(b) })
	p.payloads = thin(p.payloads, maxPayloads)
}

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

// boundaries tries payloads of the sizes at which something changes, and finds
// the largest that is accepted, if it is not large.
func (p *prober) boundaries() {
	const far = 1 << 17
	var end []byte // what payloads must end with, if that is it
	if len(p.accepts) == 0 && len(p.payloads) > 0 {
		end = p.payloads[0]
	}
	for i, n := range boundaries {
		p.try(append(repeat([]byte{p.fill}, n), end...))
		// And one of which every byte is special.
		if t := p.tokens[i%len(p.tokens)]; n < 300 {
			p.try(repeat(t, n))
		}
	}
	for i, t := range p.tokens {
		if i%8 == 2 {
			p.try(repeat(t, 1<<16+i))
		}
	}
	ok := func(n int) bool { return p.accepted(bytes.Repeat([]byte{p.fill}, n)) }
	if len(p.accepts) == 0 {
		return
	}
	least := p.accepts[len(p.accepts)-1]
	for least < far && ok(least+least/2+1) {
		least += least/2 + 1
	}
	if least >= far {
		return
	}
	below, above := least, least+least/2+1 // accepted; refused
	for above-below > 1 {
		if n := below + (above-below)/2; ok(n) {
			below = n
		} else {
			above = n
		}
	}
	for n := max(0, below-2); n <= above+1; n++ {
		p.try(bytes.Repeat([]byte{p.fill}, n))
	}
}

// announced returns the failure of a framer that allocates what a header says,
// before it is so much that the machine would feel it.
func (k *kit) announced() *failure {
	const size = 2 << 20
	payload := bytes.Repeat([]byte{k.fill}, size)
	wire, err := k.f.Append(nil, payload)
	if err != nil {
		payload = k.most
		if wire, err = k.f.Append(nil, payload); err != nil || len(payload) < 32<<10 {
			return nil
		}
	}
	n := min(len(wire), 64)
	head := bytes.Clone(wire[:n])
	wire = nil
	k.now = call{do: "split", data: head}
	allocated := leastAllocated(func() { _, _ = k.f.Split(head, 0) })
	if allocated >= uint64(len(payload))/2 {
		return failf(k.now, "Split allocates %d bytes for a frame of which %d bytes have arrived: what a header says is not to be believed", allocated, n)
	}
	return nil
}
