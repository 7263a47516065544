package resp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/resp"
)

func TestLaws(t *testing.T) {
	var c framingtest.Config
	for _, payload := range []string{
		"+OK\r\n", "$5\r\nhello\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n", "*0\r\n", "$-1\r\n", "*-1\r\n", "PING\r\n", "%1\r\n+a\r\n_\r\n", "|1\r\n+a\r\n#t\r\n$0\r\n\r\n",
		fmt.Sprintf("$300\r\n%s\r\n", strings.Repeat("a", 300)), fmt.Sprintf("*100\r\n%s", strings.Repeat(":1\r\n", 100)),
	} {
		c.Payloads = append(c.Payloads, []byte(payload))
	}
	for _, wire := range []string{"\r\n+OK\r\n", "$1\r\nab\r\n", "*2\r\n$1\r\nabc", "+a\n", "*1\r\nPING\r\n", "$?\r\n", "*2\r\n$1\r\nab\r\n+OK\r\n", "GET a\n"} {
		c.Wire = append(c.Wire, []byte(wire))
	}
	c.Run(t, resp.New())
}
