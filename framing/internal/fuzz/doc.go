// Package fuzz has the native fuzz targets: each compares a framer, or the
// parser of package spec, with a slow decoder that is obviously right.
//
// They stand apart from the framers for what their binary links: after each
// execution the coverage counters of all that is linked are read, and with the
// test kits, and the HTTP and TLS that they bring, that takes longer than the
// execution. Here only framing, the framers and the standard library are
// linked; what testing itself needs (fmt, regexp, encoding/json) is free.
package fuzz
