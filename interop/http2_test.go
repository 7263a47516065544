package interop

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestHTTP2 has curl post 100,000 bytes to net/http, and back.
func TestHTTP2(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			w.Write(body)
		}
	})}
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(l)
	defer server.Close()
	r := newRelay(t, "tcp", l.Addr().String(), []string{"fixed,size=24", "http2"}, []string{"http2"})
	text := strings.Repeat("0123456789abcdef", 100_000/16)
	require.Equal(t, text, run(t, text, exec.Command("curl", "--silent", "--show-error", "--http2-prior-knowledge", "--data-binary", "@-", "http://"+r.addr)))
	require.GreaterOrEqual(t, r.requests.Load(), int64(9)) // seven of DATA
	require.GreaterOrEqual(t, r.replies.Load(), int64(9))
}

// TestGRPC calls a service of grpc-go, with messages framed here in the bodies of requests:
// Check has one response, and Watch continues to send them.
func TestGRPC(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, service := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(server, service)
	go server.Serve(l)
	defer server.Stop()
	f, err := spec.Parse("grpc")
	require.NoError(t, err)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()

	call := func(method string) *framing.Reader {
		request, err := proto.Marshal(&grpc_health_v1.HealthCheckRequest{Service: "a"})
		require.NoError(t, err)
		var body bytes.Buffer
		w := framing.NewWriter(&body, f)
		// The payload has the header: not compressed, and the length.
		require.NoError(t, w.WriteFrame(append([]byte{0, 0, 0, 0, byte(len(request))}, request...)))
		require.NoError(t, w.Flush())
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		post, err := http.NewRequestWithContext(ctx, "POST", "http://"+l.Addr().String()+"/grpc.health.v1.Health/"+method, &body)
		require.NoError(t, err)
		post.Header.Set("Content-Type", "application/grpc")
		post.Header.Set("TE", "trailers")
		response, err := transport.RoundTrip(post)
		require.NoError(t, err)
		t.Cleanup(func() { response.Body.Close() })
		return framing.NewReader(response.Body, f)
	}
	expect := func(r *framing.Reader, want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		payload, err := r.ReadFrame()
		require.NoError(t, err)
		var have grpc_health_v1.HealthCheckResponse
		require.NoError(t, proto.Unmarshal(payload[5:], &have))
		require.Equal(t, want, have.Status)
	}
	service.SetServingStatus("a", grpc_health_v1.HealthCheckResponse_SERVING)
	check, watch := call("Check"), call("Watch")
	expect(check, grpc_health_v1.HealthCheckResponse_SERVING)
	_, err = check.ReadFrame()
	require.Equal(t, io.EOF, err)
	expect(watch, grpc_health_v1.HealthCheckResponse_SERVING)
	service.SetServingStatus("a", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	expect(watch, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
}
