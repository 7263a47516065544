package server_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/fixed"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/server"
	"github.com/wholeframe/wholeframe/server/internal/fakenet"
)

// T9, T10: whatever the network does at any byte, the client sees whole answers
// to the first messages and the end of the stream, or a reset; every message
// that arrived before a fault in reading is answered; and nothing leaks.
func TestT9FaultAtEveryByte(t *testing.T) {
	four, err := fixed.New(4)
	require.NoError(t, err)
	broken := errors.New("broken")
	harmless := map[string]bool{"short": true, "zero": true, "delay(1s)": true}
	for name, framer := range map[string]framing.Framer{"lines": lines, "length": lengthprefix.Uint32(), "fixed": four} {
		t.Run(name, func(t *testing.T) {
			var stream strings.Builder
			var ends []int // of the messages in stream
			w := framing.NewWriter(&stream, framer)
			for _, message := range []string{"zero", "one.", "two,", "tri!", "four"} {
				require.NoError(t, w.WriteFrame([]byte(message)))
				require.NoError(t, w.Flush())
				ends = append(ends, stream.Len())
			}
			whole := func(n int) (end int) {
				for _, e := range ends {
					if e <= n {
						end = e
					}
				}
				return end
			}
			for _, dir := range []fakenet.Dir{fakenet.Read, fakenet.Write} {
				for _, effect := range []fakenet.Effect{
					fakenet.Short(), fakenet.Zero(), fakenet.With(broken), fakenet.Fail(broken),
					fakenet.Delay(time.Second), fakenet.Reset(), fakenet.Block(),
				} {
					for at := range stream.Len() + 1 {
						fault := fakenet.Fault{Dir: dir, At: int64(at), Do: effect}
						onFake(t, &server.Server{Framer: framer}, func(f *fake) {
							c := f.dial(stream.String(), fakenet.ServerFaults(fault))
							c.CloseWrite()
							time.Sleep(5 * time.Minute)
							synctest.Wait()
							got, _ := io.ReadAll(c)
							ok := assert.True(t, strings.HasPrefix(stream.String(), string(got)), "%q is not what was sent", got)
							if c.RST().IsZero() {
								ok = ok && assert.NotZero(t, c.FIN()) && assert.Equal(t, whole(len(got)), len(got), "a torn answer, and FIN")
							}
							switch {
							case dir == fakenet.Read && harmless[effect.String()], effect.String() == "delay(1s)":
								ok = ok && assert.Equal(t, stream.String(), string(got)) && assert.Zero(t, c.RST())
							case dir == fakenet.Read && effect.String() != "reset":
								ok = ok && assert.GreaterOrEqual(t, len(got), whole(at), "unanswered") && assert.Zero(t, c.RST())
							case dir == fakenet.Write && at < stream.Len() && effect.String() != "short":
								ok = ok && assert.NotZero(t, c.RST(), "no answer is missing")
							}
							if !ok {
								t.Error("with the fault", fault)
							}
						})
						if t.Failed() {
							return
						}
					}
				}
			}
		})
	}
}

// T9: a short write of a large frame, which is written from several slices, is
// an error too.
func TestT9ShortVectoredWrite(t *testing.T) {
	for _, at := range []int64{1, 3, 5, 30_000} {
		onFake(t, &server.Server{Framer: lengthprefix.Uint32()}, func(f *fake) {
			c := f.dial(string(lengthFrame(make([]byte, 60_000))), fakenet.ServerFaults(fakenet.Fault{Dir: fakenet.Write, At: at, Do: fakenet.Short()}))
			c.CloseWrite()
			time.Sleep(time.Minute)
			synctest.Wait()
			assert.Zero(t, c.FIN())
			assert.NotZero(t, c.RST())
		})
	}
}
