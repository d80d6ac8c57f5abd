package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/tools/pgtest"
)

func TestOpen_Newer(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		applied := "1"
		if c.Database != "" {
			applied = "true"
		}
		(&vandal{t, behind(t, c), c.Key}).do(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, ` + applied + `)`)
		_, err = store.Open(t.Context(), c)
		if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 99") || !regexp.MustCompile(`knows \d+;`).MatchString(err.Error()) {
			t.Errorf("got %v, want ErrNewer with both versions", err)
		}
	})
}

func TestOpen_AnotherKey(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		fill(t, mustOpen(t, c), 1)
		other := c
		other.Key = newKey(t)
		if _, err := store.Open(t.Context(), other); !errors.Is(err, store.ErrKey) || !strings.Contains(err.Error(), "same key file") {
			t.Errorf("got %v, want ErrKey", err)
		}
		mustVerify(t, mustOpen(t, c), "", 1)
	})
}

func TestOpen_Refuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config store.Config
		says   string
	}{
		"nothing":             {store.Config{}, "no data folder"},
		"another database":    {store.Config{Database: "mysql://root:secret@127.0.0.1/x"}, "mysql://, want postgres://"},
		"no URL":              {store.Config{Database: "host=127.0.0.1 password=secret"}, "no URL"},
		"a bad URL":           {store.Config{Database: "postgres://temoin:secret@[::1/x"}, "parse"},
		"nobody there":        {store.Config{Database: "postgres://temoin:secret@127.0.0.1:1/x?sslmode=disable"}, "127.0.0.1"},
		"a folder in a file":  {store.Config{Dir: filepath.Join(file, "data")}, "data folder"},
		"a file for a folder": {store.Config{Dir: file}, "data folder"},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Key = newKey(t)
			_, err := store.Open(t.Context(), test.config)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error with %q and no password", err, test.says)
			}
		})
	}
}

// TestOpen_AtOnce has several programs make the tables at the same time.
func TestOpen_AtOnce(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		c.Key = fileKey(t)
		const programs = 4
		var group sync.WaitGroup
		for range programs {
			group.Go(func() {
				if out, err := appender(c, "one").CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
			group.Go(func() {
				s, err := store.Open(t.Context(), c)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if _, _, err := s.Append(t.Context(), newReceipt(t)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		mustVerify(t, mustOpen(t, c), "", 2*programs)
	})
}

// keyFile is where the key is that several programs of a test have in common.
var keyFile = filepath.Join(os.TempDir(), fmt.Sprintf("temoin-store-test-%d.key", os.Getpid()))

func fileKey(t *testing.T) *receipt.Key {
	t.Helper()
	key, err := receipt.LoadKey(keyFile, "portal.example")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(keyFile) })
	return key
}

// appenderMode makes the tests' own program one that appends receipts: one, or
// for ever.
const appenderMode = "TEMOIN_TEST_APPENDER"

// appender is another program that appends one receipt, or more for ever, and
// writes the id of each as soon as it is kept.
func appender(c store.Config, many string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), appenderMode+"="+many, "DATABASE="+c.Database, "SCHEMA="+c.Schema, "DIR="+c.Dir, "KEY="+keyFile)
	return command
}

// runAppender is the program that appender runs; it returns its exit status.
func runAppender(forEver bool) int {
	if err := appendReceipts(forEver); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func appendReceipts(forEver bool) error {
	key, err := receipt.LoadKey(os.Getenv("KEY"), "portal.example")
	if err != nil {
		return err
	}
	s, err := store.Open(context.Background(), store.Config{Database: os.Getenv("DATABASE"), Schema: os.Getenv("SCHEMA"), Dir: os.Getenv("DIR"), Key: key})
	if err != nil {
		return err
	}
	if !forEver {
		return errors.Join(appendReceipt(s), s.Close())
	}
	failed := make(chan error)
	for range 16 {
		go func() {
			for {
				if err := appendReceipt(s); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func appendReceipt(s *store.Store) error {
	r, err := makeReceipt()
	if err != nil {
		return err
	}
	if _, _, err := s.Append(context.Background(), r); err != nil {
		return err
	}
	fmt.Println("kept", r.ID())
	return nil
}

// TestAppend_Killed kills a program that appends, and looks for all that it said
// to be kept.
func TestAppend_Killed(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		c.Key = fileKey(t)
		var kept []string
		for round := range 5 {
			command := appender(c, "for ever")
			out, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for n := 0; lines.Scan(); n++ {
				id, isID := strings.CutPrefix(lines.Text(), "kept ")
				// What was written in part is not to be relied on.
				if isID && len(id) == 36 {
					kept = append(kept, id)
				}
				if n == 100+50*round {
					command.Process.Kill()
				}
			}
			command.Wait()
		}
		if len(kept) < 500 {
			t.Fatalf("only %d receipts were kept", len(kept))
		}
		s := mustOpen(t, c)
		for _, id := range kept {
			if _, err := s.Find(t.Context(), id); err != nil {
				t.Fatalf("%s was lost: %v", id, err)
			}
		}
		v, err := s.Verify(t.Context(), "")
		if err != nil || len(v.Faults) > 0 || v.Receipts < int64(len(kept)) {
			t.Errorf("got %+v and %v", v, err)
		}
	})
}

// TestAppend_DatabaseKilled kills PostgreSQL under load and starts it again.
func TestAppend_DatabaseKilled(t *testing.T) {
	cluster := pgtest.Start(t)
	c := store.Config{Database: cluster.URL(), Key: newKey(t)}
	stores := []*store.Store{mustOpen(t, c), mustOpen(t, c)}

	ctx, cancel := context.WithCancel(t.Context())
	var mutex sync.Mutex
	var kept []string
	var failed atomic.Int64
	var group sync.WaitGroup
	for caller := range 16 {
		group.Go(func() {
			for ctx.Err() == nil {
				r := newReceipt(t)
				for ctx.Err() == nil { // as a client does: again, until it is kept
					_, _, err := stores[caller%2].Append(context.Background(), r)
					if err == nil {
						mutex.Lock()
						kept = append(kept, r.ID())
						mutex.Unlock()
						break
					}
					failed.Add(1)
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	count := func() int { mutex.Lock(); defer mutex.Unlock(); return len(kept) }
	for range 3 {
		before := count()
		waitFor(t, "receipts to be kept", func() bool { return count() > before+50 })
		failures := failed.Load()
		cluster.Kill()
		waitFor(t, "receipts to be refused", func() bool { return failed.Load() > failures })
		if err := stores[0].Ping(t.Context()); err == nil {
			t.Error("Ping: got no error without a database")
		}
		if err := cluster.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	before := count()
	waitFor(t, "receipts to be kept again", func() bool { return count() > before+50 })
	cancel()
	group.Wait()

	if err := stores[0].Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	for _, id := range kept {
		if _, err := stores[0].Find(t.Context(), id); err != nil {
			t.Fatalf("%s was lost: %v", id, err)
		}
	}
	v, err := stores[1].Verify(t.Context(), "")
	if err != nil || len(v.Faults) > 0 || v.Receipts < int64(len(kept)) {
		t.Errorf("got %+v and %v", v, err)
	}
	t.Logf("%d kept, %d refused", len(kept), failed.Load())
}

// TestAppend_CommitUnknown loses the connection just after the database was told
// to commit: the store must find out by itself that the receipt is kept.
func TestAppend_CommitUnknown(t *testing.T) {
	address := postgres(t).Database(t)
	var cut atomic.Bool
	proxy := proxyTo(t, address, &cut)
	c := store.Config{Database: proxy, Key: newKey(t)}
	s := mustOpen(t, c)
	fill(t, s, 1)
	cut.Store(true)
	signed, fresh, err := s.Append(t.Context(), newReceipt(t))
	if err != nil || !fresh || signed.Index != 1 {
		t.Errorf("got %+v, fresh %t and %v", signed, fresh, err)
	}
	if cut.Load() {
		t.Error("the connection was not cut; does the test look for the right words?")
	}
	mustVerify(t, s, "", 2)
	sums, err := s.Choices(t.Context(), "", "")
	if err != nil || len(sums) != 1 || sums[0].N != 2 {
		t.Errorf("got %v and %v, want both counted once", sums, err)
	}
}

// proxyTo passes connections on to a database. When cut is set, it closes the
// next one that has committed before the answer is through, and resets cut.
func proxyTo(t *testing.T, address string, cut *atomic.Bool) string {
	t.Helper()
	rest, database, _ := strings.Cut(strings.TrimPrefix(address, "postgres://"), "/")
	user, host, _ := strings.Cut(rest, "@")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", host)
			if err != nil {
				t.Error(err)
				return
			}
			go pass(client, server, cut)
		}
	}()
	return "postgres://" + user + "@" + listener.Addr().String() + "/" + database
}

func pass(client, server net.Conn, cut *atomic.Bool) {
	defer client.Close()
	defer server.Close()
	var committing atomic.Bool
	go func() {
		buffer := make([]byte, 1<<16)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				server.Close()
				return
			}
			if strings.Contains(strings.ToLower(string(buffer[:n])), "commit\x00") && cut.CompareAndSwap(true, false) {
				committing.Store(true)
			}
			server.Write(buffer[:n])
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil || committing.Load() { // the answer to the commit stays here
			return
		}
		client.Write(buffer[:n])
	}
}

// tmpfs mounts a file system of that size in a folder.
func tmpfs(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("this system lets the test mount nothing: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestAppend_DiskFull fills the disk, and then makes room again.
func TestAppend_DiskFull(t *testing.T) {
	dir := tmpfs(t, "size=8m")
	s := mustOpen(t, store.Config{Dir: dir, Key: newKey(t)})
	kept := fill(t, s, 100)

	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(ballast, neverEnding{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill disk: %v", err)
	}
	ballast.Close()

	var refused []*receipt.Receipt
	for range 2000 {
		r := newReceipt(t)
		if _, _, err := s.Append(t.Context(), r); err != nil {
			if !strings.Contains(err.Error(), "full") && !strings.Contains(err.Error(), "disk") {
				t.Errorf("got %v, want an error that says that the disk is full", err)
			}
			refused = append(refused, r)
			if len(refused) == 5 {
				break
			}
			continue
		}
		kept = append(kept, r.ID())
	}
	if len(refused) == 0 {
		t.Fatal("nothing was refused on a full disk")
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("Ping: got no error on a full disk")
	}
	if _, err := s.Find(t.Context(), kept[0]); err != nil {
		t.Errorf("read on a full disk: %v", err)
	}

	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	for _, r := range refused {
		if _, fresh, err := s.Append(t.Context(), r); err != nil || !fresh {
			t.Errorf("with room again: got fresh %t and %v", fresh, err)
		}
		kept = append(kept, r.ID())
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	for _, id := range kept {
		if _, err := s.Find(t.Context(), id); err != nil {
			t.Errorf("%s was lost: %v", id, err)
		}
	}
	mustVerify(t, s, "", int64(len(kept)))
}

// neverEnding is a reader of zeros.
type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestOpen_ReadOnly: a folder that cannot be written to is an error that says so.
func TestOpen_ReadOnly(t *testing.T) {
	dir := tmpfs(t, "size=8m")
	c := store.Config{Dir: dir, Key: newKey(t)}
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), c); !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want an error that says that it is read-only", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	mustVerify(t, mustOpen(t, c), "", 1)
}

// TestOpen_Modes: the database is nobody else's business.
func TestOpen_Modes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dätä ?#%")
	s := mustOpen(t, store.Config{Dir: dir, Key: newKey(t)})
	fill(t, s, 1)
	for name, want := range map[string]os.FileMode{"": 0o700, "temoin.db": 0o600, "temoin.db-wal": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q: got mode %04o, want %04o", name, got, want)
		}
	}
}

// TestExport_Streams exports many receipts and watches the memory.
func TestExport_Streams(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		appendAll(t, s, manyReceipts)
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before, most, n := heap(), uint64(0), 0
		for _, err := range s.Export(t.Context(), time.Time{}, time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%(manyReceipts/10) == 0 {
				most = max(most, heap())
			}
		}
		if n != manyReceipts {
			t.Errorf("got %d receipts, want %d", n, manyReceipts)
		}
		const bound = 8 << 20
		if most > before+bound {
			t.Errorf("the heap grew from %d to %d bytes, want at most %d more", before, most, bound)
		}
		t.Logf("heap before %d KB, at most %d KB", before>>10, most>>10)
	})
}

// TestPing_Locked: a log that somebody keeps locked cannot be added to, and the probe says
// so, though all else of the database can be written.
func TestPing_Locked(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		free := block(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := s.Ping(ctx); err == nil {
			t.Error("got no error of a log that is locked")
		}
		free()
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("once it is free: %v", err)
		}
	})
}

// TestAppend_Idle: a database that closes connections which idle for more than a second
// costs no receipt, and none that is looked for.
func TestAppend_Idle(t *testing.T) {
	address := postgres(t).Database(t)
	admin := behind(t, store.Config{Database: address})
	name := regexp.MustCompile(`/(\w+)\?`).FindStringSubmatch(address)[1]
	if _, err := admin.Exec(`ALTER DATABASE ` + name + ` SET idle_session_timeout = '1200ms'`); err != nil {
		t.Fatal(err)
	}
	pool, _ := newPool(t, address)
	for name, c := range map[string]store.Config{
		"own connections": {Database: address}, "shared connections": inSchema(pool, address, "data.rivemont.example"),
	} {
		t.Run(name, func(t *testing.T) {
			c.Key = newKey(t)
			s := mustOpen(t, c)
			first := fill(t, s, 1)[0]
			time.Sleep(1500 * time.Millisecond)
			if _, err := s.Find(t.Context(), first); err != nil {
				t.Errorf("found after a rest: %v", err)
			}
			fill(t, s, 1)
		})
	}
}
