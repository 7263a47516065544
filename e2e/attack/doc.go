// Package attack holds attacks on the real cmd/echo over loopback TCP, with a
// good client measured beside each. The tests carry the numbers of the threats
// in their names, and print what they measured:
//
//	go -C e2e test ./attack -v -attack.conns=10000
//
// A run is judged by counts, and by the good client's p99 in the attack over
// its p99 in a quiet phase just before.
package attack
