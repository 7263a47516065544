package interop

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestKafka has franz-go produce records to kfake, and consume them.
func TestKafka(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "a"))
	require.NoError(t, err)
	defer cluster.Close()
	addr := cluster.ListenAddrs()[0]
	r := newRelay(t, "tcp", addr, []string{"kafka"}, []string{"kafka"})
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("a"), kgo.ConsumeTopics("a"),
		kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, r.addr)
		}))
	require.NoError(t, err)
	defer client.Close()
	for _, value := range []string{"", "hello", strings.Repeat("x", 100_000)} {
		require.NoError(t, client.ProduceSync(t.Context(), kgo.StringRecord(value)).FirstErr())
		fetched := client.PollRecords(t.Context(), 1)
		require.NoError(t, fetched.Err())
		require.Equal(t, value, string(fetched.Records()[0].Value))
	}
	require.GreaterOrEqual(t, r.requests.Load(), int64(8)) // ApiVersions, Metadata, Produce, Fetch, ...
	require.GreaterOrEqual(t, r.replies.Load(), int64(8))
}
