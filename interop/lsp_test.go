package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/spec"
)

// TestLSP has four language servers list the symbols of a document.
func TestLSP(t *testing.T) {
	for _, c := range []struct {
		command        []string
		language, text string
		symbol         string // found in text
	}{
		{[]string{"typescript-language-server", "--stdio"}, "typescript", "export function grüße() { return 1 }\n", "grüße"},
		{[]string{"pyright-langserver", "--stdio"}, "python", "def grüße():\n    return 1\n", "grüße"},
		{[]string{"bash-language-server", "start"}, "shellscript", "hello() { echo '世界'; }\n", "hello"},
		{[]string{"docker-langserver", "--stdio"}, "dockerfile", "FROM scratch\nCMD [\"世界\"]\n", "CMD"},
	} {
		t.Run(c.command[0], func(t *testing.T) {
			t.Parallel()
			install(t)
			f, err := spec.Parse("content-length,keep")
			require.NoError(t, err)
			dir := t.TempDir()
			cmd := exec.Command(filepath.Join("node", "node_modules", ".bin", c.command[0]), c.command[1:]...)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			start(t, cmd)
			w, r := framing.NewWriter(in, f), framing.NewReader(out, f)

			send := func(message string) {
				frame := fmt.Sprintf("Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(message), message)
				require.NoError(t, w.WriteFrame([]byte(frame)))
				require.NoError(t, w.Flush())
			}
			// call returns the result of a request. What the server asks meanwhile is
			// answered with null.
			id := 0
			call := func(method string, params any) string {
				id++
				data, err := json.Marshal(params)
				require.NoError(t, err)
				send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, data))
				for {
					frame, err := r.ReadFrame()
					require.NoError(t, err)
					_, body, _ := bytes.Cut(frame, []byte("\r\n\r\n"))
					var m struct {
						ID            json.RawMessage
						Method        string
						Result, Error json.RawMessage
					}
					require.NoError(t, json.Unmarshal(body, &m))
					switch {
					case m.Method != "" && m.ID != nil:
						send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, m.ID))
					case m.Method == "" && string(m.ID) == fmt.Sprint(id):
						require.Nil(t, m.Error, string(m.Error))
						return string(m.Result)
					}
				}
			}
			type object map[string]any
			uri := "file://" + filepath.Join(dir, "a."+c.language)
			require.Contains(t, call("initialize", object{
				"processId": os.Getpid(), "rootUri": "file://" + dir, "capabilities": object{},
			}), "documentSymbolProvider")
			send(`{"jsonrpc":"2.0","method":"initialized","params":{}}`)
			document, err := json.Marshal(object{"textDocument": object{"uri": uri, "languageId": c.language, "version": 1, "text": c.text}})
			require.NoError(t, err)
			send(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":` + string(document) + `}`)
			require.Contains(t, call("textDocument/documentSymbol", object{"textDocument": object{"uri": uri}}), c.symbol)
			require.Equal(t, "null", call("shutdown", nil))
			send(`{"jsonrpc":"2.0","method":"exit"}`)
		})
	}
}
