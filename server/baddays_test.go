package server

import (
	"database/sql"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/store"
)

// badDay is a server in a process of its own, and a page that reports choices to it.
type badDay struct {
	*visitor
	t      *testing.T
	config ledger.StoreConfig
}

func newBadDay(t *testing.T, dir, shell string) *badDay {
	t.Helper()
	d := &badDay{t: t, config: ledger.StoreConfig{Data: dir}}
	server := &child{t: t, config: d.config, shell: shell, clock: filepath.Join(t.TempDir(), "clock")}
	server.start()
	t.Cleanup(server.kill)
	d.visitor = newVisitors(t, []*child{server}, 1)[0]
	d.client.Timeout = 60 * time.Second
	return d
}

// choose reports choices until n more are acknowledged; patience is how long.
func (d *badDay) choose(n int, patience time.Duration) {
	d.t.Helper()
	want := len(d.acked) + n
	for deadline := time.Now().Add(patience); len(d.acked) < want; d.send(d.t.Context()) {
		if time.Now().After(deadline) {
			d.t.Fatalf("%d choices are still not kept", want-len(d.acked))
		}
	}
}

// get fetches a path within a time in which a visitor would wait for a banner.
func (d *badDay) get(client *http.Client, path string) string {
	d.t.Helper()
	answer, err := client.Get(d.server.url.Load().(string) + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		d.t.Fatalf("%s: got %d and %v", path, answer.StatusCode, err)
	}
	return string(body)
}

// says waits until the server says so of its health. Banners are served meanwhile.
func (d *badDay) says(status string) {
	d.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		d.get(d.client, "/temoin.js")
		health := d.get(d.client, "/healthz")
		if strings.Contains(health, `"status":"`+status+`"`) {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("the server never says %s: %s", status, health)
		}
	}
}

// isInUse waits until the log knows when it was in use.
func (d *badDay) isInUse() {
	d.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(d.config.Data, "temoin.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	var used string
	for deadline := time.Now().Add(time.Minute); used == ""; time.Sleep(20 * time.Millisecond) {
		err := db.QueryRow(`SELECT value FROM settings WHERE name = $1`, store.UsedSetting).Scan(&used)
		if err != nil && !errors.Is(err, sql.ErrNoRows) || time.Now().After(deadline) {
			d.t.Fatalf("nothing is noted of when the log was in use: %v", err)
		}
	}
}

// setClock has the server's clock be ahead of the right one, or behind.
func (d *badDay) setClock(ahead time.Duration) {
	d.t.Helper()
	err := os.WriteFile(d.server.clock+".new", []byte(ahead.String()), 0o600)
	if err := errors.Join(err, os.Rename(d.server.clock+".new", d.server.clock)); err != nil {
		d.t.Fatal(err)
	}
}

// mustWait reports a choice that has to wait.
func (d *badDay) mustWait(name string) {
	d.t.Helper()
	before := len(d.acked)
	if d.send(d.t.Context()); len(d.acked) > before {
		d.t.Errorf("%s: a choice was acknowledged", name)
	}
}

// ends checks that nothing was acknowledged that is not there.
func (d *badDay) ends() {
	d.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); len(d.queue) > 0; d.send(d.t.Context()) {
		if time.Now().After(deadline) {
			d.t.Fatalf("%d choices were never delivered", len(d.queue))
		}
	}
	d.server.kill()
	wholeLog(d.t, d.config, []*visitor{d.visitor})
}

// TestBadDay_DiskFull: the disk beneath all that the server writes is full, and then
// there is room again.
func TestBadDay_DiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("this system lets the test mount nothing: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	d := newBadDay(t, dir, "")
	d.choose(20, time.Minute)

	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(ballast, endless{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	ballast.Close()
	for refused := 0; refused < 3; { // what there is in the files that are there is used up first
		before := len(d.acked)
		if d.send(t.Context()); len(d.acked) == before {
			refused++
		}
	}
	d.says("degraded")
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	d.choose(20, 2*time.Minute)
	d.says("ok")
	d.ends()
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestBadDay_Locked: another program holds the database for itself.
func TestBadDay_Locked(t *testing.T) {
	t.Parallel()
	d := newBadDay(t, t.TempDir(), "")
	d.choose(5, time.Minute)
	other, err := sql.Open("sqlite", filepath.Join(d.config.Data, "temoin.db")+"?_txlock=immediate&_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	lock, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	d.send(t.Context()) // who waits for it is told to come back
	if len(d.queue) != 1 {
		t.Error("a choice was acknowledged that cannot be kept")
	}
	d.says("degraded")
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	d.choose(5, 2*time.Minute)
	d.says("ok")
	d.ends()
}

// TestBadDay_Files: clients hold as many connections as the server may have files.
func TestBadDay_Files(t *testing.T) {
	t.Parallel()
	d := newBadDay(t, t.TempDir(), "ulimit -n 48;")
	d.choose(5, time.Minute)
	address := strings.TrimPrefix(d.server.url.Load().(string), "http://")
	var held []net.Conn
	for range 100 { // the kernel accepts those that the server cannot
		connection, err := net.DialTimeout("tcp", address, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		held = append(held, connection)
	}
	late := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{}}
	if answer, err := late.Get("http://" + address + "/temoin.js"); err == nil {
		answer.Body.Close()
		t.Error("the files are not used up: a new connection is answered")
	}
	d.get(d.client, "/temoin.js") // who is connected is served
	for _, connection := range held {
		connection.Close()
	}
	d.choose(5, 2*time.Minute)
	d.says("ok")
	d.get(&http.Client{Timeout: time.Minute, Transport: &http.Transport{}}, "/temoin.js")
	d.ends()
}

// TestBadDay_Clock: the clock jumps three years ahead, a little back, back to what is
// right, and two days behind. What pages report waits for it, and nothing is erased.
func TestBadDay_Clock(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	d := newBadDay(t, t.TempDir(), "")
	d.choose(5, time.Minute)
	d.isInUse()
	d.setClock(3 * 365 * day)
	d.mustWait("three years ahead")
	d.says("degraded")
	d.server.kill() // to whom the clock has been wrong for as long as it runs
	d.server.start()
	d.mustWait("three years ahead, and started anew")
	d.setClock(3*365*day - 2*day)
	d.mustWait("two days back, and still ahead")
	d.says("degraded")
	d.setClock(0)
	d.choose(5, 2*time.Minute)
	d.says("ok")

	d.setClock(-2 * day)
	d.mustWait("two days behind")
	d.says("degraded")
	d.setClock(0)
	d.choose(5, 2*time.Minute)
	d.says("ok")
	d.ends()
}
