package framingtest

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/wholeframe/wholeframe/framing"
)

// checkRoundTrip checks L1, round trip: if Append accepts a payload, Split of the
// appended bytes returns exactly that payload and consumes exactly those bytes;
// otherwise Append returns an error. Append accepts every payload that Split returns.
func checkRoundTrip(k *kit, s sample) {
	for _, p := range s.payloads {
		k.roundTrip(p)
	}
	for rest, r := range k.frames(s.wire) {
		if !r.valid() {
			continue
		}
		if err := k.roundTrip(r.payload); err != nil {
			k.failf("Split of %s returned this payload, which Append refuses: %v", quote(rest), err)
		}
	}
}

// roundTrip appends payload in several ways and splits the frame. It returns the
// error of Append.
func (k *kit) roundTrip(payload []byte) error {
	k.cases++
	wire, err := k.appendTo(nil, payload, 0)
	for _, dst := range []string{"", "before", "\r"} {
		for _, room := range []int{0, 1, len(wire) + 9} {
			if len(payload) > 1<<10 && room == 1 {
				continue
			}
			if other, otherErr := k.appendTo([]byte(dst), payload, room); !bytes.Equal(other, wire) || (err == nil) != (otherErr == nil) {
				k.failf("Append to %q appends %s, error %v; to nil %s, error %v", dst, quote(other), otherErr, quote(wire), err)
			}
		}
	}
	if err != nil {
		k.refused(err, int64(len(payload)))
		return err
	}
	for _, next := range [][]byte{nil, wire, {0}, {0xFF}} {
		if r := k.first(slices.Concat(wire, next)); !r.valid() || r.Size != len(wire) || !bytes.Equal(r.payload, payload) {
			k.failf("the frame of payload %s is %s; Split, if %d bytes follow, returned %v", quote(payload), quote(wire), len(next), r)
		}
	}
	return nil
}

// appendTo returns a copy of what Append appends to a copy of dst that has room more
// bytes of capacity.
func (k *kit) appendTo(dst, payload []byte, room int) (wire []byte, err error) {
	k.now = call{does: "Append(dst, %[1]s), dst of %[3]d bytes", data: payload, n: int64(len(dst))}
	const spare = "spare capacity"
	p := slices.Concat(payload, []byte(spare))
	var d []byte
	if dst != nil {
		d = append(make([]byte, 0, len(dst)+room), dst...)
	}
	out, err := k.f.Append(d, p[:len(payload)])
	switch {
	case !bytes.HasPrefix(p, payload) || !bytes.HasSuffix(p, []byte(spare)):
		k.failf("Append has modified the payload or its spare capacity: %s", quote(p))
	case !bytes.HasPrefix(out, dst):
		k.failf("Append returned %s", quote(out))
	case (err == nil) == (len(out) == len(dst)):
		k.failf("Append returned the error %v, and dst with %d bytes more", err, len(out)-len(dst))
	}
	wire = bytes.Clone(out[len(dst):])
	if dst == nil {
		// The frame belongs to the caller.
		if other, err := k.f.Append(nil, k.small[len(k.small)-1]); err == nil {
			clear(other)
		}
		if !bytes.Equal(out, wire) {
			k.failf("the next Append has modified what this one returned: %s is now %s", quote(wire), quote(out))
		}
	}
	return wire, err
}

// checkConcatenation checks L2, concatenation: frames appended one after another
// split into the same payloads in the same order.
func checkConcatenation(k *kit, s sample) {
	var wire []byte
	var err error
	for _, p := range s.payloads {
		k.now = call{does: "Append(dst, %[1]s), dst of %[3]d bytes", data: p, n: int64(len(wire))}
		if wire, err = k.f.Append(wire, p); err != nil {
			k.failf("Append returned the error %v; to nil it accepts the payload", err)
		}
	}
	if !bytes.Equal(wire, s.wire) {
		k.failf("the last of %d frames is not the same after the others as alone", len(s.payloads))
	}
	k.compare(k.read(s.wire, nil, -1), s.expected(), "read", "appended")
}

// checkEncloser checks that header, payload and trailer of an Encloser are a frame
// that carries the payload, whatever part of the payload AppendHeader was given, and
// that an error of AppendHeader is ErrNoHeader or the refusal of a payload that Append
// refuses too.
func checkEncloser(k *kit, s sample) {
	for _, p := range s.payloads {
		for _, n := range []int{0, 1, len(p) / 2, 4 << 10, len(p)} {
			header, err := k.appendHeader(p[:min(n, len(p))], int64(len(p)))
			said := k.now
			if err == framing.ErrNoHeader {
				continue
			}
			k.cases++
			if err != nil {
				if _, err := k.append(p); err == nil {
					k.now = said
					k.failf("AppendHeader refuses the size or the start of payload %s, which Append accepts", quote(p))
				}
				continue
			}
			frame := slices.Concat(header, p, k.trailer)
			if r := k.first(frame); !r.valid() || r.Size != len(frame) || !bytes.Equal(r.payload, p) {
				k.now = said
				k.failf("header, payload and trailer are %s, in which Split found %v", quote(frame), r)
			}
		}
	}
	for _, size := range []int64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40, math.MaxInt64 / 2, math.MaxInt64 - 20, math.MaxInt64 - 8, math.MaxInt64 - 1, math.MaxInt64, -1, -100, math.MinInt64} {
		header, err := k.appendHeader(nil, size)
		switch {
		case size < 0 && (err == nil || err == framing.ErrNoHeader):
			k.failf("AppendHeader with a negative size: error %v; want a *framing.PayloadError", err)
		case err != nil || len(header) == 0 || k.greedy != nil:
			continue
		}
		// A payload of this size need not fit in memory; its header must be
		// understood.
		r := k.first(header)
		end := uint64(len(header)) + uint64(size)
		if whole := end + uint64(len(k.trailer)); whole > math.MaxInt {
			if e := (*framing.TooLargeError)(nil); !r.lost() || !errors.As(r.err, &e) {
				k.failf("the header announces a frame of %d bytes, more than math.MaxInt; Split found %v; want Size 0 and a *framing.TooLargeError", whole, r)
			}
		} else if want := (framing.Frame{Size: int(whole), Start: len(header), End: int(end)}); r.err != nil || r.Frame != want {
			k.failf("this is the header of a payload of %d bytes; Split found %v", size, r)
		}
	}
}

// appendHeader returns a copy of the header that AppendHeader appends.
func (k *kit) appendHeader(start []byte, size int64) ([]byte, error) {
	const before = "before"
	k.now = call{does: "AppendHeader(dst, %[1]s, %[3]d)", data: start, n: size}
	given := bytes.Clone(start)
	out, err := k.encloser.AppendHeader([]byte(before), given, size)
	switch {
	case !bytes.Equal(given, start):
		k.failf("AppendHeader has modified the payload: it is now %s", quote(given))
	case !bytes.HasPrefix(out, []byte(before)) || err != nil && len(out) != len(before):
		k.failf("AppendHeader returned %s, error %v", quote(out), err)
	case err != nil && err != framing.ErrNoHeader:
		k.refused(err, size)
	}
	return bytes.Clone(out[len(before):]), err
}
