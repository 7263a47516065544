// Command wasm is the library as the playground's page runs it: compiled to
// WebAssembly, it gives the page an object wholeframe with three functions, menu,
// play and guesses, which return JSON as package play defines it.
package main

import (
	"encoding/json"
	"syscall/js"

	"github.com/wholeframe/wholeframe/docs/playground/play"
)

func main() {
	js.Global().Set("wholeframe", map[string]any{
		"menu":    js.FuncOf(func(js.Value, []js.Value) any { return text(play.Menu()) }),
		"guesses": js.FuncOf(func(_ js.Value, args []js.Value) any { return text(play.Guesses(args[0].String())) }),
		"play": js.FuncOf(func(_ js.Value, args []js.Value) any {
			var q play.Request
			if err := json.Unmarshal([]byte(args[0].String()), &q); err != nil {
				return text(play.Response{SpecErrors: []play.Fault{{Text: err.Error()}}})
			}
			return text(play.Play(q))
		}),
	})
	select {} // the functions need a program that runs
}

// text returns v as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}
