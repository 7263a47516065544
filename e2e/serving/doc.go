// Package serving runs the servers of real protocols among the examples, with the
// clients that others have written for these protocols:
//
//	smtp       swaks, openssl
//	postgres   psql
//	mqtt       mosquitto_sub, mosquitto_pub
//	dns        dig, kdig, dnsperf
//	chat       nc
//
// What these clients cannot do, such as half of a handshake, is done by hand.
package serving
