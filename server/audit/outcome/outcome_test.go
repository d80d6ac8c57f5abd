package outcome

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// sample is what a run came to that found these.
func sample(ids ...string) *Outcome {
	o := &Outcome{
		Format: Format, Site: "https://a.example/", Every: 86400, Last: Run{Begin: begin, End: begin.Add(time.Minute), Code: 1},
		Found: &Found{Count: Count{End: begin.Add(time.Minute), Levels: map[string]int{"error": len(ids)}}, Kinds: map[string]Kind{"before-consent": {Level: "error", Rule: "R1"}}},
	}
	for _, id := range ids {
		o.Found.Findings = append(o.Found.Findings, Finding{ID: id, Kind: "before-consent"})
	}
	return o
}

// failed is what a run came to that could not look.
func failed() *Outcome {
	o := sample()
	o.Found, o.Last = nil, Run{Begin: begin.Add(24 * time.Hour), End: begin.Add(25 * time.Hour), Code: 2, Problem: "no answer"}
	return o
}

func mustWrite(t *testing.T, folder string, o *Outcome) {
	t.Helper()
	if err := Write(folder, o); err != nil {
		t.Fatal(err)
	}
}

// TestWrite: what is written is read as it was, by another user too, and nothing is left beside it.
func TestWrite(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "audits")
	if err := Prepare(folder); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, folder, sample("a", "b"))
	mustWrite(t, folder, sample("a"))
	o, err := Read(filepath.Join(folder, FileName))
	if err != nil || len(o.Found.Findings) != 1 || !o.Last.Begin.Equal(begin) || o.Found.Kinds["before-consent"].Rule != "R1" {
		t.Errorf("got %+v and %v", o, err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v and %v, want the file alone", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("got %v and %v, want a file that the server may read", info, err)
	}
	if err := Prepare(filepath.Join(folder, FileName)); err == nil {
		t.Error("a file is taken for a folder")
	}
}

// TestRead_Refuses: what no audit writes is reported, with what to do.
func TestRead_Refuses(t *testing.T) {
	const whole = `"last":{"begin":"2026-11-24T03:00:00Z","end":"2026-11-24T03:01:00Z"}`
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {"", "is not what temoin audit writes"},
		"broken":         {`{"format":1,` + whole[:20], "is not what temoin audit writes"},
		"another's":      {`{"hello":"world"}`, "its format is 0, want 1"},
		"newer":          {`{"format":2,"last":"tomorrow"}`, "is of format 2, and this program knows 1"},
		"huge":           {strings.Repeat(" ", maxSize) + `{"format":1,` + whole + `}`, "has more than 1048576 bytes"},
		"without a run":  {`{"format":1}`, "its last run does not begin and end"},
		"of no interval": {`{"format":1,"every":9223372036854775807,` + whole + `}`, "its interval is"},
		"of no kind":     {`{"format":1,` + whole + `,"found":{"findings":[{"id":"x","kind":"y"}]}}`, `its finding "x" is of no kind`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if o, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v and %v, want %q", o, err, c.want)
			}
		})
	}
	path := filepath.Join(t.TempDir(), FileName)
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is none", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("a folder: got %v", err)
	}
}

// TestFollow: what was found before says what is new, and stays where the site could not
// be looked at.
func TestFollow(t *testing.T) {
	o := sample("a", "b")
	o.Follow(sample("b", "c"))
	if !o.Found.Findings[0].New || o.Found.Findings[1].New || o.Before == nil || o.Before.Levels["error"] != 2 {
		t.Errorf("got %+v", o)
	}
	lost := failed()
	lost.Follow(o)
	if lost.Found == nil || lost.Found.Levels["error"] != 2 || lost.Before != o.Before || lost.Last.Looked() {
		t.Errorf("after a run that failed: got %+v", lost)
	}
	again := sample("b")
	again.Follow(lost)
	if again.Found.Findings[0].New || again.Before.Levels["error"] != 2 {
		t.Errorf("after that: got %+v", again)
	}
	other := sample("b")
	other.Site = "https://b.example/"
	other.Follow(o)
	if first := sample("b"); other.Before != nil || other.Found.Findings[0].New {
		t.Errorf("another site: got %+v", other)
	} else if first.Follow(nil); first.Before != nil || first.Found.Findings[0].New {
		t.Errorf("the first run: got %+v", first)
	}
	cut := sample("b")
	if cut.Follow(sample(make([]string, Most)...)); cut.Found.Findings[0].New {
		t.Error("what is new is not known where not all was kept")
	}
}

func TestLate(t *testing.T) {
	o := sample()
	if o.Late(begin.Add(48*time.Hour)) || !o.Late(begin.Add(49*time.Hour)) {
		t.Error("late is after two intervals")
	}
	if o.Every = 0; o.Late(begin.Add(9999 * time.Hour)) {
		t.Error("nobody has said when the next run is")
	}
}

// TestReader: a file is read anew where it has changed, and is gone where it is gone.
func TestReader(t *testing.T) {
	folder := t.TempDir()
	r := NewReader(folder)
	if o, err := r.Outcome(); o != nil || err != nil {
		t.Errorf("got %v and %v, want nothing", o, err)
	}
	mustWrite(t, folder, sample("a"))
	first, err := r.Outcome()
	if err != nil || len(first.Found.Findings) != 1 {
		t.Fatalf("got %v and %v", first, err)
	}
	if again, _ := r.Outcome(); again != first {
		t.Error("the file is read again, though it has not changed")
	}
	path := filepath.Join(folder, FileName)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Outcome(); err == nil {
		t.Error("a broken file is no error")
	}
	mustWrite(t, folder, sample("a", "b"))
	if o, err := r.Outcome(); err != nil || len(o.Found.Findings) != 2 {
		t.Errorf("got %v and %v, want the new one", o, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if o, err := r.Outcome(); o != nil || err != nil {
		t.Errorf("got %v and %v, want nothing", o, err)
	}
}
