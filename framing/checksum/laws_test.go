package checksum_test

import (
	"fmt"
	"testing"

	"github.com/wholeframe/wholeframe/framing"
	"github.com/wholeframe/wholeframe/framing/checksum"
	"github.com/wholeframe/wholeframe/framing/cobs"
	"github.com/wholeframe/wholeframe/framing/contentlength"
	"github.com/wholeframe/wholeframe/framing/delimiter"
	"github.com/wholeframe/wholeframe/framing/framingtest"
	"github.com/wholeframe/wholeframe/framing/lengthprefix"
	"github.com/wholeframe/wholeframe/framing/recordmark"
	"github.com/wholeframe/wholeframe/framing/slip"
	"github.com/wholeframe/wholeframe/framing/stuffed"
)

func wrap(t testing.TB, f framing.Framer, kind checksum.Kind) framing.Framer {
	t.Helper()
	w, err := checksum.Wrap(f, kind)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLaws(t *testing.T) {
	resync, err := lengthprefix.New(lengthprefix.Config{Width: 1, Offset: 2, Magic: []byte("mm"), Trailer: []byte("z"), Resync: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		f    framing.Framer
		kind checksum.Kind
	}{
		{lengthprefix.Uint16(), checksum.CRC32}, {resync, checksum.XOR8}, {cobs.New(), checksum.CRC32CLE}, {slip.LeadingEnd(), checksum.CRC16CCITT},
		{stuffed.HDLC(), checksum.CRC16X25}, {stuffed.JT808(), checksum.XOR8}, {delimiter.Line(), checksum.SUM8}, {contentlength.New(), checksum.CRC32C},
		{recordmark.New(), checksum.CRC16Modbus}, {lengthprefix.Varint(), checksum.CRC16XModem},
	} {
		f := wrap(t, test.f, test.kind)
		t.Run(fmt.Sprint(f), func(t *testing.T) { framingtest.Run(t, f) })
	}
}
