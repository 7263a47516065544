// Package interop shows that the framings here are the framings that others
// speak: in its tests, what other implementations write is read, and what is
// written here is read by them.
//
//	octet-count     logger of util-linux; github.com/leodido/go-syslog
//	content-length  github.com/sourcegraph/jsonrpc2
//	netstring       @endo/netstring, under Node.js
//	slip            @serialport/parser-slip-encoder, under Node.js
//	cobs            cobs, under Node.js
//	varint          protodelim of google.golang.org/protobuf
//
// The other half of a conversation is package client, with servers of others:
//
//	in order        redis-server, with a framer for its protocol
//	by id           unbound, a DNS server
//
// The tests need logger, node, npm, redis-server and unbound, and install the Node.js packages in the
// versions of node/package-lock.json into node/node_modules.
package interop
