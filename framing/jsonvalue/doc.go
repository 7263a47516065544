// Package jsonvalue implements a framing for JSON values that follow one another,
// with or without white space between them.
//
//	{"a":1}[2]      →  {"a":1}, [2]
//	{"a":1} \n [2]  →  {"a":1}, [2]
//	"a" 12 \n null  →  "a", 12, and null once white space or another value follows
//
// An object, an array or a string ends at its closing byte, and is delivered without
// waiting for another. A number, true, false or null ends at a white space byte,
// which is part of its frame, or before the next structural byte. White space
// elsewhere between values is fill.
//
// An object, an array and a string are written as they are, without a line end: they
// are delivered at their last byte, so that a line end after it could not be a part of
// the frame. For a peer that reads lines, write with Line of package delimiter, whose
// spec is line or ndjson.
//
// Only what ends a value is examined: braces, brackets, strings and their escapes.
// Whether a value is valid JSON is for its decoder to judge, and a closing brace also
// closes a bracket.
package jsonvalue
