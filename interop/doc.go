// Package interop shows that the framings here are the framings that others
// speak: in its tests, what other implementations write is read, and what is
// written here is read by them.
//
// Where a client and a server of others are to be had, a relay is between them. It reads
// the frames of each and writes them to the other. Elsewhere a test is one of the two sides.
// The table of all framings and programs is in docs/protocols.md.
//
// The other half of a conversation is package client, with servers of others:
//
//	in order        redis-server
//	by id           unbound, a DNS server
//
// Each program is a Debian package, and .ci/run installs those that are missing. The tests install the
// Node.js packages in the versions of node/package-lock.json into node/node_modules.
package interop
