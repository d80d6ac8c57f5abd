//go:build linux

// Package pgtest starts a real PostgreSQL for tests: Debian's package
// postgresql, a cluster of its own in a temporary folder, on a free port of the
// loopback interface, with fsync on.
//
// A test that needs it fails where PostgreSQL is not installed: what is not
// tested does not work.
package pgtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// patience is how long a cluster may take to start.
const patience = 60 * time.Second

// Cluster is a running PostgreSQL.
type Cluster struct {
	bin, dir string
	port     int
	user     *syscall.Credential // nil for the user that runs the test
	log      bytes.Buffer        // of the server, to be read once it has ended
	process  *process            // nil where it does not run
	made     atomic.Int64        // databases
}

// Start starts a cluster that ends with the test.
func Start(tb testing.TB) *Cluster {
	tb.Helper()
	c, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Stop)
	return c
}

// New starts a cluster, which the caller has to stop.
func New() (*Cluster, error) {
	return begin((*Cluster).initialize)
}

// begin starts a cluster whose files fill makes.
func begin(fill func(*Cluster) error) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin}
	if c.user, err = unprivileged(); err != nil {
		return nil, err
	}
	if c.dir, err = newFolder(c.user); err != nil {
		return nil, err
	}
	if c.port, err = freePort(); err == nil {
		err = fill(c)
	}
	if err == nil {
		err = c.launch()
	}
	if err != nil {
		c.Stop()
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return c, nil
}

// programs returns the folder of the newest PostgreSQL that is installed.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return "", errors.New("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

// initialize makes the files of a new cluster.
func (c *Cluster) initialize() error {
	// --no-sync is about these files only, not about how the server runs.
	return c.program("initdb",
		"--pgdata="+c.data(), "--username=temoin", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
}

// program runs one of PostgreSQL's programs to its end.
func (c *Cluster) program(name string, args ...string) error {
	command := exec.Command(filepath.Join(c.bin, name), args...)
	command.Dir = c.dir
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// freePort returns a port of the loopback interface that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// URL returns the address of the database postgres.
func (c *Cluster) URL() string { return c.url("postgres") }

func (c *Cluster) url(database string) string { return address(database, c.port) }

// address returns the address of a database of the servers on these ports.
func address(database string, ports ...int) string {
	hosts := make([]string, len(ports))
	for i, port := range ports {
		hosts[i] = "127.0.0.1:" + strconv.Itoa(port)
	}
	return "postgres://temoin@" + strings.Join(hosts, ",") + "/" + database + "?sslmode=disable"
}

// Database makes an empty database and returns its address.
func (c *Cluster) Database(tb testing.TB) string {
	tb.Helper()
	name := "t" + strconv.FormatInt(c.made.Add(1), 10)
	db, err := sql.Open("pgx", c.URL())
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE DATABASE ` + name); err != nil {
		tb.Fatal(err)
	}
	return c.url(name)
}

// launch starts the server and waits until it answers. After a kill the last
// processes of the one before may still be ending; then it tries again.
func (c *Cluster) launch() error {
	deadline := time.Now().Add(patience)
	for {
		err := c.run()
		if err == nil {
			err = c.await(deadline)
		}
		if err == nil {
			return nil
		}
		c.Kill()
		if time.Now().After(deadline) {
			return fmt.Errorf("%w; the server says:\n%s", err, c.log.String())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// run starts the server.
func (c *Cluster) run() (err error) {
	c.log.Reset()
	command := exec.Command(filepath.Join(c.bin, "postgres"), "-D", c.data(), "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on")
	command.Dir = c.dir
	command.Stdout, command.Stderr = &c.log, &c.log
	c.process, err = start(command, c.user, syscall.SIGQUIT)
	return err
}

// await waits until the server answers.
func (c *Cluster) await(deadline time.Time) error {
	db, err := sql.Open("pgx", c.URL())
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := db.PingContext(ctx)
		cancel()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-c.process.ended:
			return errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server as a loss of power would: kill -9.
func (c *Cluster) Kill() { c.end(syscall.SIGKILL) }

func (c *Cluster) end(signal os.Signal) {
	c.process.end(signal)
	c.process = nil
}

// Restart starts the server again, after it was killed or by ending it first, at
// the same address.
func (c *Cluster) Restart() error {
	c.end(syscall.SIGINT)
	return c.launch()
}

// Stop ends the server and removes its files.
func (c *Cluster) Stop() {
	c.end(syscall.SIGQUIT)
	os.RemoveAll(c.dir)
}
