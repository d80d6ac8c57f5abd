package admin

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// How often a password may be tried: by one client, and by all of them together,
// so that neither one machine nor a thousand can guess. Whoever is signed in is
// not concerned.
const (
	clientEvery = 12 * time.Second
	clientBurst = 5
	totalEvery  = time.Second
	totalBurst  = 30
)

// maxClients is how many clients are told apart; of more, those that came
// longest ago are forgotten, and what all may do together still bounds them.
const maxClients = 4096

// attempts bounds how often passwords are tried. It knows a client by the keyed
// hash of its address alone.
type attempts struct {
	mu      sync.Mutex
	clients *lru.Cache[string, *rate.Limiter]
	total   *rate.Limiter
}

func newAttempts() *attempts {
	clients, _ := lru.New[string, *rate.Limiter](maxClients) // the size is a valid one
	return &attempts{clients: clients, total: rate.NewLimiter(rate.Every(totalEvery), totalBurst)}
}

// wait takes one attempt of client, or returns how long it has to wait for the
// next one. An attempt that is refused costs nothing.
func (a *attempts) wait(client string, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	own, found := a.clients.Get(client)
	if !found {
		own = rate.NewLimiter(rate.Every(clientEvery), clientBurst)
		a.clients.Add(client, own)
	}
	mine := own.ReserveN(now, 1)
	all := a.total.ReserveN(now, 1)
	delay := max(mine.DelayFrom(now), all.DelayFrom(now))
	if delay > 0 {
		all.CancelAt(now)
		mine.CancelAt(now)
	}
	return delay
}
