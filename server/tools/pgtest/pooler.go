//go:build linux

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Pooled returns the address of a database of the cluster behind PgBouncer, which gives
// each transaction any of its connections. PgBouncer ends with the test.
func (c *Cluster) Pooled(tb testing.TB, address string) string {
	tb.Helper()
	port, err := freePort()
	if err != nil {
		tb.Fatal(err)
	}
	// "any" lets in whoever comes, as the user that the target names.
	settings := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d user=temoin
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
`, c.port, port)
	file := filepath.Join(c.dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		tb.Fatal(err)
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	pooler, err := start(exec.Command(program, "-q", file), c.user, syscall.SIGINT)
	if err != nil {
		tb.Fatalf("%v: apt-get install pgbouncer", err)
	}
	tb.Cleanup(func() { pooler.end(syscall.SIGINT) })
	pooled := strings.Replace(address, ":"+strconv.Itoa(c.port)+"/", ":"+strconv.Itoa(port)+"/", 1)
	if err := askUntil(pooled, `SELECT true`); err != nil {
		tb.Fatalf("PgBouncer does not answer: %v", err)
	}
	return pooled
}
