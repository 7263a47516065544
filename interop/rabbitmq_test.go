package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/Azure/go-amqp"
	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// TestRabbitMQ has clients of three protocols talk to RabbitMQ.
func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	addrAMQP, portAMQP := freeAddr(t)
	addrSTOMP, portSTOMP := freeAddr(t)
	_, portNames := freeAddr(t)
	_, portNode := freeAddr(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rabbitmq.conf"), fmt.Appendf(nil,
		"listeners.tcp.1 = 127.0.0.1:%s\nstomp.listeners.tcp.1 = 127.0.0.1:%s\n", portAMQP, portSTOMP), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plugins"), []byte("[rabbitmq_stomp,rabbitmq_amqp1_0].\n"), 0o600))
	start(t, exec.Command("epmd", "-address", "127.0.0.1", "-port", portNames))
	await(t, "tcp", "127.0.0.1:"+portNames)
	// The command in the path is for the user of the service only.
	server := exec.Command("/usr/lib/rabbitmq/bin/rabbitmq-server")
	server.Env = append(os.Environ(), "HOME="+dir, "ERL_EPMD_PORT="+portNames, "RABBITMQ_NODENAME=interop@localhost",
		"RABBITMQ_BASE="+dir, "RABBITMQ_MNESIA_BASE="+dir, "RABBITMQ_LOG_BASE="+dir, "RABBITMQ_LOGS=-",
		"RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq"), "RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "plugins"),
		"RABBITMQ_DIST_PORT="+portNode, "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}")
	start(t, server)
	await(t, "tcp", addrAMQP)
	await(t, "tcp", addrSTOMP)

	bodies := [][]byte{{}, []byte("hello"), bytes.Repeat([]byte{0, 0xce, '\n'}, 100_000)}

	// The body of 300,000 bytes is in three frames.
	t.Run("amqp", func(t *testing.T) {
		r := newRelay(t, "tcp", addrAMQP, []string{"fixed,size=8", "amqp"}, []string{"amqp"})
		c, err := amqp091.Dial("amqp://guest:guest@" + r.addr)
		require.NoError(t, err)
		defer c.Close()
		channel, err := c.Channel()
		require.NoError(t, err)
		q, err := channel.QueueDeclare("", false, true, true, false, nil)
		require.NoError(t, err)
		messages, err := channel.Consume(q.Name, "", true, true, false, false, nil)
		require.NoError(t, err)
		for _, body := range bodies {
			require.NoError(t, channel.PublishWithContext(t.Context(), "", q.Name, false, false, amqp091.Publishing{Body: body}))
			require.Equal(t, body, append([]byte{}, (<-messages).Body...))
		}
		require.NoError(t, c.Close())
		require.GreaterOrEqual(t, r.requests.Load(), int64(8+3*len(bodies)))
		require.GreaterOrEqual(t, r.replies.Load(), int64(6+3*len(bodies)))
	})

	// Each side announces itself once for the login (SASL) and once for messages.
	t.Run("amqp10", func(t *testing.T) {
		r := newRelay(t, "tcp", addrAMQP, []string{"fixed,size=8", "amqp10", "fixed,size=8", "amqp10"},
			[]string{"fixed,size=8", "amqp10", "amqp10", "fixed,size=8", "amqp10"})
		c, err := amqp.Dial(t.Context(), "amqp://guest:guest@"+r.addr, nil)
		require.NoError(t, err)
		defer c.Close()
		session, err := c.NewSession(t.Context(), nil)
		require.NoError(t, err)
		receiver, err := session.NewReceiver(t.Context(), "/queue/ten", nil)
		require.NoError(t, err)
		sender, err := session.NewSender(t.Context(), "/queue/ten", nil)
		require.NoError(t, err)
		for _, body := range bodies[1:] {
			require.NoError(t, sender.Send(t.Context(), amqp.NewMessage(body), nil))
			m, err := receiver.Receive(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, body, m.GetData())
			require.NoError(t, receiver.AcceptMessage(t.Context(), m))
		}
		require.NoError(t, c.Close())
		require.GreaterOrEqual(t, r.requests.Load(), int64(10))
		require.GreaterOrEqual(t, r.replies.Load(), int64(10))
	})

	// stompit announces the size of a body if it is told to.
	t.Run("stomp", func(t *testing.T) {
		r := newRelay(t, "tcp", addrSTOMP, []string{"stomp"}, []string{"stomp"})
		require.Equal(t, "received \"hello\"\nreceived \"two\\nlines\\u0000\"\n", run(t, "", node(t, "stomp.js", r.port)))
		require.GreaterOrEqual(t, r.requests.Load(), int64(4)) // CONNECT, SUBSCRIBE, SEND, SEND
		require.GreaterOrEqual(t, r.replies.Load(), int64(3))  // CONNECTED, MESSAGE, MESSAGE
	})
}
