package jsonvalue_test

import (
	"strings"
	"testing"

	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/jsonvalue"
)

func TestLaws(t *testing.T) {
	var c framingtest.Config
	for _, payload := range []string{`{}`, `[[],{"a":"\"}"}]`, `{"key":[1,2,{"x":"\\"}]}`, `"a\\"`, `12`, `null`, `[` + strings.Repeat(`"\u005c",`, 200) + `1]`} {
		c.Payloads = append(c.Payloads, []byte(payload))
	}
	for _, wire := range []string{"\n{}\n[1]", `{"a":"\\\"]"} {}`, `1{}2 "a"3`, `{"a":"\`, "12", "1,2"} {
		c.Wire = append(c.Wire, []byte(wire))
	}
	c.Run(t, jsonvalue.New())
}
