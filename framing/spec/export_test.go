package spec

import "slices"

// Unregister removes a framing that Register has added.
func Unregister(name string) {
	framings = slices.DeleteFunc(slices.Clone(framings), func(f Framing) bool { return f.Name == name })
}
