// Package outcome keeps what the last audits of a site came to, in a small file: temoin
// audit writes it, and the server reads it for its dashboard and its metrics. It is apart
// from package audit, so that what answers visitors brings no driver of a browser along.
package outcome

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileName is the file's name in its folder.
const FileName = "audit.json"

// Format is the number of the form that [Outcome] has as JSON. It changes with what a
// reader of an older one would misread.
const Format = 1

const (
	// maxSize is the most bytes of a file that is read: many times what one has that is
	// written here.
	maxSize = 1 << 20
	// Most is how many findings a file has at most; its counts have them all.
	Most = 500
	// longest is the longest interval, in seconds: ten years.
	longest = 10 * 366 * 24 * 3600
)

// Levels are those of findings, the heaviest first.
var Levels = []string{"error", "warning", "note"}

// Outcome is what the last audits came to.
type Outcome struct {
	Format  int    `json:"format"`
	Version string `json:"version"` // of the Témoin that wrote it
	Site    string `json:"site"`
	// Every is how long lies between the starts of two runs, in seconds; 0 where nobody
	// has said when the next one is.
	Every int64 `json:"every"`
	Last  Run   `json:"last"`
	// Found is what the last run found that could look; nil where none could yet.
	Found *Found `json:"found,omitempty"`
	// Before is the count of the run before that one; nil where there was none.
	Before *Count `json:"before,omitempty"`
}

// Run is one run of an audit.
type Run struct {
	Begin time.Time `json:"begin"`
	End   time.Time `json:"end"`
	// Code is its exit code: 0 where nothing was found, 1 where something was, else it
	// could not look, and Problem says why.
	Code    int    `json:"code"`
	Problem string `json:"problem,omitempty"`
}

// Looked reports whether the run could look at the site.
func (r Run) Looked() bool { return r.Code == 0 || r.Code == 1 }

// Count says how much was found.
type Count struct {
	End      time.Time      `json:"end"`
	Levels   map[string]int `json:"levels"`
	Accepted int            `json:"accepted"` // findings that the baseline accepts
}

// Found is what a run found.
type Found struct {
	Count
	Unseen int `json:"unseen"` // how often something could not be seen
	// Kinds are those of the findings, by name.
	Kinds    map[string]Kind `json:"kinds"`
	Findings []Finding       `json:"findings"` // the heaviest first, no more than [Most]
}

// Kind is what is wrong, in the words of the audit: one that is newer than its reader
// may know other kinds.
type Kind struct {
	Level string          `json:"level"`
	Rule  string          `json:"rule"`
	Words map[string]Word `json:"words"` // by language
}

// Word says in one language what is wrong, and what to do.
type Word struct {
	Name string `json:"name"`
	Do   string `json:"do"`
}

// Finding is one thing in which the site does not keep its word.
type Finding struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Subject map[string]string `json:"subject"` // what it is about, by language
	// New tells that the run before had not found it.
	New bool `json:"new,omitempty"`
}

// Read reads what is in a file. It returns an error that is [fs.ErrNotExist] where there
// is none.
func Read(path string) (*Outcome, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait for who writes to it
		return nil, fmt.Errorf("%s is no file; remove it, and run temoin audit again", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s has more than %d bytes, and no audit writes so many: remove it, and run temoin audit again", path, maxSize)
	}
	return decode(path, data)
}

func decode(path string, data []byte) (*Outcome, error) {
	o := &Outcome{}
	err := json.Unmarshal(data, o)
	if o.Format > Format {
		return nil, fmt.Errorf("%s is of format %d, and this program knows %d: run temoin serve and temoin audit in the same version", path, o.Format, Format)
	}
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not what temoin audit writes: %w; remove it, and run temoin audit again", path, err)
	}
	return o, nil
}

// check refuses what no audit has written.
func (o *Outcome) check() error {
	switch {
	case o.Format != Format:
		return fmt.Errorf("its format is %d, want %d", o.Format, Format)
	case o.Every < 0 || o.Every > longest:
		return fmt.Errorf("its interval is %d s, want from 0 to %d", o.Every, int64(longest))
	case o.Last.Begin.IsZero() || o.Last.End.Before(o.Last.Begin):
		return errors.New("its last run does not begin and end")
	case o.Found == nil:
		return nil
	}
	for _, f := range o.Found.Findings {
		if _, found := o.Found.Kinds[f.Kind]; !found {
			return fmt.Errorf("its finding %.100q is of no kind that it has", f.ID)
		}
	}
	return nil
}

// Late tells whether the next run should long have been: since the last one two
// intervals have gone by, and as long again as that one took.
func (o *Outcome) Late(now time.Time) bool {
	took := o.Last.End.Sub(o.Last.Begin)
	return o.Every > 0 && now.Sub(o.Last.End) > 2*o.Interval()+took
}

// Interval is how long lies between the starts of two runs, 0 where nobody has said.
func (o *Outcome) Interval() time.Duration { return time.Duration(o.Every) * time.Second }

// Follow fills in what comes from the outcome before, nil for none: what it found stays
// where the last run could not look, and is what is compared with where it could.
func (o *Outcome) Follow(before *Outcome) {
	if before == nil || before.Site != o.Site {
		return // of another site there is nothing to compare
	}
	if o.Found == nil {
		o.Found, o.Before = before.Found, before.Before
		return
	}
	if before.Found == nil {
		return
	}
	o.Before = &before.Found.Count
	if len(before.Found.Findings) >= Most {
		return // it had more than it names: what is new is not known
	}
	known := map[string]bool{}
	for _, f := range before.Found.Findings {
		known[f.ID] = true
	}
	for i, f := range o.Found.Findings {
		o.Found.Findings[i].New = !known[f.ID]
	}
}

// Write writes an outcome into a folder, whole whenever it is read. The file can be read
// by every user of the machine whom the folder lets in: the server may be another one.
func Write(folder string, o *Outcome) error {
	data, err := json.MarshalIndent(o, "", " ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, FileName+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of no effect once it has its name
	_, err = file.Write(append(data, '\n'))
	if err := errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(folder, FileName))
}

// Prepare makes the folder, where it is not there, and says whether a file can be written there.
func Prepare(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, FileName+".*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// Reader reads a file anew only where it has changed. Any number may use it at once.
type Reader struct {
	path string

	mu      sync.Mutex
	stat    stamp // of the file that was read
	outcome *Outcome
	err     error
}

// stamp tells versions of a file apart.
type stamp struct {
	size    int64
	written time.Time
}

// Folder is the one whose file is read, from the root where that is known.
func (r *Reader) Folder() string {
	folder := filepath.Dir(r.path)
	if whole, err := filepath.Abs(folder); err == nil {
		return whole
	}
	return folder
}

// NewReader returns what reads the file in a folder.
func NewReader(folder string) *Reader {
	return &Reader{path: filepath.Join(folder, FileName)}
}

// Outcome returns what is in the file, or nil where there is none. Nobody may change it.
func (r *Reader) Outcome() (*Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if stat := (stamp{info.Size(), info.ModTime()}); stat != r.stat || r.err != nil {
		r.stat = stat
		r.outcome, r.err = Read(r.path)
	}
	return r.outcome, r.err
}
