package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// SaltSize is the size of a salt in bytes. The salt hides what the log commits
// to once content and salt are erased, and 128 random bits cannot be guessed.
const SaltSize = 16

// Commitment returns the leaf of the log for an entry: the RFC 6962 hash of salt
// and body. The salt is of fixed size, so that the two cannot be shifted.
func Commitment(salt, body []byte) tlog.Hash {
	return tlog.RecordHash(append(bytes.Clone(salt), body...))
}

// File is what a visitor is given: the receipt, and the proof that it is in the
// site's log.
type File struct {
	// Words tell what the receipt says, in the language of [Receipt.Words]; nil in a file
	// of before there were words. They are not signed, so Verify holds them to the receipt.
	Words     []string  `json:"words,omitempty"`
	Receipt   *Receipt  `json:"receipt"`
	Signature []byte    `json:"signature"` // of the receipt's body; see [VerifySignature]
	Key       string    `json:"key"`       // the verifier key of the site
	Log       Inclusion `json:"log"`
}

// Inclusion is the proof that a receipt is in the log.
type Inclusion struct {
	Index      int64            `json:"index"` // its place, from 0
	Salt       []byte           `json:"salt"`  // see [Commitment]
	Proof      tlog.RecordProof `json:"proof"`
	Checkpoint string           `json:"checkpoint"` // a signed note; see [OpenCheckpoint]
}

// ParseFile reads a file strictly: a key that this program would not write is
// covered by no signature, and refused.
func ParseFile(data []byte) (*File, error) {
	if err := noDuplicates(data); err != nil {
		return nil, err
	}
	f := new(File)
	if err := json.Unmarshal(data, f); err != nil {
		return nil, invalid("%v", err)
	}
	if f.Receipt == nil {
		return nil, invalid("no key %q", "receipt")
	}
	again, err := json.Marshal(f)
	if err != nil {
		return nil, invalid("%v", err)
	}
	var read, written any
	if json.Unmarshal(data, &read) != nil || json.Unmarshal(again, &written) != nil || !reflect.DeepEqual(read, written) {
		return nil, invalid("it holds other keys than a receipt file of this program, or not all of them")
	}
	return f, f.takeWritten(data)
}

// takeWritten takes the receipt's bytes as they stand in the file, where they are
// what was signed: see [Open].
func (f *File) takeWritten(data []byte) error {
	var raw struct {
		Receipt json.RawMessage `json:"receipt"`
	}
	var body bytes.Buffer
	if err := errors.Join(json.Unmarshal(data, &raw), json.Compact(&body, raw.Receipt)); err != nil {
		return invalid("%v", err)
	}
	if signed, err := Open(f.Key, body.Bytes(), f.Signature); err == nil && signed.IsBadlyWritten() {
		f.Receipt = signed
	}
	return nil
}

// Verify checks that the receipt is signed by the file's key and is in the log whose
// checkpoint that key signed, and that the words are the receipt's. Whether that key is
// the site's is for the reader to compare.
func (f *File) Verify() error {
	if f.Receipt == nil {
		return invalid("no receipt")
	}
	body, err := f.Receipt.Body()
	if err != nil {
		return err
	}
	if err := VerifySignature(f.Key, body, f.Signature); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	if err := f.checkWords(); err != nil {
		return err
	}
	tree, err := OpenCheckpoint(f.Key, f.Log.Checkpoint)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if f.Log.Index < 0 || f.Log.Index >= tree.N || len(f.Log.Salt) != SaltSize {
		return fmt.Errorf("log: the receipt is said to be at %d of %d", f.Log.Index, tree.N)
	}
	leaf := Commitment(f.Log.Salt, body)
	if err := tlog.CheckRecord(f.Log.Proof, tree.N, tree.Hash, f.Log.Index, leaf); err != nil {
		return fmt.Errorf("log: the receipt is not at %d of it: %w", f.Log.Index, err)
	}
	return nil
}

// Checkpoint signs the state of a log, as the C2SP specification tlog-checkpoint
// has it: a note of the origin, which is the key's name, the number of entries
// and the root in base64.
func (k *Key) Checkpoint(tree tlog.Tree) (string, error) {
	text := k.Name() + "\n" + strconv.FormatInt(tree.N, 10) + "\n" + tree.Hash.String() + "\n"
	signed, err := note.Sign(&note.Note{Text: text}, k.signer)
	return string(signed), err
}

var errCheckpoint = errors.New("it is no checkpoint of a log")

// OpenCheckpoint checks the signature of a checkpoint with the key's verifier and
// returns what it says.
func OpenCheckpoint(verifier, checkpoint string) (tlog.Tree, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("verifier key %q: %w", verifier, err)
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(v))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() {
		return tlog.Tree{}, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || lines[1] != strconv.FormatInt(size, 10) {
		return tlog.Tree{}, errCheckpoint
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errCheckpoint
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}
