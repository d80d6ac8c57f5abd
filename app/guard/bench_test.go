package guard

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// BenchmarkPage rewrites a page of a content management system, all in one piece.
func BenchmarkPage(b *testing.B) {
	text, err := os.ReadFile("testdata/pages/wordpress.html")
	if err != nil {
		b.Fatal(err)
	}
	page := []byte(strings.Repeat(string(text), 100))
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		p := newPage(&out)
		for piece := page; len(piece) > 0; piece = piece[min(32<<10, len(piece)):] {
			p.Write(piece[:min(32<<10, len(piece))])
		}
		p.Close()
	}
}
