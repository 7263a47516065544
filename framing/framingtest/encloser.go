package framingtest

import (
	"bytes"
	"slices"
)

// enclosing checks that what an Encloser puts around a payload is what Append
// does.
func (k *kit) enclosing(in input) *failure {
	p := in.payloads[0]
	wire, refusal := k.append(p)
	k.now = call{do: "enclose", data: p}
	given := bytes.Clone(p)
	header, trailer, ok := k.encloser.Enclose(given)
	switch {
	case !bytes.Equal(given, p):
		return failf(k.now, "Enclose has changed the payload: %s", quote(given))
	case !ok:
		return nil
	case refusal != nil:
		return failf(k.now, "Enclose accepts %s, and Append refuses it: %v", quote(p), refusal)
	}
	if whole := slices.Concat(header, p, trailer); !bytes.Equal(whole, wire) {
		return failf(k.now, "Append writes %s; header, payload and trailer are %s", quote(wire), quote(whole))
	}
	return nil
}
