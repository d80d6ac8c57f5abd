//go:build linux

package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"temoin.example/temoin/server/ledger"
)

// manySites is how many portals one server is to carry.
const manySites = 300

// BenchmarkSites measures, in the time that passes and in that of the processors, 300 sites that keep receipts, with the demo's catalogue and
// the parts as they were built: the start, all sites made, the memory of the process
// then, a catalogue that changes, and a visitor beside one of a server of one site.
func BenchmarkSites(b *testing.B) {
	for b.Loop() {
		measureSites(b, "")
	}
	b.ReportMetric(0, "ns/op")
}

// measureSites keeps the receipts in a PostgreSQL at that address, or in SQLite.
func measureSites(b *testing.B, database string) {
	folder, data := b.TempDir(), b.TempDir()
	text, err := os.ReadFile("demo/rich.yaml")
	if err != nil {
		b.Fatal(err)
	}
	address := regexp.MustCompile(`(?m)^  url: .*$`)
	write := func(i int, name string) {
		host := fmt.Sprintf("site-%03d.example", i)
		made := address.ReplaceAll(text, []byte("  url: https://"+host+"\n"))
		if err := os.WriteFile(CataloguePath(folder, host), append(made, "\n# "+name...), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for i := range manySites {
		write(i, "first")
	}
	config := Config{Log: quiet(), Rate: -1, Store: ledger.StoreConfig{Data: data, Database: database}}

	start := now()
	s, err := prepareSites(SitesConfig{Config: config, Folder: folder})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	took(b, start, "start")
	start = now()
	visit(b, s, "site-000.example")
	took(b, start, "first-visit")
	start = now()
	for _, t := range s.table.Load().byName {
		if err := t.wake(); err != nil {
			b.Fatal(err)
		}
	}
	took(b, start, "all-made")
	debug.FreeOSMemory()
	b.ReportMetric(residentMB(b), "MB/all-made")

	write(7, "second")
	start = now()
	s.look()
	took(b, start, "reload")

	config.Catalogue, config.Store.Data = CataloguePath(folder, "site-000.example"), filepath.Join(data, "one")
	one, err := New(config)
	if err != nil {
		b.Fatal(err)
	}
	defer one.Close()
	visit(b, one, "site-000.example")
	// By turns, and the shortest of many: the machine may have much else to do.
	ofMany, ofOne := time.Hour, time.Hour
	for range 50 {
		ofMany = min(ofMany, visits(b, s))
		ofOne = min(ofOne, visits(b, one))
	}
	b.ReportMetric(float64(ofMany.Nanoseconds()), "ns/visit-of-many")
	b.ReportMetric(float64(ofOne.Nanoseconds()), "ns/visit-of-one")
}

// moment is when something began, and how much the processors had done for this
// program: on a machine with much else to do only the latter says what it takes.
type moment struct {
	at   time.Time
	busy time.Duration
}

func now() moment {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return moment{time.Now(), time.Duration(usage.Utime.Nano() + usage.Stime.Nano())}
}

// took reports the time since start, and that of the processors, in milliseconds.
func took(b *testing.B, start moment, what string) {
	end := now()
	b.ReportMetric(float64(end.at.Sub(start.at).Milliseconds()), "ms/"+what)
	b.ReportMetric(float64((end.busy - start.busy).Milliseconds()), "cpu-ms/"+what)
}

// visits returns what one of many visits took.
func visits(b *testing.B, h http.Handler) time.Duration {
	const n = 200
	start := time.Now()
	for range n {
		visit(b, h, "site-000.example")
	}
	return time.Since(start) / n
}

func visit(b *testing.B, h http.Handler, host string) {
	r := httptest.NewRequest("GET", "/temoin.js", nil)
	r.Host = host
	r.Header.Set("Accept-Encoding", "br")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "br" {
		b.Fatalf("got %d", w.Code)
	}
}

// residentMB returns the memory of this process, in MB.
func residentMB(b *testing.B) float64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	var size, resident float64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		b.Fatal(err)
	}
	return resident * float64(os.Getpagesize()) / 1e6
}
