package client

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/wholeframe/wholeframe/framing"
)

// A Client calls the servers at Addrs, which are replicas of one another. It dials
// when the first call needs a connection, and again when one has ended. Addrs and
// Framer must be set; every other field has a useful zero value. The fields must not
// be changed after the first call.
//
// A Client is safe for concurrent use. It must not be copied.
type Client struct {
	// Addrs are the addresses of the servers: "HOST:PORT", or a path if Network is
	// "unix". Calls go to those that can be reached, in turn.
	Addrs []string

	// Framer splits and builds the frames of every connection.
	Framer framing.Framer

	// Network is the network that is dialed. If empty, it is "tcp".
	Network string

	// TLSConfig, if not nil, makes every connection a TLS connection. If its
	// ServerName is empty, it is the host of the address.
	TLSConfig *tls.Config

	// Dial connects to an address. If nil, a [net.Dialer] is used. With TLSConfig,
	// the handshake follows.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Open, if not nil, is called on a new connection before it carries calls, to
	// read a greeting, authenticate, or subscribe. An error closes the connection, and
	// counts as a failure to reach the address. Open may set another Framer for
	// reading, but not for writing. It must not retain conn.
	Open func(ctx context.Context, conn *framing.Conn) error

	// RequestKey and ReplyKey read the key that a reply has in common with its
	// request, for servers that do not answer in order. RequestKey returns false for a
	// request that has no reply; Call refuses it. ReplyKey returns false for a frame
	// that is not a reply; it goes to Push. If RequestKey is nil, replies are taken in
	// the order of the requests, and the key that ReplyKey returns is not used. If
	// ReplyKey is nil, every frame is a reply. Neither may retain or modify payload.
	RequestKey, ReplyKey func(payload []byte) (key uint64, ok bool)

	// Push, if not nil, is called with each frame that is not the reply to a call. The
	// payload is valid until Push returns. Push must not block: the replies that
	// follow on that connection wait for it. If Push is nil, such a frame is dropped
	// if there are keys, and otherwise ends the connection, because no later reply
	// could be trusted.
	Push func(payload []byte)

	// Goodbye, if not nil, is called with each frame received, and reports whether it
	// is the server's last: no request that is unanswered by then has been or will be
	// handled. The connection is closed. Goodbye must not retain or modify payload.
	Goodbye func(payload []byte) bool

	// Resend sends requests again that were not sent or not handled, on another
	// connection, until the context of the call ends. A call then also waits, until
	// its context ends, while no server can be reached.
	Resend bool

	// Repeatable, if not nil, reports whether request may be handled more than once.
	// Resend then applies to it also if its outcome is Unknown.
	Repeatable func(request []byte) bool

	// TrustFIN says that the servers end a connection with FIN only if they have not
	// handled what they have not answered, and that there is no proxy in the path: see
	// the package documentation. If false, such requests have the outcome Unknown.
	TrustFIN bool

	// MaxPayload is the maximum payload size in bytes, in both directions. If zero,
	// 1 MiB is used; if negative, there is no limit. A larger request is refused. A
	// larger reply fails its call or, if there are keys, the connection.
	MaxPayload int

	// MaxConns is the maximum number of connections to each address. If zero, 1 is
	// used; if negative, there is no limit. Another connection is made only when
	// MaxInFlight calls are in flight on each of those that are open.
	MaxConns int

	// MaxInFlight is the maximum number of calls in flight on one connection. If zero,
	// 256 is used; if negative, there is no limit. 1 disables pipelining. Further
	// calls wait.
	MaxInFlight int

	// DialTimeout limits connecting, the TLS handshake and Open together. If zero, 5
	// seconds is used; if negative, there is no timeout.
	DialTimeout time.Duration

	// ReplyTimeout limits how long a connection may deliver no frame while calls are
	// in flight. It is then reset, and the calls fail. If zero, 1 minute is used; if
	// negative, there is no timeout.
	ReplyTimeout time.Duration

	// WriteTimeout limits how long a write may block. The connection is then reset.
	// If zero, 10 seconds is used; if negative, there is no timeout.
	WriteTimeout time.Duration

	// IdleTimeout closes a connection that has carried no frame for this long. If
	// zero, 90 seconds is used, which is less than servers usually allow; if negative,
	// there is no timeout. Pings and their replies do not count.
	IdleTimeout time.Duration

	// Ping, if not nil, is the payload of a request that is sent whenever a connection
	// has carried no frame for PingInterval. If no reply comes within ReplyTimeout, the
	// connection is reset.
	Ping []byte

	// PingInterval is the interval of Ping. If zero, 30 seconds is used; if negative,
	// Ping is not sent.
	PingInterval time.Duration

	// MaxBackoff limits the pause between attempts to reach an address, which starts
	// at 50 ms and doubles with each failure in a row. Half of each pause is random.
	// If zero, 5 seconds is used; if negative, there is no pause.
	MaxBackoff time.Duration

	mu      sync.Mutex
	changed sync.Cond
}
