package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// maxClients is how many clients are told apart at once; of more, those that
// came longest ago are forgotten.
const maxClients = 1 << 16

// burst is how many requests a client may make at once.
const burst = 60

// limiter bounds what one client may ask for. It keeps no address: a client is
// a keyed hash, and the key is forgotten each day.
type limiter struct {
	perMinute int      // 0: no bound
	proxies   Networks // whose word on the client's address is taken

	mu      sync.Mutex
	key     []byte
	day     int64
	clients *lru.Cache[string, *rate.Limiter]
}

func newLimiter(perMinute int, proxies Networks) *limiter {
	clients, _ := lru.New[string, *rate.Limiter](maxClients) // the size is a valid one
	return &limiter{perMinute: perMinute, proxies: proxies, clients: clients}
}

// wait returns how long the client has to wait, which is 0 for one that may go on.
func (l *limiter) wait(r *http.Request) time.Duration {
	if l.perMinute <= 0 {
		return 0
	}
	reservation := l.of(l.client(r, time.Now())).Reserve()
	wait := reservation.Delay()
	if wait > 0 {
		reservation.Cancel() // who is refused does not wait longer for it
	}
	return wait
}

func (l *limiter) of(client string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, found := l.clients.Get(client)
	if !found {
		bucket = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), burst)
		l.clients.Add(client, bucket)
	}
	return bucket
}

// client returns a name for the client that is good for one day.
func (l *limiter) client(r *http.Request, now time.Time) string {
	l.mu.Lock()
	if day := now.Unix() / 86400; day != l.day || l.key == nil {
		l.day, l.key = day, make([]byte, sha256.Size)
		rand.Read(l.key)
		l.clients.Purge()
	}
	mac := hmac.New(sha256.New, l.key)
	l.mu.Unlock()
	mac.Write(l.network(r).Addr().AsSlice())
	return string(mac.Sum(nil))
}

// network returns the network that the client has to itself: its address, or in
// version 6 the 2^64 that it has.
func (l *limiter) network(r *http.Request) netip.Prefix {
	address := l.address(r)
	network, _ := address.Prefix(min(address.BitLen(), 64)) // the zero one for who has no address
	return network
}

// address returns the client's address: the last that no trusted proxy has.
func (l *limiter) address(r *http.Request) netip.Addr {
	address := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !l.trusts(address) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = next.Unmap()
	}
	return address
}

// hidden reports whether the client's address is hidden behind a proxy whose
// word is not taken.
func (l *limiter) hidden(r *http.Request) bool {
	return r.Header.Get("X-Forwarded-For") != "" && !l.trusts(peer(r))
}

func (l *limiter) trusts(address netip.Addr) bool {
	return l.proxies.contains(address)
}

// peer returns the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	address, _ := netip.ParseAddr(host)
	return address.Unmap()
}

// Networks are networks of addresses, as flags take them: with commas between.
type Networks []netip.Prefix

func (n Networks) contains(address netip.Addr) bool {
	return slices.ContainsFunc(n, func(network netip.Prefix) bool { return network.Contains(address) })
}

// MarshalText writes the networks with commas between.
func (n Networks) MarshalText() ([]byte, error) {
	words := make([]string, len(n))
	for i, network := range n {
		words[i] = network.String()
	}
	return []byte(strings.Join(words, ",")), nil
}

// UnmarshalText reads networks (192.0.2.0/24, 2001:db8::/32) and addresses.
func (n *Networks) UnmarshalText(text []byte) error {
	*n = nil
	for word := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == ',' || r == ' ' }) {
		network, err := netip.ParsePrefix(word)
		if err != nil {
			address, fault := netip.ParseAddr(word)
			if fault != nil {
				return fmt.Errorf("%q is no network; want addresses such as 192.0.2.1, or networks such as 192.0.2.0/24", word)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		*n = append(*n, network.Masked())
	}
	return nil
}
