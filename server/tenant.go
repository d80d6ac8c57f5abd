package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"temoin.example/temoin/server/catalogue"
)

// tenant is one site of many. Its server is made when it is first asked for.
type tenant struct {
	name      string
	config    Config
	catalogue atomic.Pointer[catalogue.Catalogue] // the last good one; nil where there is none
	wrong     atomic.Pointer[error]               // why the file is not what is served
	failed    atomic.Pointer[failure]             // why the server could not be made

	// using is held for reading while server answers, and for writing while it is made
	// or closed.
	using  sync.RWMutex
	server *Server // nil until it is made

	// Only who looks at the folder asks these.
	seen    stamp  // of the file when it was last read, the zero one where it is gone
	unread  string // why the system did not let it be read, "" where it did
	missing bool   // whether the file was not there at the last look
}

func (t *tenant) log() *slog.Logger { return t.config.Log }

// failure is why a server could not be made, and when.
type failure struct {
	err error
	at  time.Time
}

// retryTime is how long lies between two times that a site's server is made which
// could not be made: a disk may have been full.
const retryTime = 30 * time.Second

// refusal returns why the file was not taken over, or nil.
func (t *tenant) refusal() error {
	if wrong := t.wrong.Load(); wrong != nil {
		return *wrong
	}
	return nil
}

// fault returns why the site is not served as its file has it, or nil.
func (t *tenant) fault() error {
	if err := t.refusal(); err != nil {
		return err
	}
	if failed := t.failed.Load(); failed != nil {
		return failed.err
	}
	return nil
}

func (t *tenant) setFault(err error) {
	t.wrong.Store(&err)
	t.using.RLock()
	defer t.using.RUnlock()
	if t.server != nil {
		t.server.invalid.Store(err != nil)
	}
}

// adopt takes over a catalogue: at once where there was an earlier one, which stays
// where that fails, and else when the site is first asked for.
func (t *tenant) adopt(c *catalogue.Catalogue) error {
	if t.catalogue.Load() != nil {
		_ = t.wake() // where it cannot be made of the earlier one, there is none to lose
	}
	t.using.RLock()
	defer t.using.RUnlock()
	if t.server != nil {
		if err := t.server.take(func() error { return t.server.adopt(c) }); err != nil {
			return err
		}
	}
	t.catalogue.Store(c)
	t.failed.Store(nil)
	return nil
}

// errAsleep is what a site says whose server cannot be made.
var errAsleep = refused(http.StatusServiceUnavailable, "this site is not served now; the server's log says why")

// awake calls use with the site's server, which is made where it has not been. It
// returns why there is none.
func (t *tenant) awake(use func(*Server)) error {
	t.using.RLock()
	if t.server == nil {
		t.using.RUnlock()
		if err := t.wake(); err != nil {
			return err
		}
		t.using.RLock()
	}
	defer t.using.RUnlock()
	if t.server == nil {
		return errAsleep // closed meanwhile
	}
	use(t.server)
	return nil
}

// wake makes the server, where there is none.
func (t *tenant) wake() error {
	t.using.Lock()
	defer t.using.Unlock()
	if t.server != nil {
		return nil
	}
	c, failed := t.catalogue.Load(), t.failed.Load()
	if c == nil || failed != nil && time.Since(failed.at) < retryTime {
		return errAsleep
	}
	made := &Server{config: t.config}
	if _, err := made.start(func() error { return made.adopt(c) }); err != nil {
		t.failed.Store(&failure{fmt.Errorf("make the site %s: %w", t.name, err), time.Now()})
		t.log().Error("site not served", "error", err)
		return errAsleep
	}
	t.failed.Store(nil)
	made.invalid.Store(t.fault() != nil)
	t.server = made
	return nil
}

// isAsleep reports whether the server has yet to be made.
func (t *tenant) isAsleep() bool {
	t.using.RLock()
	defer t.using.RUnlock()
	return t.server == nil
}

// receiptHealth says whether receipts are kept, ok where nobody has asked yet. It
// waits for no server that is being made: its disk may hang.
func (t *tenant) receiptHealth() string {
	if !t.using.TryRLock() {
		return "ok"
	}
	defer t.using.RUnlock()
	if t.server == nil {
		return "ok"
	}
	return t.server.receiptHealth()
}

// close closes the server, once no request runs in it.
func (t *tenant) close() error {
	t.using.Lock()
	defer t.using.Unlock()
	closing := t.server
	t.server = nil
	if closing == nil {
		return nil
	}
	return closing.Close()
}

// hostsOf returns the hosts at which a site is served: its name, and the aliases of
// its catalogue.
func hostsOf(name string, c *catalogue.Catalogue) []string {
	return append([]string{name}, c.Aliases...)
}

// checkHosts refuses a catalogue that would answer for another site: at a host that is
// the other's, or under the other's name. held says which site has which host.
func checkHosts(name string, c *catalogue.Catalogue, sharedHost string, held map[string]string) error {
	var faults []error
	hosts := hostsOf(name, c)
	for _, host := range hosts {
		if other, found := held[host]; found && other != name {
			faults = append(faults, fmt.Errorf("%s: the host %s is that of the site %s; want each host in one catalogue", name+extension, host, other))
		}
		if host == sharedHost {
			faults = append(faults, fmt.Errorf("%s: the host %s is that of -shared-host; want one of the site's own", name+extension, host))
		}
	}
	if address, err := url.Parse(c.Site.URL); err != nil || !slices.Contains(hosts, address.Hostname()) {
		faults = append(faults, fmt.Errorf("%s: site.url is %q, whose receipts would be another site's; want the host %s, or list this one under aliases", name+extension, c.Site.URL, name))
	}
	return errors.Join(faults...)
}
