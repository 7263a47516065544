package delimiter_test

import (
	"testing"

	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/framingtest"
)

func TestLaws(t *testing.T) {
	for _, f := range []*delimiter.Framer{
		delimiter.Line(), delimiter.CRLF(), newFramer(t, "<end>"), newFramer(t, ";", "a;"),
	} {
		t.Run(f.String(), func(t *testing.T) { framingtest.Run(t, f) })
		t.Run(f.Keep().String(), func(t *testing.T) {
			frame, err := f.Append(nil, []byte("sample"))
			if err != nil {
				t.Fatal(err)
			}
			framingtest.Config{Payloads: [][]byte{frame}}.Run(t, f.Keep())
		})
	}
}

func TestLawsSkipEmpty(t *testing.T) {
	for _, f := range []*delimiter.Framer{delimiter.Line(), delimiter.Line().Keep(), newFramer(t, ";").Keep(), newFramer(t, "|", "END", "BEND")} {
		t.Run(f.String(), func(t *testing.T) {
			framingtest.Config{Wire: [][]byte{[]byte("\n\r\na\n"), []byte(";;a;")}}.Run(t, f.SkipEmpty())
		})
	}
}
