package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/tools/pgtest"
)

// load is what visitors do all the while that a database goes away beneath two
// servers, and what they notice.
type load struct {
	servers  []*child
	config   ledger.StoreConfig
	visitors []*visitor
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mutex   sync.Mutex
	slowest time.Duration // of the pages
	writes  []writes      // of each server
}

// writes is when a server kept receipts, since it was last reset.
type writes struct {
	last    time.Time
	longest time.Duration // between two
	n       int
}

// pace is what visitors of a server wait between two choices: there are to be
// receipts on their way whenever the primary goes, not more than can be looked for
// one by one.
const pace = 40 * time.Millisecond

// newLoad starts two servers on a database, and visitors who report choices and
// look at pages.
func newLoad(t *testing.T, database string) *load {
	t.Helper()
	l := &load{writes: make([]writes, 2)}
	l.servers, l.config = pairOn(t, database)
	l.visitors = newVisitors(t, l.servers, visitors)
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	t.Cleanup(l.running.Wait)
	t.Cleanup(cancel)
	for i, v := range l.visitors {
		v.kept = func() {
			l.kept(i % len(l.servers))
			time.Sleep(pace)
		}
		l.running.Go(func() {
			for ctx.Err() == nil {
				v.send(t.Context())
			}
		})
	}
	for _, server := range l.servers {
		l.running.Go(func() { l.look(ctx, t, server) })
	}
	return l
}

// kept notes that a server has kept a receipt.
func (l *load) kept(server int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	w, now := &l.writes[server], time.Now()
	w.longest = max(w.longest, now.Sub(w.last))
	w.last = now
	w.n++
}

// look fetches what visitors see of a server, which has to be there all the while.
func (l *load) look(ctx context.Context, t *testing.T, server *child) {
	client := &http.Client{Timeout: 10 * time.Second}
	for ctx.Err() == nil {
		for _, path := range []string{"/temoin.js", "/temoin.fr.js", "/charte-cookies"} {
			begun := time.Now()
			if err := fetch(client, server.url.Load().(string)+path); err != nil {
				t.Errorf("while the database was away: %v", err)
			}
			l.mutex.Lock()
			l.slowest = max(l.slowest, time.Since(begun))
			l.mutex.Unlock()
		}
		time.Sleep(pace)
	}
}

func fetch(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || len(body) == 0) {
		err = fmt.Errorf("GET %s: got %s and %d bytes", url, answer.Status, len(body))
	}
	return err
}

// through has the database go away, and says how long nothing was kept until each
// server kept receipts as before.
func (l *load) through(t *testing.T, what string, lose func() error) {
	t.Helper()
	l.reset()
	if err := lose(); err != nil {
		t.Fatal(err)
	}
	const enough = 50
	for deadline := time.Now().Add(2 * time.Minute); !l.eachKept(enough); time.Sleep(pace) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: a server keeps nothing any more", what)
		}
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	t.Logf("%s: writes stood still for %.1f s at one server and %.1f s at the other", what, l.writes[0].longest.Seconds(), l.writes[1].longest.Seconds())
}

func (l *load) reset() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for i := range l.writes {
		l.writes[i] = writes{last: time.Now()}
	}
}

func (l *load) eachKept(n int) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, w := range l.writes {
		if w.n < n {
			return false
		}
	}
	return true
}

// ends has visitors deliver what is left, and checks that nothing was lost.
func (l *load) ends(t *testing.T) {
	t.Helper()
	l.cancel()
	l.running.Wait()
	deliver(t, l.visitors)
	wholeLog(t, l.config, l.visitors)
	t.Logf("the slowest page took %s", l.slowest.Round(time.Millisecond))
}

// TestFailover_Promoted kills a primary, and makes the standby that follows it the
// primary.
func TestFailover_Promoted(t *testing.T) {
	cluster := pgtest.Start(t)
	standby, err := cluster.NewStandby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.Stop)
	l := newLoad(t, pgtest.Both(cluster, standby))
	l.through(t, "nothing happens", func() error { return nil })
	l.through(t, "killed", func() error {
		cluster.Kill()
		begun := time.Now()
		defer func() { t.Logf("killed: the standby was promoted after %.1f s", time.Since(begun).Seconds()) }()
		return standby.Promote()
	})
	l.ends(t)
}

// TestFailover_Patroni has Patroni's primary go away: killed with its Patroni five
// times, then hanging, and going on when another one has taken its place. It hangs
// last: Patroni 3.0 may name no synchronous standby any more once it has gone on,
// and makes none of them the primary then.
func TestFailover_Patroni(t *testing.T) {
	if os.Getenv("TEMOIN_FAILOVER") == "" {
		t.Skip("too slow for each time: ./build.sh failover-test")
	}
	group := pgtest.StartGroup(t)
	l := newLoad(t, group.URL())
	l.through(t, "nothing happens", func() error { return nil })
	for range 5 {
		if err := l.lose(t, group, pgtest.Killed)(); err != nil {
			t.Fatal(err)
		}
		if err := group.AwaitWhole(); err != nil {
			t.Fatal(err)
		}
	}
	l.through(t, "the former primary goes on", l.lose(t, group, pgtest.Frozen))
	l.ends(t)
}

// lose has a group's primary go away. comeBack brings it back.
func (l *load) lose(t *testing.T, group *pgtest.Group, how pgtest.Loss) (comeBack func() error) {
	t.Helper()
	l.through(t, string(how), func() (err error) {
		begun := time.Now()
		comeBack, err = group.LosePrimary(how)
		t.Logf("%s: Patroni says that another is the primary after %.1f s", how, time.Since(begun).Seconds())
		return err
	})
	return comeBack
}
