package admin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"temoin.example/temoin/server/store"
)

// How often a password may be tried: by one client, and by all strangers
// together, so that neither one machine nor a thousand can guess. Who comes
// faster is made to wait; only who would have to wait for longer than patience
// is sent away. A browser that has signed in before has an allowance of its own,
// which no stranger can use up.
const (
	clientEvery = 6 * time.Second
	clientBurst = 5
	totalEvery  = time.Second / 2
	totalBurst  = 60
	patience    = 20 * time.Second
)

// maxClients is how many clients are told apart; of more, those that came
// longest ago are forgotten, and what all may do together still bounds them.
const maxClients = 4096

// attempts bounds how often passwords are tried. It asks the store, which counts
// for all servers, only for what this server alone would let through: so a flood
// of attempts is no flood of writes.
type attempts struct {
	mu      sync.Mutex
	clients *lru.Cache[string, *rate.Limiter]
	total   *rate.Limiter
}

func newAttempts() *attempts {
	clients, _ := lru.New[string, *rate.Limiter](maxClients) // the size is a valid one
	return &attempts{clients: clients, total: rate.NewLimiter(rate.Every(totalEvery), totalBurst)}
}

// client is who tries a password.
type client struct {
	name  string // a keyed hash
	known bool   // its browser has signed in before
}

// take takes one attempt of who. It returns how long it has to wait for its turn;
// where that is longer than patience, the attempt is not to be made, and costs
// nothing.
func (a *attempts) take(ctx context.Context, shared Settings, who client, now time.Time) (wait time.Duration, err error) {
	here := a.takeHere(who, now)
	if here > patience {
		return here, nil
	}
	allowances := []store.Allowance{{Who: who.name, Every: clientEvery, Burst: clientBurst}}
	if !who.known {
		allowances = append(allowances, store.Allowance{Who: "all", Every: totalEvery, Burst: totalBurst})
	}
	wait, err = shared.Take(ctx, now, patience, allowances...)
	return max(here, wait), err
}

// takeHere is what this server alone would have the attempt wait.
func (a *attempts) takeHere(who client, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	own, found := a.clients.Get(who.name)
	if !found {
		own = rate.NewLimiter(rate.Every(clientEvery), clientBurst)
		a.clients.Add(who.name, own)
	}
	reservations := []*rate.Reservation{own.ReserveN(now, 1)}
	if !who.known {
		reservations = append(reservations, a.total.ReserveN(now, 1))
	}
	var wait time.Duration
	for _, reservation := range reservations {
		wait = max(wait, reservation.DelayFrom(now))
	}
	if wait > patience {
		for _, reservation := range reservations {
			reservation.CancelAt(now)
		}
	}
	return wait
}

// secretSetting is the name of the secret that names clients, and signs the
// cookie of the browsers that are known.
const secretSetting = "admin-secret"

// knownCookie is the cookie of a browser that has signed in. It lets nobody in:
// it only keeps an allowance of attempts that strangers cannot use up.
const knownCookie = "__Host-temoin-admin-known"

// knownLength is how long a browser is known after it has signed in.
const knownLength = 180 * 24 * time.Hour

// keyed returns the keyed hash of text, for one purpose.
func keyed(secret, purpose, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// knownValue is what the cookie of a known browser holds: a random name, and the
// proof that this server gave it under this password.
func knownValue(secret, passwordHash, name string) string {
	return name + "." + keyed(secret, "known browser", name+"\x00"+passwordHash)
}

// findClient finds out who tries a password.
func (c *call) findClient() (client, error) {
	secret, err := c.store.Secret(c.r.Context(), secretSetting)
	if err != nil {
		return client{}, fmt.Errorf("name the client: %w", err)
	}
	if name := c.knownName(secret); name != "" {
		return client{keyed(secret, "known", name), true}, nil
	}
	return client{keyed(secret, "stranger", c.config.Client(c.r)), false}, nil
}

// knownName returns the name in the cookie of a known browser, "" in that of
// none.
func (c *call) knownName(secret string) string {
	cookie, err := c.r.Cookie(knownCookie)
	if err != nil || len(cookie.Value) < base64.RawURLEncoding.EncodedLen(tokenSize) {
		return ""
	}
	name := cookie.Value[:base64.RawURLEncoding.EncodedLen(tokenSize)]
	if !hmac.Equal([]byte(cookie.Value), []byte(knownValue(secret, c.passwordHash, name))) {
		return ""
	}
	return name
}

// remember has the browser known from now on.
func (c *call) remember() error {
	secret, err := c.store.Secret(c.r.Context(), secretSetting)
	if err != nil {
		return fmt.Errorf("remember the browser: %w", err)
	}
	http.SetCookie(c.w, cookieOf(knownCookie, knownValue(secret, c.passwordHash, newToken()), knownLength))
	return nil
}

// sleep waits, or returns the error of a ctx that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
