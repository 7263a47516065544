package docs

import (
	"flag"
	"os"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the pictures of the drain")

// The pictures of the drain are one drawing in the colours of light and dark
// pages; go test ./docs -update draws them anew.
func TestDrainPictures(t *testing.T) {
	for file, palette := range map[string]palette{
		"drain-light.svg": {Ink: "#1f2328", Quiet: "#59636e", Line: "#d1d9e0", Request: "#0e7490", Answer: "#15803d", Bad: "#cf222e", On: "#ffffff"},
		"drain-dark.svg":  {Ink: "#f0f6fc", Quiet: "#9198a1", Line: "#3d444d", Request: "#67d7ee", Answer: "#6ee787", Bad: "#ff7b72", On: "#0d1117"},
	} {
		var drawn strings.Builder
		require.NoError(t, drain.Execute(&drawn, palette))
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(drawn.String()), 0o644))
		}
		require.Equal(t, read(t, "docs/"+file), drawn.String(), file)
	}
}

type palette struct{ Ink, Quiet, Line, Request, Answer, Bad, On string }

var drain = template.Must(template.New("drain").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 830 430" font-family="system-ui,-apple-system,'Segoe UI','Noto Sans',Arial,sans-serif" font-size="14" role="img" aria-label="What closing does to each connection, in wholeframe and where a program just closes">
{{- define "request"}}<rect width="26" height="22" rx="3" fill="{{.Request}}"/>{{end}}
{{- define "answer"}}<rect width="26" height="22" rx="3" fill="{{.Answer}}"/>{{end}}
{{- define "fin"}}<rect width="44" height="22" rx="11" fill="none" stroke="{{.Ink}}" stroke-width="1.5"/><text x="22" y="16" text-anchor="middle" font-size="13" fill="{{.Ink}}">FIN</text>{{end}}
{{- define "rst"}}<rect width="44" height="22" rx="11" fill="{{.Bad}}"/><text x="22" y="16" text-anchor="middle" font-size="13" font-weight="600" fill="{{.On}}">RST</text>{{end}}
<g fill="{{.Ink}}">
<text x="0" y="16" font-weight="600" font-size="16">Shutdown in wholeframe</text>
<text x="256" y="40">SIGTERM</text>
<text x="256" y="338">close</text>
<text x="0" y="68">received, not answered</text>
<text x="0" y="112">waits in the accept queue</text>
<text x="0" y="156">half a message</text>
<text x="0" y="200">idle</text>
<text x="0" y="244">new client</text>
<text x="0" y="316" font-weight="600" font-size="16">Where a program just closes</text>
<text x="0" y="362">received, not answered</text>
<text x="0" y="406">waits in the accept queue</text>
</g>
<g stroke="{{.Line}}"><path d="M190 82H830M190 126H830M190 170H830M190 214H830M190 258H830M190 376H830M190 420H830"/></g>
<g stroke="{{.Ink}}" stroke-dasharray="4 3"><path d="M250 28V262M250 326V424"/></g>

<g transform="translate(192,52)">{{template "request" .}}</g><g transform="translate(220,52)">{{template "request" .}}</g>
<g transform="translate(300,52)">{{template "answer" .}}</g><g transform="translate(328,52)">{{template "answer" .}}</g>
<g transform="translate(368,52)">{{template "fin" .}}</g><text x="426" y="68" fill="{{.Quiet}}">reads until the peer has everything, then closes</text>

<g transform="translate(220,96)">{{template "request" .}}</g>
<text x="262" y="112" fill="{{.Quiet}}">accept</text>
<g transform="translate(328,96)">{{template "answer" .}}</g>
<g transform="translate(368,96)">{{template "fin" .}}</g><text x="426" y="112" fill="{{.Quiet}}">served like the others, also beyond the limit</text>

<rect x="234" y="140" width="13" height="22" rx="3" fill="{{.Request}}"/><rect x="272" y="140" width="13" height="22" rx="3" fill="{{.Request}}"/>
<g transform="translate(328,140)">{{template "answer" .}}</g>
<g transform="translate(368,140)">{{template "fin" .}}</g><text x="426" y="156" fill="{{.Quiet}}">may be completed: no gap of 0.5 s, 2 s in all</text>

<g transform="translate(262,184)">{{template "fin" .}}</g><text x="426" y="200" fill="{{.Quiet}}">nothing was owed: at once</text>
<text x="262" y="244" fill="{{.Quiet}}">refused</text><text x="426" y="244" fill="{{.Quiet}}">goes to another replica, never accepted and dropped</text>

<g transform="translate(192,346)">{{template "request" .}}</g><g transform="translate(220,346)">{{template "request" .}}</g>
<g transform="translate(262,346)">{{template "rst" .}}</g>
<g opacity="0.45"><g transform="translate(328,346)">{{template "answer" .}}</g></g><path d="M326 344l30 26m0 -26l-30 26" stroke="{{.Bad}}" stroke-width="2"/>
<text x="426" y="362" fill="{{.Quiet}}">bytes were unread: answers on their way are lost too</text>
<g transform="translate(220,390)">{{template "request" .}}</g>
<g transform="translate(262,390)">{{template "rst" .}}</g>
<text x="426" y="406" fill="{{.Quiet}}">reset, though it was connected</text>

<g font-size="13" fill="{{.Quiet}}"><rect x="540" y="5" width="14" height="13" rx="2" fill="{{.Request}}"/><text x="560" y="16">message received</text><rect x="700" y="5" width="14" height="13" rx="2" fill="{{.Answer}}"/><text x="720" y="16">answer sent</text></g>
</svg>
`))
