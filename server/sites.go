package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/version"
)

// SitesConfig is what a server of many sites is made with.
type SitesConfig struct {
	// Config is that of each site: its Catalogue, Example, Pages and Upstream are not
	// used. Each site keeps its key, and where Store has no Database its receipts, in a
	// folder of its own beneath Store.Data, which has the site's name; in the Database it
	// has a schema of its own.
	Config
	// Folder holds the catalogues, each named by its site's host: data.example.org.yaml.
	Folder string
	// SharedHost is the host at which any site's files and API are beneath
	// /s/<name>/; "" for none.
	SharedHost string
}

// Sites answers for many sites, each by its Host, and takes over those that are added,
// changed and removed on the disk. No site reaches another's log, key, sessions or
// figures: each has a [Server] of its own, which is made when it is first asked for.
type Sites struct {
	config SitesConfig
	log    *slog.Logger
	valid  *prometheus.GaugeVec
	table  atomic.Pointer[table]
	files  watcher

	// Only who looks at the folder asks these.
	tenants map[string]*tenant // by name, also of files that are gone
	freed   bool               // whether a catalogue was taken over since the refused ones were tried
	unread  string             // what was wrong with the folder at the last look

	folderWrong atomic.Bool // whether something was

	leaving atomic.Bool
	stop    context.CancelFunc
	running sync.WaitGroup
}

// table says who answers. It does not change once it is made.
type table struct {
	byHost map[string]*tenant // names and aliases
	byName map[string]*tenant
}

// NewSites returns a server of all catalogues in a folder, ready to answer. It is an
// error where the folder cannot be read, or has no valid catalogue; where some of many
// are not valid, the log says so, and the others are served.
func NewSites(config SitesConfig) (*Sites, error) {
	s, err := prepareSites(config)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.files.run(ctx, s.readAll, s.look) })
	return s, nil
}

// prepareSites returns a server that does not look at the folder any more.
func prepareSites(config SitesConfig) (*Sites, error) {
	config.Config = config.withDefaults()
	if config.Store.Key != "" {
		return nil, errors.New("-key is one site's, and each of -sites has its own, in its folder of -data")
	}
	if err := checkStore(config.Store); err != nil {
		return nil, err
	}
	if config.UserHeader != "" && len(config.Proxies) == 0 {
		return nil, fmt.Errorf("no proxy of -proxies is trusted with the header %s of -user-header; name their networks", config.UserHeader)
	}
	if config.SharedHost != "" && !catalogue.IsHost(config.SharedHost) {
		return nil, fmt.Errorf("-shared-host is %q, want a host in lower-case ASCII, such as consent.example.org", config.SharedHost)
	}
	s := &Sites{
		config:  config,
		log:     config.Log,
		files:   newWatcher(),
		tenants: map[string]*tenant{},
		stop:    func() {},
		valid: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "temoin_site_valid",
			Help: "1 where a site's catalogue is served as its file has it, else 0.",
		}, []string{"site"}),
	}
	config.shared.metrics.registry.MustRegister(s.valid)
	if address := config.Store.Database; address != "" {
		pool, err := store.OpenPool(address)
		if err != nil {
			return nil, fmt.Errorf("-database: %w", err)
		}
		s.config.Store.Pool = pool
	}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// begin reads all catalogues for the first time.
func (s *Sites) begin() error {
	start := time.Now()
	found, err := s.list()
	if err != nil {
		return err
	}
	s.takeOver(found)
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if err := s.tenants[name].fault(); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == len(found) {
		return fmt.Errorf("no catalogue of %s is valid: %w", s.config.Folder, errors.Join(faults...))
	}
	s.log.Info("sites are served", "sites", len(found), "invalid", len(faults), "ms", time.Since(start).Milliseconds())
	return nil
}

// takeOver takes over the catalogues of those names, with their stamps: they are read
// on all processors, and come in the order of their age.
func (s *Sites) takeOver(changed map[string]stamp) {
	names := byAge(changed)
	read, held := s.parseAll(names), s.held(names)
	for i, name := range names {
		t := s.tenant(name)
		t.seen = changed[name]
		s.take(t, read[i], held)
	}
	s.publish()
}

// held says which site has which host: a host is its who had it first, and where two
// come at once, its whose name it is.
func (s *Sites) held(coming []string) map[string]string {
	held := map[string]string{}
	if now := s.table.Load(); now != nil {
		for host, t := range now.byHost {
			held[host] = t.name
		}
	}
	for _, name := range coming {
		if held[name] == "" {
			held[name] = name
		}
	}
	return held
}

// parsed is a catalogue as it was read, or why it could not be.
type parsed struct {
	catalogue *catalogue.Catalogue
	err       error
}

func (s *Sites) parseAll(names []string) []parsed {
	read := make([]parsed, len(names))
	next := make(chan int)
	var reading sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		reading.Go(func() {
			for i := range next {
				read[i].catalogue, read[i].err = catalogue.Load(CataloguePath(s.config.Folder, names[i]))
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	reading.Wait()
	return read
}

// tenant returns the site of that name, which is made where it is new.
func (s *Sites) tenant(name string) *tenant {
	t := s.tenants[name]
	if t == nil {
		config := s.config.Config
		config.id, config.neighbours = name, s.sitesOf
		config.Catalogue = CataloguePath(s.config.Folder, name)
		config.Log = s.log.With("site", name)
		config.Store.ForSite(name)
		if config.Audits != "" {
			config.Audits = filepath.Join(config.Audits, name)
		}
		t = &tenant{name: name, config: config}
		s.tenants[name] = t
	}
	return t
}

// take takes over what was read of a site's file; what is not valid leaves the last
// good catalogue in its place. held says which site has which host, and is told.
func (s *Sites) take(t *tenant, read parsed, held map[string]string) {
	err, before := read.err, t.unread
	t.unread = unreadable(err)
	if err == nil {
		err = checkHosts(t.name, read.catalogue, s.config.SharedHost, held)
	}
	if err == nil {
		err = t.adopt(read.catalogue)
	}
	t.setFault(err)
	if err != nil {
		if t.unread == "" || t.unread != before {
			t.log().Error("catalogue not taken over", "error", err, "an earlier one stays", t.catalogue.Load() != nil)
		}
		return
	}
	maps.DeleteFunc(held, func(_, name string) bool { return name == t.name })
	for _, host := range hostsOf(t.name, read.catalogue) {
		held[host] = t.name
	}
	s.freed = true
}

// sitesOf returns the sites whose dashboards somebody may see, in the order of their
// names.
func (s *Sites) sitesOf(user string) []admin.Site {
	var list []admin.Site
	now := s.table.Load()
	for _, name := range slices.Sorted(maps.Keys(now.byName)) {
		c := now.byName[name].catalogue.Load()
		if c == nil || roleIn(c, user) == admin.Nobody {
			continue
		}
		// Its address may have a port, which the name has not.
		if address, err := url.Parse(c.Site.URL); err == nil {
			list = append(list, admin.Site{Name: name, URL: address.Scheme + "://" + address.Host})
		}
	}
	return list
}

// publish makes the table of who answers. A site without a catalogue says at its own
// name that it is not served, where that name is no other's alias.
func (s *Sites) publish() {
	made := &table{map[string]*tenant{}, map[string]*tenant{}}
	for name, t := range s.tenants {
		if t.seen == (stamp{}) {
			continue // its file is gone
		}
		made.byName[name] = t
		if c := t.catalogue.Load(); c != nil {
			for _, host := range hostsOf(name, c) {
				made.byHost[host] = t
			}
		}
	}
	for name, t := range made.byName {
		if made.byHost[name] == nil && name != s.config.SharedHost {
			made.byHost[name] = t
		}
	}
	s.table.Store(made)
	s.gauge()
}

// gauge says of each site whether it is served as its file has it.
func (s *Sites) gauge() {
	for name, t := range s.tenants {
		switch {
		case t.seen == stamp{}:
			s.valid.DeleteLabelValues(name)
		case t.fault() != nil:
			s.valid.WithLabelValues(name).Set(0)
		default:
			s.valid.WithLabelValues(name).Set(1)
		}
	}
}

// Metrics answers with what an operator watches, of all sites.
func (s *Sites) Metrics() http.Handler { return s.config.shared.metrics.handler() }

// Reload has the server read all catalogues anew.
func (s *Sites) Reload() { s.files.ask() }

// Close writes what has yet to be written, and closes the stores of all sites. It is
// called when no request runs any more.
func (s *Sites) Close() error {
	s.stop()
	s.running.Wait()
	var closing sync.WaitGroup
	faults := make([]error, len(s.tenants))
	for i, t := range slices.Collect(maps.Values(s.tenants)) {
		closing.Go(func() { faults[i] = t.close() })
	}
	closing.Wait()
	if pool := s.config.Store.Pool; pool != nil {
		pool.Close()
	}
	return errors.Join(faults...)
}

func (s *Sites) leave()           { s.leaving.Store(true) }
func (s *Sites) settings() Config { return s.config.Config }

// getReadiness handles "GET /readyz", whatever the host: all sites come and go together.
func (s *Sites) getReadiness(w http.ResponseWriter, r *http.Request) error {
	return answerReadiness(w, r, s.leaving.Load())
}

// getHealth handles "GET /healthz" where it is asked of no site: how many sites there
// are, and whether all is well with them. Which is not, the log and the metrics say.
func (s *Sites) getHealth(w http.ResponseWriter, r *http.Request) error {
	h := health{Status: "ok", Receipts: "ok", Version: version.String()}
	if s.folderWrong.Load() {
		h.Invalid++
	}
	for _, t := range s.table.Load().byName {
		h.Sites++
		if t.fault() != nil {
			h.Invalid++
		}
		if t.receiptHealth() == "degraded" {
			h.Receipts = "degraded"
		}
	}
	if h.Invalid > 0 || h.Receipts != "ok" {
		h.Status = "degraded"
	}
	return answerHealth(w, r, h)
}

// health is how a server of many sites is.
type health struct {
	Status   string `json:"status"`
	Sites    int    `json:"sites"`
	Invalid  int    `json:"invalid"` // catalogues that are not served as their files have them
	Receipts string `json:"receipts"`
	Version  string `json:"version"`
}
