package receipt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
)

func mustKey(tb testing.TB) *receipt.Key {
	tb.Helper()
	key, err := receipt.NewKey("portal.example")
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// newFile returns the file of a receipt that is entry 2 of a log of 5.
func newFile(t testing.TB, key *receipt.Key) *receipt.File {
	t.Helper()
	r := mustNew(t)
	salt := bytes.Repeat([]byte{7}, receipt.SaltSize)
	hashes := map[int64]tlog.Hash{}
	reader := tlog.HashReaderFunc(func(places []int64) (list []tlog.Hash, err error) {
		for _, place := range places {
			list = append(list, hashes[place])
		}
		return list, nil
	})
	const size, index = 5, 2
	for n := range int64(size) {
		leaf := tlog.RecordHash([]byte{byte(n)})
		if n == index {
			leaf = receipt.Commitment(salt, []byte(body(t, r)))
		}
		completed, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		for level, hash := range completed {
			hashes[tlog.StoredHashIndex(level, n>>level)] = hash
		}
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := tlog.ProveRecord(size, index, reader)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := key.Checkpoint(tlog.Tree{N: size, Hash: root})
	if err != nil {
		t.Fatal(err)
	}
	return &receipt.File{
		Receipt: r, Signature: key.Sign([]byte(body(t, r))), Key: key.Verifier(),
		Log: receipt.Inclusion{Index: index, Salt: salt, Proof: proof, Checkpoint: checkpoint},
	}
}

func TestFile_Verify(t *testing.T) {
	key := mustKey(t)
	if err := newFile(t, key).Verify(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(f *receipt.File){
		"no receipt":     func(f *receipt.File) { f.Receipt = nil },
		"another choice": func(f *receipt.File) { f.Receipt.Processing.Purposes[3].State = receipt.Given },
		"another time":   func(f *receipt.File) { f.Receipt.Event.Time = at.AddDate(0, 0, 1) },
		"another receipt": func(f *receipt.File) {
			f.Receipt.RecordID = consent.NewID()
			f.Receipt.PrincipalID = f.Receipt.RecordID
		},
		"another signature":  func(f *receipt.File) { f.Signature[0] ^= 1 },
		"no signature":       func(f *receipt.File) { f.Signature = nil },
		"another key":        func(f *receipt.File) { f.Key = mustKey(t).Verifier() },
		"no key":             func(f *receipt.File) { f.Key = "" },
		"another salt":       func(f *receipt.File) { f.Log.Salt[0] ^= 1 },
		"a longer salt":      func(f *receipt.File) { f.Log.Salt = append(f.Log.Salt, '{') },
		"another place":      func(f *receipt.File) { f.Log.Index = 3 },
		"no place":           func(f *receipt.File) { f.Log.Index = -1 },
		"a place behind":     func(f *receipt.File) { f.Log.Index = 5 },
		"another proof":      func(f *receipt.File) { f.Log.Proof[0][0] ^= 1 },
		"no proof":           func(f *receipt.File) { f.Log.Proof = nil },
		"another checkpoint": func(f *receipt.File) { f.Log.Checkpoint = strings.Replace(f.Log.Checkpoint, "\n5\n", "\n6\n", 1) },
		"another's checkpoint": func(f *receipt.File) {
			f.Log.Checkpoint, _ = mustKey(t).Checkpoint(tlog.Tree{N: 5})
		},
		"a checkpoint of nothing": func(f *receipt.File) { f.Log.Checkpoint, _ = key.Checkpoint(tlog.Tree{}) },
	} {
		f := newFile(t, key)
		change(f)
		if err := f.Verify(); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestParseFile(t *testing.T) {
	f := newFile(t, mustKey(t))
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	// Other programs need not escape what Go does.
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(good)
	for _, text := range []string{good, plain} {
		back, err := receipt.ParseFile([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Verify(); err != nil {
			t.Error(err)
		}
	}
	for name, bad := range map[string]string{
		"nothing":            "",
		"another JSON":       "[]",
		"no receipt":         `{"signature":""}`,
		"an unsigned key":    strings.Replace(good, `"how"`, `"note": "all was accepted", "how"`, 1),
		"a key twice":        strings.Replace(good, `"gpc": false`, `"gpc": true, "gpc": false`, 1),
		"a key in capitals":  strings.Replace(good, `"gpc"`, `"Gpc"`, 1),
		"a key left out":     strings.Replace(good, `"gpc": false,`, ``, 1),
		"an invalid receipt": strings.Replace(good, `"temoin/1"`, `"temoin/2"`, 1),
	} {
		if bad == good {
			t.Errorf("%s: the test changes nothing", name)
		}
		f, err := receipt.ParseFile([]byte(bad))
		if err == nil {
			err = f.Verify()
		}
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// TestKey_Domains: a signature of one kind is none of the other.
func TestKey_Domains(t *testing.T) {
	key := mustKey(t)
	checkpoint, err := key.Checkpoint(tlog.Tree{N: 3})
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(checkpoint, "\n\n")
	text += "\n"
	verifier, err := note.NewVerifier(key.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if verifier.Verify([]byte(text), key.Sign([]byte(text))) {
		t.Error("the signature of a receipt is one of a checkpoint")
	}
	signature, err := key.NoteSigner().Sign([]byte(opened.Text))
	if err != nil {
		t.Fatal(err)
	}
	if err := receipt.VerifySignature(key.Verifier(), []byte(text), signature); !errors.Is(err, receipt.ErrSignature) {
		t.Errorf("the signature of a checkpoint is one of a receipt: %v", err)
	}
}

func TestOpenCheckpoint(t *testing.T) {
	key := mustKey(t)
	tree := tlog.Tree{N: 12345, Hash: tlog.RecordHash([]byte("a"))}
	good, err := key.Checkpoint(tree)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := receipt.OpenCheckpoint(key.Verifier(), good); err != nil || got != tree {
		t.Errorf("got %v and %v, want %v", got, err, tree)
	}
	if !strings.HasPrefix(good, "portal.example\n12345\n"+tree.Hash.String()+"\n\n— portal.example ") {
		t.Errorf("got %q, want the form of C2SP's tlog-checkpoint", good)
	}
	sign := func(text string) string {
		signed, err := note.Sign(&note.Note{Text: text}, key.NoteSigner())
		if err != nil {
			t.Fatal(err)
		}
		return string(signed)
	}
	for name, bad := range map[string]string{
		"nothing":         "",
		"another size":    strings.Replace(good, "12345", "12346", 1),
		"another origin":  sign("other.example\n1\n" + tree.Hash.String() + "\n"),
		"no size":         sign("portal.example\n" + tree.Hash.String() + "\n"),
		"a negative size": sign("portal.example\n-1\n" + tree.Hash.String() + "\n"),
		"a padded size":   sign("portal.example\n01\n" + tree.Hash.String() + "\n"),
		"no root":         sign("portal.example\n1\n\n"),
		"a short root":    sign("portal.example\n1\nAAAA\n"),
	} {
		if got, err := receipt.OpenCheckpoint(key.Verifier(), bad); err == nil {
			t.Errorf("%s: got %v and no error", name, got)
		}
	}
	extended := sign("portal.example\n12345\n" + tree.Hash.String() + "\nmore, as the specification allows\n")
	if got, err := receipt.OpenCheckpoint(key.Verifier(), extended); err != nil || got != tree {
		t.Errorf("with a line more: got %v and %v", got, err)
	}
}

func TestLoadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := receipt.LoadKey(path, "portal.example")
	if err != nil {
		t.Fatal(err)
	}
	if first.Name() != "portal.example" || !strings.HasPrefix(first.Verifier(), "portal.example+") {
		t.Errorf("got %q with %q", first.Name(), first.Verifier())
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v (%v), want 0600", info.Mode(), err)
	}
	again, err := receipt.LoadKey(path, "other.example")
	if err != nil || again.Verifier() != first.Verifier() {
		t.Errorf("got %v, want the key that was made first", err)
	}
	signature := first.Sign([]byte("a"))
	if err := receipt.VerifySignature(again.Verifier(), []byte("a"), signature); err != nil {
		t.Error(err)
	}

	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660, 0o601, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := receipt.LoadKey(path, "portal.example"); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %04o: got %v, want an error that says what to do", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.LoadKey(path, "portal.example"); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
}

func TestLoadKey_Refuses(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(func() string {
		path := filepath.Join(dir, "good")
		if _, err := receipt.LoadKey(path, "portal.example"); err != nil {
			t.Fatal(err)
		}
		return path
	}())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"nothing":       "",
		"another text":  "hello\n",
		"half a key":    string(good[:len(good)/2]),
		"a changed key": strings.Replace(string(good), "portal", "Portal", 1),
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := receipt.LoadKey(path, "portal.example")
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error that names the file", name, err)
		}
		if content != "" && err != nil && strings.Contains(err.Error(), strings.TrimSpace(content)) {
			t.Errorf("%s: the error shows the content: %v", name, err)
		}
	}
	for _, name := range []string{"", "a b", "a+b"} {
		if _, err := receipt.LoadKey(filepath.Join(dir, "new"), name); err == nil {
			t.Errorf("name %q: got no error", name)
		}
	}
	if _, err := receipt.LoadKey(filepath.Join(dir, "none", "key"), "a"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: got %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("got %v (%v), want no other files than good and bad", entries, err)
	}
}

// TestLoadKey_AtOnce: of programs that start at the same time all have one key.
func TestLoadKey_AtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	verifiers := make([]string, 16)
	var group sync.WaitGroup
	for i := range verifiers {
		group.Go(func() {
			key, err := receipt.LoadKey(path, "portal.example")
			if err != nil {
				t.Error(err)
				return
			}
			verifiers[i] = key.Verifier()
		})
	}
	group.Wait()
	for _, verifier := range verifiers {
		if verifier != verifiers[0] {
			t.Errorf("got %s and %s", verifier, verifiers[0])
		}
	}
}
