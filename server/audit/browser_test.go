package audit

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestChrome_CloseDoesNotWait: a browser that takes nothing in is ended nevertheless.
func TestChrome_CloseDoesNotWait(t *testing.T) {
	theirs, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	silent, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	if err := full.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for err == nil { // until nothing more goes in
		_, err = full.Write(make([]byte, 4096))
	}
	if err := full.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	c := &chrome{pipe: chromedp.NewPipeConn(silent, full)}
	if c.process, err = startProcess(exec.Command("true")); err != nil {
		t.Fatal(err)
	}
	c.root = &session{wire: newWire(c.pipe)}
	closed := make(chan struct{})
	go func() {
		c.close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Error("who closes it is kept")
	}
}
