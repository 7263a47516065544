// Package haproxy holds the tests of the reference server behind HAProxy, a proxy
// that connects elsewhere when it is refused, and cannot when it was accepted.
//
//	go test ./haproxy -v -haproxy.restarts=20
package haproxy
