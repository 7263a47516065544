package serving

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
)

func TestMQTT_Mosquitto(t *testing.T) {
	p := start(t, 1, "mqtt")
	for qos := range 2 {
		level := fmt.Sprint(qos)
		sub := subscribe(t, p, "-t", "rooms/+/temperature", "-t", "house/#", "-q", level, "-C", "4", "-v")
		publish := func(topic, message string) {
			client(t, "mosquitto_pub", "-p", p.port(), "-t", topic, "-m", message, "-q", level)
		}
		publish("rooms/kitchen/temperature", "21")
		publish("rooms/kitchen/door", "open")
		publish("house", "one")
		publish("house/roof/light", "two")
		publish("rooms/a/temperature", strings.Repeat("x", 1<<15))
		got := sub.rest()
		want := []string{"rooms/kitchen/temperature 21", "house one", "house/roof/light two", "rooms/a/temperature " + strings.Repeat("x", 1<<15)}
		if strings.Join(messages(got), "\n") != strings.Join(want, "\n") {
			t.Errorf("with QoS %d the subscriber gets %.200q; want %.200q", qos, got, want)
		}
	}
	p.terminate()
	p.ends()
}

// subscribe starts mosquitto_sub, and returns what it prints when it has subscribed.
func subscribe(t *testing.T, p *program, args ...string) *lines {
	// Without stdbuf it keeps what it prints.
	sub := run(t, exec.Command("stdbuf", append([]string{"-oL", "mosquitto_sub", "-d", "-p", p.port()}, args...)...))
	sub.wait("^Subscribed")
	return sub
}

// messages returns the lines that are not those of the protocol, which -d adds.
func messages(lines []string) (kept []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l, "Client ") && !strings.HasPrefix(l, "Subscribed") {
			kept = append(kept, l)
		}
	}
	return kept
}

// A subscriber that does not read loses its connection when its bound is exceeded;
// one that reads gets all, and the publisher waits for neither.
func TestMQTT_SlowSubscriber(t *testing.T) {
	p := start(t, 1, "mqtt", "-queue", "262144")
	raw := p.dial()
	slow := framing.NewConn(raw, parse(t, "mqtt"))
	if err := slow.WriteFrames([]byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04slow"), []byte("\x82\x06\x00\x01\x00\x01t\x01")); err != nil {
		t.Fatal(err)
	}
	readFrames(t, slow, 2)
	good := subscribe(t, p, "-t", "t", "-q", "1")

	pub := exec.Command("mosquitto_pub", "-p", p.port(), "-t", "t", "-q", "1", "-l")
	in, err := pub.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	printed := run(t, pub)
	filler := strings.Repeat("x", 32<<10)
	const most = 2000 // far more than what systems buffer
	n := 0
	for isReset := false; n < most && !isReset; n++ {
		message := fmt.Sprint(n, " ", filler)
		if _, err := fmt.Fprintln(in, message); err != nil {
			t.Fatal(err)
		}
		for got := ""; got != message; {
			if got = good.next(); !strings.HasPrefix(got, "Client ") && got != message {
				t.Fatalf("the good subscriber gets %.20q; want %.20q", got, message)
			}
		}
		select {
		case line := <-p.lines.ch:
			if want := raw.LocalAddr().String() + ": slow"; !strings.HasSuffix(line, want) {
				t.Fatalf("the broker prints %q; want %q", line, want)
			}
			isReset = true
		default:
		}
	}
	t.Logf("reset after %d messages of 32 KiB", n)
	if _, err := io.Copy(io.Discard, raw); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the slow subscriber reads %v; want a reset", err)
	}
	in.Close()
	if lines := printed.rest(); len(lines) > 0 || pub.Wait() != nil {
		t.Errorf("the publisher prints %q", lines)
	}
	if got := p.lines.wait(`: (\w+)$`)[1]; got != "done" {
		t.Errorf("the publisher's connection ends with %q; want done", got)
	}
	p.terminate()
	p.ends()
}

// Who connects with the identifier of another takes its place.
func TestMQTT_TakenOver(t *testing.T) {
	p := start(t, 1, "mqtt")
	connect := func() *framing.Conn {
		c := framing.NewConn(p.dial(), parse(t, "mqtt"))
		if err := c.WriteFrame([]byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04same")); err != nil {
			t.Fatal(err)
		}
		readFrames(t, c, 1)
		return c
	}
	first := connect()
	second := connect()
	readEnd(t, first)
	if err := second.WriteFrame([]byte("\xc0\x00")); err != nil {
		t.Fatal(err)
	}
	readFrames(t, second, 1)
	p.terminate()
	readEnd(t, second)
	p.ends()
}
