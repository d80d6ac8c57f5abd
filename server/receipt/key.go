package receipt

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// domain stands before every receipt that is signed, so that its signature can
// never be taken for that of a checkpoint: a checkpoint begins with the name of
// the key, in which there can be no space.
const domain = "temoin receipt v1\n"

// Key is the Ed25519 key of a site. It signs receipts and checkpoints.
type Key struct {
	signer   note.Signer
	verifier string
}

// LoadKey reads the key from the file at path, a line that begins with
// PRIVATE+KEY: the format of golang.org/x/mod/sumdb/note. Where there is no
// such file it makes a key of that name (such as www.example.com; no spaces and
// no plus), readable by its owner alone. A file that others may read is refused.
// The key keeps the name that it was made with.
func LoadKey(path, name string) (*Key, error) {
	data, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path, name); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
		data, err = readKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := newKey(strings.TrimSpace(string(data)))
	if err != nil {
		return nil, fmt.Errorf("read key: %s holds no key that begins with PRIVATE+KEY", path)
	}
	return key, nil
}

func readKey(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be used by others than its owner (mode %04o); chmod 600 %s", path, mode, path)
	}
	return io.ReadAll(io.LimitReader(file, 1<<10)) // far more than a key takes
}

// makeKey writes the key beside its place and links it there, so that no
// program ever reads half a key and of two that start at once one wins.
func makeKey(path, name string) error {
	secret, _, err := note.GenerateKey(rand.Reader, name)
	if err == nil {
		_, err = newKey(secret) // which takes a closer look at the name
	}
	if err != nil {
		return fmt.Errorf("name %q: %w", name, err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(secret + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// NewKey makes a key of that name, which is kept nowhere.
func NewKey(name string) (*Key, error) {
	secret, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	return newKey(secret)
}

func newKey(secret string) (*Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of algorithm and seed>, which
	// note.NewSigner has just checked.
	parts := strings.SplitN(secret, "+", 5)
	data, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil {
		return nil, err
	}
	public := ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey)
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, err
	}
	return &Key{signer, verifier}, nil
}

// Name returns the name of the key, which is the origin of its checkpoints.
func (k *Key) Name() string { return k.signer.Name() }

// Verifier returns what others need to check signatures of the key: the
// verifier key in the format of golang.org/x/mod/sumdb/note.
func (k *Key) Verifier() string { return k.verifier }

// NoteSigner returns the signer of checkpoints.
func (k *Key) NoteSigner() note.Signer { return k.signer }

// Sign returns the signature of a body, be it a receipt's or another entry's of
// the log.
func (k *Key) Sign(body []byte) []byte {
	signature, err := k.signer.Sign(append([]byte(domain), body...))
	if err != nil {
		panic(err) // Ed25519 signs everything
	}
	return signature
}

// ErrSignature is what the error for a signature that does not hold wraps.
var ErrSignature = errors.New("the signature does not hold")

// VerifySignature checks a signature that [Key.Sign] made, with the key's
// [Key.Verifier].
func VerifySignature(verifier string, body, signature []byte) error {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return fmt.Errorf("verifier key %q: %w", verifier, err)
	}
	if !v.Verify(append([]byte(domain), body...), signature) {
		return ErrSignature
	}
	return nil
}
