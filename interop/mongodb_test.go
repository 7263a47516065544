package interop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestMongoDB has the Go driver of MongoDB insert and find a document of 2 MiB in a server that is
// made here.
func TestMongoDB(t *testing.T) {
	f, err := spec.Parse("mongodb")
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	defer running.Wait()
	defer l.Close()
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				err := serveMongo(framing.NewConn(c, f), f.(*lengthprefix.Framer))
				if ofNet := (*net.OpError)(nil); !errors.As(err, &ofNet) {
					assert.Equal(t, io.EOF, err)
				}
			})
		}
	})

	client, err := mongo.Connect(options.Client().ApplyURI("mongodb://" + l.Addr().String()).
		SetServerAPIOptions(options.ServerAPI(options.ServerAPIVersion1)). // OP_MSG from the first message on
		SetMaxPoolSize(1))                                                 // the server has a document for each connection
	require.NoError(t, err)
	defer client.Disconnect(t.Context())
	require.NoError(t, client.Ping(t.Context(), nil))
	in := bson.D{{Key: "_id", Value: int32(1)}, {Key: "data", Value: bson.Binary{Data: bytes.Repeat([]byte("x\x00"), 1<<20)}}}
	_, err = client.Database("a").Collection("b").InsertOne(t.Context(), in)
	require.NoError(t, err)
	var out bson.D
	require.NoError(t, client.Database("a").Collection("b").FindOne(t.Context(), bson.D{}).Decode(&out))
	require.Equal(t, in, out)
}

// serveMongo answers requests until the stream ends. The last inserted document is found.
func serveMongo(c *framing.Conn, f *lengthprefix.Framer) error {
	const maxMessage = 48_000_000 // as servers have it
	c.SetMaxPayload(maxMessage)
	ok := bson.E{Key: "ok", Value: 1}
	var inserted bson.Raw
	for {
		// An OP_MSG has a header of 16 bytes, 4 bytes of flags, and sections. The first
		// one is the command, after a byte of 0.
		request, err := c.ReadFrame()
		if err != nil {
			return err
		}
		command := bson.Raw(request[21:][:binary.LittleEndian.Uint32(request[21:])])
		name, err := command.IndexErr(0)
		if err != nil {
			return err
		}
		reply := bson.D{ok}
		switch name.Key() {
		case "hello":
			reply = bson.D{ok, {Key: "isWritablePrimary", Value: true}, {Key: "maxWireVersion", Value: 25},
				{Key: "maxBsonObjectSize", Value: 16 << 20}, {Key: "maxMessageSizeBytes", Value: maxMessage}, {Key: "maxWriteBatchSize", Value: 1}}
		case "ping":
		case "insert":
			// The documents are another section: a byte of 1, a length of 4 bytes and a name precede them.
			_, inserted, _ = bytes.Cut(bytes.Clone(request[21+len(command):]), []byte("documents\x00"))
			reply = bson.D{ok, {Key: "n", Value: 1}}
		case "find":
			reply = bson.D{ok, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "a.b"}, {Key: "firstBatch", Value: bson.A{inserted}}}}}
		default:
			return fmt.Errorf("unexpected command %s", command)
		}
		payload := make([]byte, 21)
		copy(payload[8:12], request[4:8])    // the request that is answered
		copy(payload[12:16], request[12:16]) // OP_MSG
		document, err := bson.Marshal(reply)
		if err != nil {
			return err
		}
		payload = append(payload, document...)
		if err := f.PutHeader(payload); err != nil {
			return err
		}
		if err := c.WriteFrame(payload); err != nil {
			return err
		}
	}
}
