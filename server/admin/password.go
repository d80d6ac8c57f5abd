package admin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// PasswordSetting is the name of the store's setting that holds the hash of the
// dashboard's password, in PHC string form. Without it the dashboard is off.
const PasswordSetting = "admin-password"

// A password has this many characters at the least, and this many bytes at the
// most: longer ones only serve to keep the server busy.
const (
	minPassword = 12
	maxPassword = 1024
)

// argonCost is what one attempt costs. It is the second choice of RFC 9106,
// section 4, for where memory is dear.
type argonCost struct {
	time    uint32 // passes
	memory  uint32 // KiB
	threads uint8
}

var cost = argonCost{time: 3, memory: 64 << 10, threads: 4}

// Bounds of what a hash in the store may ask for, so that one which somebody put
// there by hand cannot take all memory.
var maxCost = argonCost{time: 16, memory: 256 << 10, threads: 16}

const (
	saltSize = 16
	keySize  = 32
)

// HashPassword returns the argon2id hash of a password, in PHC string form:
// $argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>. A password of fewer than 12
// characters is an error.
func HashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword {
		return "", fmt.Errorf("the password has %d characters, want at least %d", n, minPassword)
	}
	if len(password) > maxPassword {
		return "", fmt.Errorf("the password has %d bytes, want at most %d", len(password), maxPassword)
	}
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails: see crypto/rand
	return phc(cost, salt, cost.key(password, salt)), nil
}

// SetPassword makes password the dashboard's, and ends all sessions. Whoever has it
// may do what role says: the dashboard is off until both are kept.
func SetPassword(ctx context.Context, store Settings, password string, role Role) error {
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	if err := TurnOff(ctx, store); err != nil {
		return err
	}
	if err := store.SetSetting(ctx, RoleSetting, role.String()); err != nil {
		return fmt.Errorf("keep the role: %w", err)
	}
	if err := store.SetSetting(ctx, PasswordSetting, hash); err != nil {
		return fmt.Errorf("keep the password: %w", err)
	}
	return nil
}

// TurnOff turns the dashboard off, and ends all sessions.
func TurnOff(ctx context.Context, store Settings) error {
	if err := store.SetSetting(ctx, PasswordSetting, ""); err != nil {
		return fmt.Errorf("forget the password: %w", err)
	}
	if err := store.DropSessions(ctx); err != nil {
		return fmt.Errorf("end the sessions: %w", err)
	}
	return nil
}

// key derives the key of a password. Of two ways to write the same letters (é as
// one code point, or as e and an accent) it makes one: keyboards differ.
func (c argonCost) key(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.time, c.memory, c.threads, keySize)
}

func phc(c argonCost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.memory, c.time, c.threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

var errHash = errors.New("the kept hash of the password cannot be read; set the password again: temoin admin password")

// parsePHC reads what phc writes.
func parsePHC(hash string) (c argonCost, salt, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, nil, errHash
	}
	if c.time < 1 || c.threads < 1 || c.time > maxCost.time || c.memory > maxCost.memory || c.threads > maxCost.threads {
		return c, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < saltSize || len(key) != keySize {
		return c, nil, nil, errHash
	}
	return c, salt, key, nil
}

// Passwords checks passwords, few at a time: each check takes 64 MiB. Strangers
// do not take the turns of browsers that have signed in before. Several dashboards
// may share it.
type Passwords struct {
	strangers, known chan struct{}                                             // what is being checked
	key              func(cost argonCost, password string, salt []byte) []byte // argonCost.key
}

// How many passwords are checked at the same time.
const (
	strangersAtOnce = 2
	knownAtOnce     = 1
)

// NewPasswords returns what checks nothing yet.
func NewPasswords() *Passwords {
	return &Passwords{
		strangers: make(chan struct{}, strangersAtOnce),
		known:     make(chan struct{}, knownAtOnce),
		key:       argonCost.key,
	}
}

// match reports whether password is the one that was hashed. It waits for who's
// turn, as long as ctx lasts. Whatever the password, one key is derived and the
// whole of it compared, so that the time taken says nothing of how wrong it is.
func (p *Passwords) match(ctx context.Context, who client, hash, password string) (bool, error) {
	c, salt, key, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	running := p.strangers
	if who.known {
		running = p.known
	}
	select {
	case running <- struct{}{}:
		defer func() { <-running }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return subtle.ConstantTimeCompare(p.key(c, password, salt), key) == 1, nil
}
