package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// maxClients is how many clients are told apart at once; of more, those that
	// came longest ago are forgotten.
	maxClients = 1 << 16
	// maxSiteClients is the same where a program serves many sites.
	maxSiteClients = 1 << 11
	// maxBurst is how many requests a client may make at once, where the rate
	// allows as many in a minute.
	maxBurst = 60
	// crowd is how many visitors may be behind one address where nobody says
	// which of them asks, or in one /48, which is what one customer of a provider
	// gets at most, or some thousand telephones.
	crowd = 32
)

// limiter bounds what one client may ask for. It keeps no address: a client is
// a keyed hash, and the key is forgotten each day.
type limiter struct {
	perMinute int      // 0: no bound
	proxies   Networks // whose word on the visitor's address is taken
	log       *slog.Logger
	clock     func() time.Time
	told      sync.Once // that visitors cannot be told apart

	mu      sync.Mutex
	key     []byte
	day     int64
	clients *lru.Cache[string, *rate.Limiter]
}

// unansweredRate returns how many banners that were left one client may report in
// a minute, of the rate of choices: a twentieth, since a visitor who stays leaves
// few. 0 sets no bound.
func unansweredRate(perMinute int) int {
	if perMinute <= 0 {
		return 0
	}
	return max(1, perMinute/20)
}

func newLimiter(perMinute int, proxies Networks, log *slog.Logger, clock func() time.Time) *limiter {
	clients, _ := lru.New[string, *rate.Limiter](maxClients) // the size is a valid one
	return &limiter{perMinute: perMinute, proxies: proxies, log: log, clock: clock, clients: clients}
}

// wait returns how long the client has to wait, which is 0 for one that may go on.
func (l *limiter) wait(r *http.Request) (wait time.Duration) {
	if l.perMinute <= 0 {
		return 0
	}
	now := l.clock()
	var taken []*rate.Reservation
	for _, bucket := range l.buckets(r, now) {
		reservation := bucket.ReserveN(now, 1)
		taken = append(taken, reservation)
		wait = max(wait, reservation.DelayFrom(now))
	}
	if wait > 0 { // who is refused does not wait longer for it
		for _, reservation := range taken {
			reservation.CancelAt(now)
		}
	}
	return wait
}

// buckets returns what a request draws on. One who has an address of version 6
// has 2^64 of them, and often 2^16 times as many.
func (l *limiter) buckets(r *http.Request, now time.Time) []*rate.Limiter {
	address, hidden := l.proxies.visitor(r)
	switch {
	case hidden:
		l.told.Do(func() { l.tell(r) })
		return []*rate.Limiter{l.bucket(l.name("crowd", address, address.BitLen(), now), crowd)}
	case address.Is4():
		return []*rate.Limiter{l.bucket(l.name("", address, 32, now), 1)}
	}
	return []*rate.Limiter{
		l.bucket(l.name("", address, 64, now), 1),
		l.bucket(l.name("crowd", address, 48, now), crowd),
	}
}

// tell says why visitors cannot be told apart, and what to set.
func (l *limiter) tell(r *http.Request) {
	switch address := peer(r); {
	case !l.proxies.believes(address):
		l.log.Warn("a proxy that -proxies does not name has sent choices: its visitors cannot be told apart, and share one limit; name it, if it is yours", "limit", crowd*l.perMinute)
	case isForwarded(r):
		l.log.Warn("the proxy in front does not say who asks: its visitors cannot be told apart, and share one limit; have it set the header X-Forwarded-For (docs/recipes)", "limit", crowd*l.perMinute)
	default:
		l.log.Info("choices come from this machine itself, and share one limit; if a proxy sends them, have it set the header X-Forwarded-For (docs/recipes)", "limit", crowd*l.perMinute)
	}
}

// bucket returns the bucket of that name, which holds as much as so many
// visitors may ask for.
func (l *limiter) bucket(name string, visitors int) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, found := l.clients.Get(name)
	if !found {
		perSecond := rate.Limit(float64(visitors*l.perMinute) / 60)
		bucket = rate.NewLimiter(perSecond, visitors*min(maxBurst, l.perMinute))
		l.clients.Add(name, bucket)
	}
	return bucket
}

// network returns the network that the client has to itself: its address, or in
// version 6 the 2^64 that it has; none for who comes through a unix socket.
func (l *limiter) network(r *http.Request) netip.Prefix {
	address, _ := l.proxies.visitor(r)
	network, _ := address.Prefix(min(address.BitLen(), 64))
	return network
}

// name returns a keyed hash of the first bits of an address.
func (l *limiter) name(kind string, address netip.Addr, bits int, now time.Time) string {
	l.mu.Lock()
	if day := now.Unix() / 86400; day != l.day || l.key == nil {
		l.day, l.key = day, make([]byte, sha256.Size)
		rand.Read(l.key)
		l.clients.Purge()
	}
	mac := hmac.New(sha256.New, l.key)
	l.mu.Unlock()
	network, _ := address.Prefix(bits) // none for who comes through a unix socket
	mac.Write(network.Addr().AsSlice())
	mac.Write([]byte(kind))
	return string(mac.Sum(nil))
}
