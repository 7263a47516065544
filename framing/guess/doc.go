// Package guess finds specs for a stream whose framing is not known.
//
// Every candidate splits the data: the presets and framings of package spec, the
// delimiters and marks that the data itself suggests, and length fields of every width,
// byte order and offset. Those that meet no invalid frame are weighed in bits: what a
// description of the data saves if it tells the size of each frame in place of the bytes
// that the framing determines, such as length fields, marks and delimiters. Data that is
// random saves k bits with a chance of 2⁻ᵏ, so a candidate that saves little is not
// reported.
//
// The package cannot tell framings apart that split the data at the same places, and
// finds no framing that leaves no trace in the data: frames of a fixed size with arbitrary
// content, or fewer bytes than about ten. A stream that is guessed must begin with a
// frame; it may end inside one.
package guess
