package main

import (
	"fmt"
	"strings"
	"time"
)

const (
	header   = 12 // bytes
	formErr  = 1
	nxDomain = 3
)

// answer returns the answer to a query, in its memory if there is room.
func answer(query []byte) []byte {
	name, end := question(query)
	a := query[:end]
	isA := string(a[max(header, end-4):]) == "\x00\x01\x00\x01" // type and class
	a[2], a[3] = a[2]&0x79|0x84, 0                              // an answer, with authority
	clear(a[4:header])
	if end == header {
		a[3] = formErr
		return a
	}
	a[5] = 1 // question
	if strings.HasSuffix(name, ".slow.test.") {
		time.Sleep(100 * time.Millisecond)
	}
	var host byte
	if _, err := fmt.Sscanf(name, "h%d.", &host); err != nil || !strings.HasSuffix(name, ".test.") {
		a[3] = nxDomain
	} else if isA {
		a[7] = 1 // answer
		// The name in the question, type A, class IN, 60 seconds, 4 bytes.
		a = append(a, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00"...)
		a = append(a, host)
	}
	return a
}

// question returns the name in a query, in lower case, and where its question ends,
// or where its header does if there is none.
func question(query []byte) (name string, end int) {
	for at := header; at < len(query); {
		n := int(query[at])
		at++
		switch {
		case n == 0 && at+4 <= len(query):
			return strings.ToLower(name), at + 4
		case n == 0 || n > 63 || at+n > len(query):
			return "", header
		}
		name += string(query[at:at+n]) + "."
		at += n
	}
	return "", header
}
