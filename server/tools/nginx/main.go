// Command nginx measures the server beside nginx, which serves the exported
// files: by turns, on the loopback, temoin.js compressed with gzip, which Debian's
// nginx has as a file. What counts is the ratio; the machine carries the load
// tool too. With -edge it measures what stands before a site: see edge.go.
// ./build.sh bench runs both.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const configuration = `daemon off; worker_processes auto; pid DIR/pid; error_log DIR/error.log;
events {}
http {
  types { text/javascript js; }
  access_log off; sendfile on; tcp_nopush on; gzip_static on;
  client_body_temp_path DIR; proxy_temp_path DIR; fastcgi_temp_path DIR; uwsgi_temp_path DIR; scgi_temp_path DIR;
  open_file_cache max=100; keepalive_requests 1000000;
  server { listen ADDRESS; root DIR/export; }
}
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nginx:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("nginx", flag.ContinueOnError)
	program := flags.String("program", "bin/temoin", "the `file` of the built server")
	catalogue := flags.String("catalogue", "server/demo/rich.yaml", "the catalogue that both serve")
	edge := flags.Bool("edge", false, "measure temoin proxy instead, beside a plain reverse proxy and nginx's sub_filter")
	plain := flags.String("plain", "", "be a plain reverse proxy before this `address`")
	rounds := flags.Int("rounds", 3, "how often each is measured")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *plain != "" {
		return servePlain(ctx, *plain)
	}
	dir, err := os.MkdirTemp("", "temoin-nginx-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *edge {
		return measureEdge(ctx, dir, *program, *catalogue, *rounds)
	}
	if out, err := exec.CommandContext(ctx, *program, "export", "-catalogue", *catalogue, filepath.Join(dir, "export")).CombinedOutput(); err != nil {
		return fmt.Errorf("export: %w\n%s", err, out)
	}
	// nginx's workers are somebody else.
	if err := readable(dir); err != nil {
		return err
	}
	nginx, stopNginx, err := startNginx(ctx, dir, configuration)
	if err != nil {
		return err
	}
	defer stopNginx()
	temoin, stopTemoin, err := start(ctx, *program, "serve", "-addr", "127.0.0.1:0", "-catalogue", *catalogue, "-data", filepath.Join(dir, "data"), "-log", "warn")
	if err != nil {
		return err
	}
	defer stopTemoin()

	fmt.Println("requests a second for temoin.js, kept connections, 16 at a time")
	for round := range *rounds {
		theirs, err := rate(ctx, nginx)
		if err != nil {
			return err
		}
		ours, err := rate(ctx, temoin)
		if err != nil {
			return err
		}
		fmt.Printf("round %d: nginx %.0f, temoin %.0f, ratio %.2f\n", round+1, theirs, ours, ours/theirs)
	}
	return nil
}

func readable(dir string) error {
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.Chmod(name, 0o755)
		}
		return os.Chmod(name, 0o644)
	})
}

// startNginx returns the address at which nginx answers.
func startNginx(ctx context.Context, dir, configuration string) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("DIR", dir, "ADDRESS", address).Replace(configuration)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", nil, err
	}
	command := exec.CommandContext(ctx, "nginx", "-c", file)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = stopper(command)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return address, stop, connection.Close()
		}
		if time.Now().After(end) {
			stop()
			return "", nil, fmt.Errorf("nginx does not answer: %w", err)
		}
	}
}

// start returns the address at which a program says that it answers.
func start(ctx context.Context, program string, args ...string) (address string, stop func(), err error) {
	command := exec.CommandContext(ctx, program, args...)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = stopper(command)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`).FindStringSubmatch(lines.Text()); found != nil {
			return found[1], stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("%s ended without an address", program)
}

func stopper(command *exec.Cmd) func() {
	return func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = command.Wait()
	}
}

var (
	perSecond = regexp.MustCompile(`Requests per second:\s+([\d.]+)`)
	notGood   = regexp.MustCompile(`(Failed requests|Non-2xx responses):\s+([1-9]\d*)`)
)

// rate asks 20,000 times and returns the requests a second.
func rate(ctx context.Context, address string) (float64, error) {
	out, err := exec.CommandContext(ctx, "ab", "-q", "-k", "-c", "16", "-n", "20000", "-H", "Accept-Encoding: gzip", "http://"+address+"/temoin.js").Output()
	if err != nil {
		return 0, fmt.Errorf("ab: %w", err)
	}
	if bad := notGood.FindString(string(out)); bad != "" {
		return 0, fmt.Errorf("%s: %s", address, bad)
	}
	found := perSecond.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("ab says no rate:\n%s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
