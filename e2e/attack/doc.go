// Package attack holds attacks on the real cmd/echo over loopback TCP, with a
// good client measured beside each. The tests carry the numbers of the threats
// in their names, and print what they measured, one line each:
//
//	go -C e2e test ./attack -v -attack.conns=10000
//
// A run is judged by counts, most of them the server's own. The good client's
// 99th percentile in the attack is compared with that in a quiet phase just
// before; only a ratio far beyond what a busy machine makes is a failure.
package attack
