package guess_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// A source draws random messages. Sizes are as likely to be of each number of bits, up to
// 2 KiB.
type source struct{ *rand.Rand }

func newSource(seed uint64) source { return source{rand.New(rand.NewPCG(seed, 18))} }

func (s source) size() int { return s.IntN(1 << (1 + s.IntN(11))) }

func (s source) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return b
}

// text returns n printable characters.
func (s source) text(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte(' ' + s.IntN(95)))
	}
	return b.String()
}

// word returns up to 12 letters and digits, at least one.
func (s source) word() string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var b strings.Builder
	for range 1 + s.IntN(12) {
		b.WriteByte(letters[s.IntN(len(letters))])
	}
	return b.String()
}

// json returns an object with random fields.
func (s source) json() []byte {
	object := map[string]any{}
	for range s.IntN(6) {
		switch s.IntN(3) {
		case 0:
			object[s.word()] = s.Int32()
		case 1:
			object[s.word()] = s.text(s.size() / 8)
		default:
			object[s.word()] = []string{s.word(), s.word()}
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return text
}

// lines returns lines of text that end in "\r\n".
func (s source) lines() string {
	var b strings.Builder
	for range s.IntN(8) {
		b.WriteString(s.text(s.IntN(70)) + "\r\n")
	}
	return b.String()
}

// header returns header fields, the one with the size of the body among them.
func (s source) header(length string, size int, eol string) string {
	var fields []string
	for range s.IntN(5) {
		fields = append(fields, s.word()+": "+strings.TrimSpace(strings.ReplaceAll(s.text(s.IntN(40)), `\`, "/")))
	}
	if length != "" {
		fields = append(fields, length+": "+strconv.Itoa(size))
	}
	s.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return strings.Join(append(fields, ""), eol)
}

// payload returns a payload for the framing of that preset or framing, as its protocol has
// them; the framing may refuse it.
func (s source) payload(name, text string) []byte {
	body := s.bytes(s.size())
	pick := func(words ...string) string { return words[s.IntN(len(words))] }
	switch kind, _, _ := strings.Cut(text, ","); {
	case name == "ndjson" || name == "json" || name == "json-seq" || name == "gelf" || name == "lsp":
		return s.json()
	case name == "smtp" || name == "mllp" || kind == "line" || kind == "crlf":
		return []byte(s.text(s.size()))
	case kind == "syslog" || kind == "octet-count":
		return []byte(fmt.Sprintf("<%d>%s", s.IntN(192), s.text(s.size())))
	case kind == "dot":
		return []byte(s.lines())
	case kind == "resp":
		return []byte(s.resp(2))
	case strings.HasSuffix(text, "=sip"):
		return []byte(pick("INVITE sip:"+s.word()+" SIP/2.0", "SIP/2.0 200 OK") + "\r\n" + s.header("Content-Length", len(body), "\r\n") + "\r\n" + string(body))
	case strings.HasSuffix(text, "=rtsp"):
		return []byte(pick("DESCRIBE rtsp://"+s.word()+" RTSP/1.0", "RTSP/1.0 200 OK") + "\r\n" + s.header("Content-Length", len(body), "\r\n") + "\r\n" + string(body))
	case strings.HasSuffix(text, "=stomp"):
		return []byte(pick("SEND", "MESSAGE", "SUBSCRIBE") + "\n" + s.header("content-length", len(body), "\n") + "\n" + string(body) + "\x00")
	case strings.HasSuffix(text, "=nats"):
		return []byte(pick("PING\r\n", "+OK\r\n", fmt.Sprintf("PUB %s %d\r\n%s\r\n", s.word(), len(body), body), fmt.Sprintf("MSG %s 1 %d\r\n%s\r\n", s.word(), len(body), body)))
	case strings.HasSuffix(text, "=memcached"):
		return []byte(pick("STORED\r\n", "get "+s.word()+"\r\n", fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", s.word(), len(body), body), fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", s.word(), len(body), body)))
	}
	return body
}

// resp returns a command or a reply.
func (s source) resp(depth int) string {
	switch s.IntN(5) {
	case 0:
		return "+" + s.word() + "\r\n"
	case 1:
		return fmt.Sprintf(":%d\r\n", s.Int32())
	case 2:
		body := s.bytes(s.size())
		return fmt.Sprintf("$%d\r\n%s\r\n", len(body), body)
	}
	n := 1 + s.IntN(4)
	out := fmt.Sprintf("*%d\r\n", n)
	for range n {
		if depth > 0 && s.IntN(4) == 0 {
			out += s.resp(depth - 1)
		} else {
			body := s.bytes(s.size() / 4)
			out += fmt.Sprintf("$%d\r\n%s\r\n", len(body), body)
		}
	}
	return out
}

// stream returns the frames of n messages of that preset or framing, each a Framer's work.
func (s source) stream(name, text string, n int) []byte {
	// Where the payload is the whole frame, a payload is drawn for what follows the
	// header, and the header's other bytes as well.
	bare := text
	for _, key := range []string{",keep", ",resync"} {
		if strings.HasPrefix(text, "length") || strings.HasPrefix(text, "varint") {
			bare = strings.ReplaceAll(bare, key, "")
		}
	}
	f := must(spec.Parse(bare))
	var wire []byte
	for range n {
		for {
			frame, err := f.Append(nil, s.payload(name, text))
			if err != nil {
				continue
			}
			for i := range s.opaque(bare) {
				frame[i] = byte(s.Uint32())
			}
			wire = append(wire, frame...)
			break
		}
	}
	return wire
}

// opaque returns the indexes of the header bytes that may have any value.
func (s source) opaque(text string) func(func(int) bool) {
	offset, magic := 0, 0
	for _, key := range strings.Split(text, ",") {
		if v, ok := strings.CutPrefix(key, "offset="); ok {
			offset = must(strconv.Atoi(v))
		} else if v, ok := strings.CutPrefix(key, "magic="); ok {
			magic = len(v) / 2
		}
	}
	return func(yield func(int) bool) {
		for i := magic; i < offset; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cuts returns the offsets at which the frames of data end, and their payloads.
func cuts(f framing.Framer, data []byte) (ends []int64, payloads [][]byte) {
	b := framing.NewBuffer(f)
	b.SetMaxPayload(-1)
	b.Write(data)
	for payload := range b.Frames() {
		ends = append(ends, b.Offset())
		payloads = append(payloads, bytes.Clone(payload))
	}
	return ends, payloads
}

// cutSame reports whether both specs split data at the same places, or into the same
// payloads.
func cutSame(one, other string, data []byte) bool {
	ends, payloads := cuts(must(spec.Parse(one)), data)
	ends2, payloads2 := cuts(must(spec.Parse(other)), data)
	return slices.Equal(ends, ends2) || slices.EqualFunc(payloads, payloads2, bytes.Equal)
}

// A row is a preset or the example of a framing.
type row struct{ name, spec string }

// rows returns all but fixed, which leaves no trace in random bytes.
func rows() (all []row) {
	for _, p := range spec.Presets() {
		all = append(all, row{p.Name, p.Spec})
	}
	for _, f := range spec.Framings() {
		if f.Name != "fixed" && f.Name != "counting" {
			all = append(all, row{f.Name, f.Example})
		}
	}
	return all
}
