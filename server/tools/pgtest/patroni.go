//go:build linux

package pgtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// Group is PostgreSQL as it is run where it must not be away: three servers, one
// of which is the primary, and Patroni beside each, which makes another one the
// primary when that is gone. A commit is answered once a second server has it on
// its disk. Debian's packages postgresql, patroni and etcd-server.
//
// Patroni and PostgreSQL are told of each other's death by no more than etcd's
// lease, as on machines of their own.
type Group struct {
	dir     string
	user    *syscall.Credential
	members []*member
	guard   *exec.Cmd
	leave   io.Closer // has the guard end all
}

// member is one PostgreSQL with its Patroni.
type member struct {
	Name, Dir, Bin   string
	Port, REST, Etcd int
	user             *syscall.Credential
	patroni          *process
}

// groupPatience is how long the group may take to be whole again.
const groupPatience = 3 * time.Minute

// StartGroup starts a group that ends with the test.
func StartGroup(tb testing.TB) *Group {
	tb.Helper()
	g := new(Group)
	tb.Cleanup(g.stop)
	if err := g.begin(); err != nil {
		tb.Fatalf("start PostgreSQL under Patroni: %v", err)
	}
	return g
}

func (g *Group) begin() error {
	bin, err := programs()
	if err != nil {
		return err
	}
	for _, name := range []string{"patroni", "etcd"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: apt-get install patroni etcd-server", err)
		}
	}
	if g.user, err = unprivileged(); err != nil {
		return err
	}
	if g.dir, err = newFolder(g.user); err != nil {
		return err
	}
	if err := g.startGuard(); err != nil {
		return err
	}
	etcd, err := g.startEtcd()
	if err != nil {
		return err
	}
	for i := range 3 {
		m := &member{Name: "pg" + strconv.Itoa(i+1), Bin: bin, Etcd: etcd, user: g.user}
		m.Dir = filepath.Join(g.dir, m.Name)
		if err := m.prepare(); err != nil {
			return err
		}
		g.members = append(g.members, m)
		if err := m.start(); err != nil {
			return err
		}
	}
	return g.AwaitWhole()
}

// ending kills all that runs in a folder, once the other end of its input is closed.
const ending = `
read _
while :; do
	left=
	for process in /proc/[0-9]*; do
		case $(readlink "$process/cwd") in "$0"|"$0"/*) left=yes; kill -9 "${process#/proc/}" ;; esac
	done
	[ "$left" ] || exit 0
	sleep 0.1
done 2>/dev/null`

// startGuard starts what ends all when the test does, whatever that dies of.
// Patroni starts PostgreSQL so that it outlives Patroni, and who hangs ends with
// nobody.
func (g *Group) startGuard() (err error) {
	g.guard = exec.Command("sh", "-c", ending, g.dir)
	// Not with the test, where somebody stops that from a terminal.
	g.guard.SysProcAttr = &syscall.SysProcAttr{Credential: g.user, Setpgid: true}
	if g.leave, err = g.guard.StdinPipe(); err != nil {
		return err
	}
	return g.guard.Start()
}

// startEtcd starts an etcd and returns its port.
func (g *Group) startEtcd() (port int, err error) {
	var ports [2]int
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return 0, err
		}
	}
	client, peer := "http://127.0.0.1:"+strconv.Itoa(ports[0]), "http://127.0.0.1:"+strconv.Itoa(ports[1])
	command := exec.Command("etcd", "--name=one", "--data-dir="+filepath.Join(g.dir, "etcd"),
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=one="+peer)
	log, err := logTo(command, g.dir, "etcd")
	if err != nil {
		return 0, err
	}
	defer log.Close()
	_, err = start(command, g.user, syscall.SIGKILL)
	return ports[0], err
}

// logTo has a program run in a folder and write what it says to a file there.
func logTo(command *exec.Cmd, dir, name string) (*os.File, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	command.Dir, command.Stdout, command.Stderr = dir, log, log
	return log, nil
}

// settings are those of Patroni. ttl is as short as its documentation allows: it
// is how long a primary that says nothing more is waited for.
var settings = template.Must(template.New("").Parse(`
scope: temoin
name: {{.Name}}
restapi: {listen: "127.0.0.1:{{.REST}}", connect_address: "127.0.0.1:{{.REST}}"}
etcd3: {host: "127.0.0.1:{{.Etcd}}"}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {wal_log_hints: "on", fsync: "on"}
  initdb: [{encoding: UTF8}, {locale: C}]
postgresql:
  listen: "127.0.0.1:{{.Port}}"
  connect_address: "127.0.0.1:{{.Port}}"
  data_dir: "{{.Dir}}/data"
  bin_dir: "{{.Bin}}"
  pgpass: "{{.Dir}}/pgpass"
  remove_data_directory_on_diverged_timelines: true
  remove_data_directory_on_rewind_failure: true
  authentication:
    superuser: {username: temoin, password: temoin}
    replication: {username: replicator, password: replicator}
    rewind: {username: rewinder, password: rewinder}
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
  parameters: {unix_socket_directories: "{{.Dir}}"}
`))

// prepare makes the member's folder and settings.
func (m *member) prepare() (err error) {
	if m.Port, err = freePort(); err != nil {
		return err
	}
	if m.REST, err = freePort(); err != nil {
		return err
	}
	if err := os.Mkdir(m.Dir, 0o700); err != nil {
		return err
	}
	if m.user != nil {
		if err := os.Chown(m.Dir, int(m.user.Uid), int(m.user.Gid)); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	if err := settings.Execute(&text, m); err != nil {
		return err
	}
	return os.WriteFile(m.file(), text.Bytes(), 0o644)
}

func (m *member) file() string { return filepath.Join(m.Dir, "patroni.yml") }

// start starts Patroni, which starts PostgreSQL.
func (m *member) start() error {
	command := exec.Command("patroni", m.file())
	log, err := logTo(command, m.Dir, "patroni")
	if err != nil {
		return err
	}
	defer log.Close()
	m.patroni, err = start(command, m.user, syscall.SIGKILL)
	return err
}

// seen is what Patroni says of a member.
type seen struct{ Name, Role, State string }

// look asks the members that run what all of them are.
func (g *Group) look() (list []seen, err error) {
	err = errors.New("no Patroni runs")
	client := &http.Client{Timeout: 2 * time.Second}
	for _, m := range g.members {
		if m.patroni == nil {
			continue
		}
		var answer *http.Response
		if answer, err = client.Get("http://127.0.0.1:" + strconv.Itoa(m.REST) + "/cluster"); err != nil {
			continue
		}
		var said struct{ Members []seen }
		err = json.NewDecoder(answer.Body).Decode(&said)
		answer.Body.Close()
		if err == nil {
			return said.Members, nil
		}
	}
	return nil, err
}

// primary returns the member that is the primary, nil where none is.
func (g *Group) primary() *member {
	list, _ := g.look()
	for _, s := range list {
		for _, m := range g.members {
			if s.Role == "leader" && s.State == "running" && s.Name == m.Name && m.patroni != nil {
				return m
			}
		}
	}
	return nil
}

// AwaitWhole waits until there is a primary, one that follows it synchronously,
// and one more that runs.
func (g *Group) AwaitWhole() error {
	return g.await("the three to run, one of them in step with the primary", func() bool {
		list, _ := g.look()
		roles := map[string]int{}
		for _, s := range list {
			if s.State == "running" || s.State == "streaming" {
				roles[s.Role]++
			}
		}
		return roles["leader"] == 1 && roles["sync_standby"] == 1 && roles["replica"] == 1
	})
}

func (g *Group) await(what string, done func() bool) error {
	for deadline := time.Now().Add(groupPatience); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			list, err := g.look()
			return fmt.Errorf("waited %s for %s; Patroni says %v, %v%s", groupPatience, what, list, err, g.logs())
		}
	}
	return nil
}

// URL returns the address of the database postgres, on whichever of the three
// takes what is written.
func (g *Group) URL() string {
	var ports []int
	for _, m := range g.members {
		ports = append(ports, m.Port)
	}
	return address("postgres", ports...) + "&target_session_attrs=read-write"
}

// A Loss is how a primary goes away.
type Loss string

// The machine loses its power, or it hangs: what runs on it says nothing more,
// and its connections stay open.
const (
	Killed Loss = "killed"
	Frozen Loss = "frozen"
)

// LosePrimary has the primary go away, with its Patroni, and waits for another
// one. comeBack starts what was lost again.
func (g *Group) LosePrimary(how Loss) (comeBack func() error, err error) {
	lost := g.primary()
	if lost == nil {
		return nil, errors.New("lose the primary: there is none")
	}
	processes, err := lost.processes()
	if err != nil {
		return nil, fmt.Errorf("lose the primary: %w", err)
	}
	if how == Frozen {
		signal(syscall.SIGSTOP, processes)
	} else {
		signal(syscall.SIGKILL, processes)
		<-lost.patroni.ended
		lost.patroni = nil
	}
	if err := g.await("another primary", func() bool { p := g.primary(); return p != nil && p != lost }); err != nil {
		return nil, err
	}
	return func() error {
		if how == Frozen {
			signal(syscall.SIGCONT, processes)
			return nil
		}
		return lost.start()
	}, nil
}

// processes returns those of a member: Patroni, PostgreSQL, and PostgreSQL's own.
// They are what runs in its folder.
func (m *member) processes() (list []int, err error) {
	folders, err := filepath.Glob("/proc/[0-9]*/cwd")
	for _, folder := range folders {
		cwd, err := os.Readlink(folder)
		if err != nil || cwd != m.Dir && !strings.HasPrefix(cwd, m.Dir+"/") {
			continue // it has ended, or is somebody else's
		}
		pid, err := strconv.Atoi(strings.Split(folder, "/")[2])
		if err != nil {
			return nil, err
		}
		list = append(list, pid)
	}
	return list, err
}

// signal sends a signal to processes. One that has ended meanwhile needs none.
func signal(s syscall.Signal, processes []int) {
	for _, pid := range processes {
		syscall.Kill(pid, s)
	}
}

// logs returns where the members say what they do, and the end of it.
func (g *Group) logs() string {
	var all strings.Builder
	for _, m := range g.members {
		text, err := os.ReadFile(filepath.Join(m.Dir, "patroni.log"))
		if err != nil {
			continue
		}
		fmt.Fprintf(&all, "\n%s says:\n%s", m.Name, text[max(0, len(text)-8000):])
	}
	return all.String()
}

// stop ends all and removes their files.
func (g *Group) stop() {
	if g.leave != nil {
		g.leave.Close()
		g.guard.Wait()
	}
	os.RemoveAll(g.dir)
}
