// Package syslog frames syslog messages over TCP in both ways that RFC 6587 describes,
// on one connection.
//
//	15 <13>1 - - - - -     →  <13>1 - - - - -    octet counting
//	<13>1 - - - - -\n      →  <13>1 - - - - -    a line
//	54 <1 minute elapsed\n →  54 <1 minute elapsed
//
// The first bytes of a frame tell which it is. It is counted if it begins with a length
// of at most nine digits, without leading zeros, a space and a PRI of one to three
// digits, such as <13>, which the length includes. Anything else is a line, which ends
// at "\n" or "\r\n". Empty lines are fill.
//
// A payload that begins with a PRI is written counted, so that it may contain newlines,
// and any other as a line. With [Framer.WriteLines], every payload is written as a line
// if it can be.
package syslog
