//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/ledger"
)

// confined is the program as ./build.sh build makes it, which may have so many bytes of
// data, and is started anew whenever it fails, as systemd does.
type confined struct {
	t       *testing.T
	data    string
	most    int64 // 0: no bound
	process *exec.Cmd
	log     bytes.Buffer
	url     atomic.Value // string
	deaths  int
}

// start starts it, until it answers.
func (c *confined) start() {
	c.t.Helper()
	limit := "unlimited"
	if c.most > 0 {
		limit = strconv.FormatInt(c.most>>10, 10)
	}
	for range 10 {
		c.log.Reset()
		c.process = exec.Command("sh", "-c", `ulimit -d `+limit+`; exec "$0" "$@"`, "bin/temoin", "serve",
			"-addr", "127.0.0.1:0", "-catalogue", "server/demo/rich.yaml", "-data", c.data, "-rate", "0", "-user-header", "X-User", "-proxies", "127.0.0.1/32")
		c.process.Stderr = &c.log
		out, err := c.process.StdoutPipe()
		if err == nil {
			err = c.process.Start()
		}
		if err != nil {
			c.t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		if url := regexp.MustCompile(`http://\S+`).FindString(line); url != "" {
			c.url.Store(url)
			return
		}
		c.died()
	}
	c.t.Fatalf("it does not start: %s", c.said())
}

// died waits for its end, which has to be one after which systemd starts it anew.
func (c *confined) died() {
	c.t.Helper()
	c.deaths++
	if err := c.process.Wait(); err == nil || !bytes.Contains(c.log.Bytes(), []byte("memory")) {
		c.t.Fatalf("it ended by itself with %v: %s", err, c.said())
	}
}

// said is the beginning of what it logged.
func (c *confined) said() string { return fmt.Sprintf("%.2000s", c.log.String()) }

// revive starts it anew if it has ended.
func (c *confined) revive() {
	c.t.Helper()
	if c.isGone() {
		c.died()
		c.start()
	}
}

// isGone reports whether it has ended, and leaves its end to be waited for.
func (c *confined) isGone() bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Process.Pid))
	return err != nil || strings.Contains(string(state), ") Z ")
}

// stop ends it as systemd does.
func (c *confined) stop() {
	c.t.Helper()
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	if err := c.process.Wait(); err != nil {
		c.t.Fatalf("told to stop, it ends with %v: %s", err, c.said())
	}
}

// usesData returns how many bytes of data it has.
func (c *confined) usesData() int64 {
	c.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.Process.Pid))
	found := regexp.MustCompile(`VmData:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		c.t.Fatalf("what it uses is not known (%v)", err)
	}
	kilobytes, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kilobytes << 10
}

// reporter makes choices, and remembers those that were acknowledged.
type reporter struct {
	server    *confined
	client    *http.Client
	rev, text string
	acked     []string // ids that were answered 201
}

func newReporter(t *testing.T, c *confined) *reporter {
	t.Helper()
	part := func(pattern, path string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(get(t, c.url.Load().(string)+path))
		if found == nil {
			t.Fatalf("no %s in %s", pattern, path)
		}
		return found[1]
	}
	return &reporter{
		server: c, client: &http.Client{Timeout: 5 * time.Second},
		rev: part(`"rev":"(\w+)"`, "/temoin/catalogue.json"), text: part(`"text":"([0-9a-f]{16})"`, "/temoin.js"),
	}
}

// choose reports one choice.
func (r *reporter) choose() {
	id := consent.NewID()
	body := fmt.Sprintf(`{"record":{"v":1,"id":%q,"rev":%q,"at":%d,"choices":{"necessary":true,"statistics":false,"first-party":false,"third-party":false}},`+
		`"how":"banner-refuse","gpc":false,"lang":"fr","text":%q}`, id, r.rev, time.Now().Unix(), r.text)
	answer, err := r.client.Post(r.server.url.Load().(string)+"/api/consents", "application/json", strings.NewReader(body))
	if err != nil {
		time.Sleep(10 * time.Millisecond) // it is away
		return
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if answer.StatusCode == http.StatusCreated {
		r.acked = append(r.acked, id)
	}
}

// crowd holds connections whose requests never end: as many headers as a request may have,
// which take ten times their size, and a large body that lacks its last byte.
func crowd(ctx context.Context, c *confined) {
	const body = 8 << 10
	var headers strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&headers, "X-%d: a\r\n", i)
	}
	request := fmt.Sprintf("POST /api/consents HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s",
		&headers, body, strings.Repeat(" ", body-1))
	var held []net.Conn
	for ctx.Err() == nil {
		address := strings.TrimPrefix(c.url.Load().(string), "http://")
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		connection.SetWriteDeadline(time.Now().Add(time.Second))
		io.WriteString(connection, request)
		if held = append(held, connection); len(held) > 800 {
			held[0].Close()
			held = held[1:]
		}
	}
	for _, connection := range held {
		connection.Close()
	}
}

// exportAll asks for all that the dashboard exports, and returns the status, 0 for none.
func exportAll(ctx context.Context, c *confined) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url.Load().(string)+"/admin/export.csv", nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-User", "somebody")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// watch starts it anew each time that it has ended, until it has done so often enough.
func (c *confined) watch(times int) {
	c.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); c.deaths < times; time.Sleep(10 * time.Millisecond) {
		c.revive()
		if time.Now().After(deadline) {
			c.t.Fatalf("with %d MB of %d it has ended %d times, want %d: the bound does not bite", c.usesData()>>20, c.most>>20, c.deaths, times)
		}
	}
}

// TestBadDay_Memory: the program may have little more memory than it needs, and is asked
// for much more by connections, large requests and exports. It ends at once, and not well;
// started anew it goes on by itself, and all that it acknowledged is there.
func TestBadDay_Memory(t *testing.T) {
	c := &confined{t: t, data: t.TempDir()}
	c.start()
	t.Cleanup(func() { c.process.Process.Kill() }) // of no effect once it has ended
	reporters := []*reporter{newReporter(t, c)}
	for range 20 {
		reporters[0].choose()
	}
	if status := exportAll(t.Context(), c); status != http.StatusOK {
		t.Fatalf("the export answers %d", status)
	}
	c.most = c.usesData() + 4<<20
	c.stop()
	c.start()
	for range 3 {
		reporters = append(reporters, newReporter(t, c))
	}
	press(t, c, reporters, func() { c.watch(2) })
	for _, r := range reporters { // the crowd has gone
		r.mustChoose(t)
	}
	c.stop()
	wholeAfter(t, c, reporters)
}

// press has choices reported, while crowds and exports take all memory, until meanwhile
// returns.
func press(t *testing.T, c *confined, reporters []*reporter, meanwhile func()) {
	ctx, end := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer end()
	for _, r := range reporters {
		group.Go(func() {
			for ctx.Err() == nil {
				r.choose()
			}
		})
	}
	for range 4 {
		group.Go(func() { crowd(ctx, c) })
	}
	group.Go(func() {
		for ctx.Err() == nil {
			exportAll(ctx, c)
		}
	})
	meanwhile()
}

// mustChoose reports choices until one is kept.
func (r *reporter) mustChoose(t *testing.T) {
	t.Helper()
	before := len(r.acked)
	for deadline := time.Now().Add(time.Minute); len(r.acked) == before; r.choose() {
		r.server.revive()
		if time.Now().After(deadline) {
			t.Fatalf("it does not come back by itself: %s", r.server.said())
		}
	}
}

// wholeAfter checks that what was acknowledged is there, and that the log is whole.
func wholeAfter(t *testing.T, c *confined, reporters []*reporter) {
	t.Helper()
	s, err := ledger.OpenStore(t.Context(), ledger.StoreConfig{Data: c.data}, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	count := 0
	for _, r := range reporters {
		count += len(r.acked)
		for _, id := range r.acked {
			if _, err := s.Find(t.Context(), id); err != nil {
				t.Fatalf("a receipt that was acknowledged is not there: %v", err)
			}
		}
	}
	v, err := s.Verify(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Faults) > 0 {
		t.Errorf("the log has the faults %v", v.Faults)
	}
	t.Logf("it ended %d times; %d receipts acknowledged, all there", c.deaths, count)
}
