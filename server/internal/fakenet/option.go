package fakenet

import "fmt"

// An Option of [Listener.Dial] applies to one connection.
type Option func(*options)

type options struct {
	buffers        int
	flush          bool
	sent           string
	client, server []Fault
}

// Buffers sets the size in bytes of each of the connection's four buffers: a Write returns without a reader when it fits
// into two of them. The default is 64 KiB. It panics if n is less than 1.
func Buffers(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("fakenet: Buffers(%d)", n))
	}
	return func(o *options) { o.buffers = n }
}

// Sent makes the client send text before anybody can accept the connection, without a fault: what accepts it finds all of
// text. Dial panics if text does not fit into two buffers.
func Sent(text string) Option {
	return func(o *options) { o.sent = text }
}

// FlushOnReset makes an RST take from the end that it reaches what it had received and not yet read: Read returns ECONNRESET
// at once. RFC 9293 (3.10.7.4) has it so, and it is the harder world for a server that must not lose its answers.
// By default these bytes can still be read, as on Linux.
func FlushOnReset() Option {
	return func(o *options) { o.flush = true }
}

// ClientFaults adds faults to the end that Dial returns.
func ClientFaults(faults ...Fault) Option {
	check(faults)
	return func(o *options) { o.client = append(o.client, faults...) }
}

// ServerFaults adds faults to the end that Accept returns.
func ServerFaults(faults ...Fault) Option {
	check(faults)
	return func(o *options) { o.server = append(o.server, faults...) }
}

// check panics on a fault that could never strike, lest a test passes because of a typing error.
func check(faults []Fault) {
	for _, f := range faults {
		if f.Dir != Read && f.Dir != Write || f.At < 0 || f.Do.kind == none {
			panic(fmt.Sprintf("fakenet: incomplete fault %+v", f))
		}
	}
}
