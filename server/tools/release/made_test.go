package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestMade makes a release and uses each part as who gets it does. It takes half an
// hour, needs root and Debian, and is run by ./build.sh release-test; where
// TEMOIN_RELEASE names the folder of a release that is there, it takes that one.
func TestMade(t *testing.T) {
	dir := os.Getenv("TEMOIN_RELEASE")
	switch dir {
	case "":
		t.Skip("too slow for each time: ./build.sh release-test")
	case "new":
		dir = filepath.Join(t.TempDir(), "made")
		if err := run([]string{dir}, os.Stdout, os.Stderr); err != nil {
			t.Fatal(err)
		}
	}
	m := made{dir: dir, whole: len(glob(t, dir, "temoin_*.cdx.json")) == len(allTargets)}
	for _, part := range []struct {
		name string
		test func(made, *testing.T)
	}{
		{"sums", made.testSums},
		{"shells", made.testShells},
		{"lintian", made.testLintian},
		{"Debian", made.testDebian},
		{"RPM", made.testRPM},
		{"image", made.testImage},
		{"Go module", made.testModule},
		{"another address", made.testAddress},
		{"components", made.testComponents},
		{"the same bytes", made.testSame},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(m, t) })
	}
}

// made is a release that is there.
type made struct {
	dir   string
	whole bool // for all targets
}

// glob returns the files of a folder that match.
func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// one returns the one file of the release that matches.
func (m made) one(t *testing.T, pattern string) string {
	t.Helper()
	found := glob(t, m.dir, pattern)
	if len(found) != 1 {
		t.Fatalf("got %q, want one file %s", found, pattern)
	}
	return found[0]
}

// must runs a command to its end and returns what it prints.
func must(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, said)
	}
	return string(said)
}

// in returns a command that runs in a folder, with more in its environment.
func in(dir string, env []string, name string, args ...string) *exec.Cmd {
	command := exec.Command(name, args...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	return command
}

func (m made) testSums(t *testing.T) {
	must(t, in(m.dir, nil, "sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"))
	host := target{runtime.GOOS, runtime.GOARCH}
	unpacked := t.TempDir()
	must(t, exec.Command("tar", "-xzf", m.one(t, "temoin_*_"+host.String()+".tar.gz"), "-C", unpacked, "--strip-components=1"))
	commit, err := output("git", "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if said := must(t, exec.Command(filepath.Join(unpacked, "temoin"), "version")); !strings.Contains(said, "\ncommit "+commit+"\n") {
		t.Errorf("got %s, want the commit %s", said, commit)
	}
	for _, name := range []string{"LICENSE", "web/notices.txt", "README.md", "docs/hosting.md", "share/temoin.1", "share/completion.zsh"} {
		if _, err := os.Stat(filepath.Join(unpacked, name)); err != nil {
			t.Error(err)
		}
	}
}

// testShells: zsh and fish read what is there for them, and fish says what it proposes.
func (m made) testShells(t *testing.T) {
	dir := t.TempDir()
	for shell, script := range completions(helpOf(t)) {
		if err := os.WriteFile(filepath.Join(dir, shell), script, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must(t, exec.Command("zsh", "-n", filepath.Join(dir, "zsh")))
	for typed, want := range map[string]string{"temoin ser": "serve\t", "temoin receipts ver": "verify\n", "temoin init -pre": "-presets\t"} {
		said := must(t, in(dir, []string{"HOME=" + dir}, "fish", "--no-config", "-c", fmt.Sprintf("source fish; complete -C %q", typed)))
		if !strings.HasPrefix(said, want) {
			t.Errorf("%q: got %q, want %q", typed, said, want)
		}
	}
}

func (m made) testLintian(t *testing.T) {
	for _, deb := range glob(t, m.dir, "*.deb") {
		must(t, exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", "--no-tag-display-limit", deb))
	}
}

// testDebian installs the package in a Debian that has nothing else, starts what the
// service would, upgrades and purges.
func (m made) testDebian(t *testing.T) {
	root := debian(t)
	deb := m.one(t, "*_"+runtime.GOARCH+".deb")
	root.install(t, deb)
	root.chroot(t, "temoin", "init", "-out", "/etc/temoin/catalogue.yaml", "-name", "Mairie de Rivemont", "-url", "https://data.rivemont.example", "-presets", "youtube")
	root.write(t, "etc/default/temoin", "TEMOIN_ADDR=127.0.0.1:0\n")

	service := root.start(t)
	if got := service.get(t, "/healthz"); !strings.Contains(got, `"receipts":"ok"`) {
		t.Errorf("got %s", got)
	}
	service.refuse(t)
	service.stop(t)
	key := root.read(t, "var/lib/temoin/key")
	root.chroot(t, "install", "-d", "-o", "temoin-audit", "/var/lib/temoin-audit") // as its service does
	if _, err := os.Stat(filepath.Join(string(root), "usr/lib/systemd/system/temoin-audit.service")); err != nil {
		t.Error(err)
	}
	if said := root.asTemoin(t, "temoin", "receipts", "stats", "-data", "/var/lib/temoin"); !regexp.MustCompile(`\b1\b`).MatchString(said) {
		t.Errorf("got %s, want one receipt", said)
	}

	root.install(t, newer(t, root))
	if got := root.read(t, "var/lib/temoin/key"); got != key {
		t.Error("the upgrade has changed the key")
	}
	if got := root.read(t, "etc/default/temoin"); got != "TEMOIN_ADDR=127.0.0.1:0\n" {
		t.Errorf("the upgrade has changed what was set: %s", got)
	}
	service = root.start(t)
	service.refuse(t)
	service.stop(t)
	root.asTemoin(t, "temoin", "receipts", "verify", "-data", "/var/lib/temoin")

	root.chroot(t, "apt-get", "remove", "-y", "-qq", "temoin")
	if got := root.read(t, "var/lib/temoin/key"); got != key {
		t.Error("the key went with the package, though it was not purged")
	}
	root.chroot(t, "apt-get", "purge", "-y", "-qq", "temoin")
	for _, path := range []string{"var/lib/temoin", "var/lib/temoin-audit", "etc/temoin", "etc/default/temoin", "etc/default/temoin-audit", "usr/bin/temoin"} {
		if _, err := os.Stat(filepath.Join(string(root), path)); err == nil {
			t.Errorf("%s is there after a purge", path)
		}
	}
}

// system is the folder of a Debian.
type system string

func debian(t *testing.T) system {
	t.Helper()
	release, err := os.ReadFile("/etc/os-release")
	codename := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(release)
	if err != nil || codename == nil {
		t.Fatalf("this is no Debian (%v)", err)
	}
	root := filepath.Join(t.TempDir(), "root")
	must(t, exec.Command("mmdebstrap", "--quiet", "--variant=apt", "--include=systemd-standalone-sysusers", string(codename[1]), root))
	return system(root)
}

func (s system) chroot(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command("chroot", append([]string{string(s)}, args...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
	return must(t, command)
}

func (s system) asTemoin(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, exec.Command("chroot", append([]string{"--userspec=temoin:temoin", string(s)}, args...)...))
}

func (s system) install(t *testing.T, deb string) {
	t.Helper()
	data, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "tmp/temoin.deb", string(data))
	s.chroot(t, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "/tmp/temoin.deb")
}

func (s system) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(s), path), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s system) read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(string(s), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// start runs the service's command line, as its user and with its environment.
func (s system) start(t *testing.T) *service {
	t.Helper()
	unit := s.read(t, "usr/lib/systemd/system/temoin.service")
	value := func(key string) string {
		found := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(unit)
		if found == nil {
			t.Fatalf("the service has no %s", key)
		}
		return found[1]
	}
	user := value("User")
	command := exec.Command("chroot", append([]string{"--userspec=" + user + ":" + user, string(s)}, strings.Fields(value("ExecStart"))...)...)
	command.Env = strings.Fields(value("Environment"))
	for line := range strings.Lines(s.read(t, strings.TrimPrefix(value("EnvironmentFile"), "-/"))) {
		if !strings.HasPrefix(line, "#") {
			command.Env = append(command.Env, strings.TrimSpace(line))
		}
	}
	return start(t, command)
}

// newer makes the package of a later version, of the program that is installed.
func newer(t *testing.T, root system) string {
	t.Helper()
	r := release{version: "99.0.0", time: day, maintainer: "Nobody <nobody@temoin.example>", dir: t.TempDir(), scratch: t.TempDir(), help: helpOf(t), targets: []target{{"linux", runtime.GOARCH}}}
	program := r.program(r.targets[0])
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte(root.read(t, "usr/bin/temoin")), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.packages(); err != nil {
		t.Fatal(err)
	}
	return made{dir: r.dir}.one(t, "*.deb")
}

// service is a program that runs.
type service struct {
	command *exec.Cmd
	url     string
	log     *bytes.Buffer
}

// start runs a command until it says where it answers.
func start(t *testing.T, command *exec.Cmd) *service {
	t.Helper()
	s := &service{command: command, log: &bytes.Buffer{}}
	command.Stderr = s.log
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() })
	said := make([]byte, 1024)
	n, err := out.Read(said)
	found := regexp.MustCompile(`answers on (http://\S+)`).FindSubmatch(said[:n])
	if found == nil {
		command.Wait()
		t.Fatalf("%s said %q (%v)\n%s", command, said[:n], err, s.log)
	}
	s.url = strings.Replace(string(found[1]), "[::]", "127.0.0.1", 1)
	return s
}

func (s *service) get(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: %d, %v: %s", path, response.StatusCode, err, body)
	}
	return string(body)
}

// refuse answers the charter's form, of which a receipt is kept.
func (s *service) refuse(t *testing.T) {
	t.Helper()
	response, err := http.PostForm(s.url+"/charte-cookies", url.Values{"answer": {"refuse"}, "lang": {"fr"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 { // after the redirect
		t.Fatalf("the form answers %s", response.Status)
	}
}

// stop ends it as systemd does.
func (s *service) stop(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
}

// testRPM: rpm takes the packages for whole, and unpacks one.
func (m made) testRPM(t *testing.T) {
	for _, name := range glob(t, m.dir, "*.rpm") {
		must(t, exec.Command("rpm", "--checksig", "--nosignature", name))
		for _, script := range []string{"%{POSTIN}", "%{PREUN}", "%{POSTUN}"} {
			text := must(t, exec.Command("rpm", "-qp", "--qf", script, name))
			check := exec.Command("sh", "-n")
			check.Stdin = strings.NewReader(text)
			if !strings.Contains(text, "systemctl") {
				t.Errorf("%s of %s is %q", script, name, text)
			}
			must(t, check)
		}
	}
	root := t.TempDir()
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	must(t, exec.Command("rpm", "--root", root, "--install", "--nodeps", "--noscripts", m.one(t, "*."+arch+".rpm")))
	if said := must(t, exec.Command(filepath.Join(root, "usr/bin/temoin"), "version")); !strings.HasPrefix(said, "temoin ") {
		t.Errorf("got %s", said)
	}
}

// testImage unpacks the image with tools of others and starts it without root, on a
// disk that nobody can write to but for its volume.
func (m made) testImage(t *testing.T) {
	dir := t.TempDir()
	archive := m.one(t, "*_oci.tar")
	for _, arch := range []string{"amd64", "arm64"} {
		config := must(t, exec.Command("skopeo", "inspect", "--config", "--override-os=linux", "--override-arch="+arch, "oci-archive:"+archive))
		if !strings.Contains(config, `"architecture": "`+arch+`"`) && !strings.Contains(config, `"architecture":"`+arch+`"`) {
			t.Errorf("no image for %s: %s", arch, config)
		}
	}
	must(t, exec.Command("skopeo", "copy", "--quiet", "--override-arch="+runtime.GOARCH, "oci-archive:"+archive, "oci:"+dir+"/layout:temoin"))
	must(t, exec.Command("umoci", "unpack", "--image", dir+"/layout:temoin", dir+"/bundle"))
	var bundle struct {
		Process struct {
			Args, Env []string
			User      struct{ UID, GID int }
		}
	}
	text, err := os.ReadFile(dir + "/bundle/config.json")
	if err = errors.Join(err, json.Unmarshal(text, &bundle)); err != nil {
		t.Fatal(err)
	}
	process := bundle.Process
	if process.User.UID != nobody || process.User.GID != nobody {
		t.Errorf("it runs as %v, want %d", process.User, nobody)
	}
	root := system(dir + "/bundle/rootfs")
	catalogue, err := os.ReadFile("server/demo/catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	root.write(t, "etc/temoin/catalogue.yaml", string(catalogue))
	command := exec.Command("chroot", append([]string{fmt.Sprintf("--userspec=%d:%d", process.User.UID, process.User.GID), string(root)}, process.Args...)...)
	command.Env = append(process.Env, "TEMOIN_ADDR=127.0.0.1:0") // 8080 may be somebody's
	service := start(t, command)
	service.refuse(t)
	if got := service.get(t, "/healthz"); !strings.Contains(got, `"receipts":"ok"`) {
		t.Errorf("got %s", got)
	}
	service.get(t, "/temoin.js")
	service.stop(t)
	if _, err := os.Stat(filepath.Join(string(root), "var/lib/temoin/key")); err != nil {
		t.Error(err)
	}
}

// testModule: another module requires the packages through a folder, and serves the banner.
func (m made) testModule(t *testing.T) {
	dir := t.TempDir()
	version := strings.TrimSuffix(filepath.Base(m.one(t, "goproxy/temoin.example/temoin/@v/*.zip")), ".zip")
	cache, err := output("go", "env", "GOMODCACHE")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":  "module example.org/site\n\ngo 1.26.0\n",
		"main.go": siteSource,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	catalogue, err := filepath.Abs("server/demo/catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// What else is needed has been downloaded, and verified, for this build: nothing is asked of anybody.
	env := []string{"GOPROXY=file://" + m.dir + "/goproxy,file://" + cache + "/cache/download", "GONOSUMDB=*", "GOFLAGS=-modcacherw", "GOMODCACHE=" + filepath.Join(dir, "cache")}
	must(t, in(dir, env, "go", "get", "temoin.example/temoin@"+version))
	must(t, in(dir, env, "go", "mod", "tidy", "-e"))
	must(t, in(dir, env, "go", "build", "-o", "site", "."))
	service := start(t, in(dir, nil, "./site", catalogue))
	if got := service.get(t, "/temoin/temoin.js"); !strings.Contains(got, "temoinBundle") {
		t.Errorf("got %.80s", got)
	}
	response, err := http.Get(service.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := response.Header.Get("Content-Security-Policy"); !strings.Contains(got, "'wasm-unsafe-eval'") {
		t.Errorf("the guard's policy is %q", got)
	}
}

// siteSource is a site that uses the three packages which others may.
const siteSource = `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
	"temoin.example/temoin/server"
)

func main() {
	banner, err := server.New(server.Config{Catalogue: os.Args[1]})
	if err != nil {
		log.Fatal(err)
	}
	defer banner.Close()
	catalogue := &banner.Site().Catalogue.Catalogue
	home := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var record *consent.Record
		w.Header().Set("Content-Security-Policy", guard.Policy(catalogue, record))
		fmt.Fprintln(w, catalogue.Rev())
	})
	http.Handle("/temoin/", banner)
	http.Handle("/", home)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the site answers on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
`

// clone returns a fresh copy of what is committed, in another folder.
func clone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "another", "folder")
	must(t, exec.Command("git", "clone", "--quiet", "--no-hardlinks", ".", dir))
	return dir
}

// testAddress: the line of docs/releases.md gives the source another address, and it
// compiles as before.
func (m made) testAddress(t *testing.T) {
	page, err := os.ReadFile("docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^git grep .*$`).Find(page)
	if line == nil {
		t.Fatal("docs/releases.md has no line git grep …")
	}
	dir := clone(t)
	must(t, in(dir, nil, "sh", "-c", string(line)))
	if left, _ := in(dir, nil, "git", "grep", "-l", "temoin.example/temoin").Output(); len(left) > 0 {
		t.Errorf("these files keep the old address: %s", left)
	}
	must(t, in(dir, nil, "go", "vet", "./..."))
	must(t, in(dir, nil, "go", "-C", "server/tools/release", "vet", "./..."))
}

// testComponents runs the tests of the npm packages, in a fresh project and in browsers.
func (m made) testComponents(t *testing.T) {
	must(t, exec.Command("go", "build", "-o", ".cache/test", "./server/tools/test"))
	said := must(t, in(".", []string{"TEMOIN_RELEASE=" + m.dir}, ".cache/test", "server/e2e/release/components.test.mjs"))
	t.Log(said)
}

// testSame makes the release anew from a fresh copy in another folder: all of it with
// what Go has compiled before, and that of one system without.
func (m made) testSame(t *testing.T) {
	if m.whole {
		again := filepath.Join(t.TempDir(), "again")
		must(t, in(clone(t), nil, "./build.sh", "release", again))
		same(t, m.dir, again, "*")
	}
	again := filepath.Join(t.TempDir(), "again")
	must(t, in(clone(t), []string{"GOCACHE=" + t.TempDir()}, "./build.sh", "release", "-targets", runtime.GOOS+"/"+runtime.GOARCH, again))
	for _, pattern := range []string{"*.tar.gz", "*.json", "*.deb", "*.rpm", "npm", "goproxy"} {
		same(t, m.dir, again, pattern)
	}
}

// same compares each file of again that matches with the one of first.
func same(t *testing.T, first, again, pattern string) {
	t.Helper()
	for _, start := range glob(t, again, pattern) {
		err := filepath.WalkDir(start, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(again, path)
			if err != nil {
				return err
			}
			got, err := os.ReadFile(path)
			want, missing := os.ReadFile(filepath.Join(first, name))
			if err != nil || missing != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not the same (%v, %v)", name, err, missing)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
