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
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
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
	process  *os.Process
	ended    chan struct{} // closed when process has ended
	made     atomic.Int64  // databases
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
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin}
	if c.user, err = unprivileged(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "temoin-postgres-"); err != nil {
		return nil, err
	}
	if err := c.begin(); err != nil {
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

// unprivileged returns the user postgres where the test runs as root, which
// PostgreSQL does not run as.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: apt-get install postgresql makes it", err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (c *Cluster) begin() error {
	if c.user != nil {
		if err := os.Chown(c.dir, int(c.user.Uid), int(c.user.Gid)); err != nil {
			return err
		}
	}
	// --no-sync is about these files only, not about how the server runs.
	initdb := exec.Command(filepath.Join(c.bin, "initdb"),
		"--pgdata="+c.data(), "--username=temoin", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	initdb.Dir = c.dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: c.user}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.port = listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	return c.launch()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// URL returns the address of the database postgres.
func (c *Cluster) URL() string { return c.url("postgres") }

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://temoin@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
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

// run starts the server so that it ends with the test's process, whatever that
// dies of.
func (c *Cluster) run() error {
	c.log.Reset()
	command := exec.Command(filepath.Join(c.bin, "postgres"), "-D", c.data(), "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on")
	command.Dir = c.dir
	command.Stdout, command.Stderr = &c.log, &c.log
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.user, Pdeathsig: syscall.SIGQUIT}
	started := make(chan error)
	c.ended = make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		// The kernel sends Pdeathsig when this thread ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		c.process = command.Process
		started <- err
		if err == nil {
			command.Wait()
		}
	}(c.ended)
	return <-started
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
		case <-c.ended:
			return errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server as a loss of power would: kill -9.
func (c *Cluster) Kill() { c.end(syscall.SIGKILL) }

func (c *Cluster) end(signal os.Signal) {
	if c.process != nil {
		c.process.Signal(signal)
		<-c.ended
		c.process = nil
	}
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
