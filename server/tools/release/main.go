// Command release makes all that others get of Témoin, in a new folder: archives of
// the program, packages for Debian and for RPM, an image for containers, packages
// for npm, the Go module, a bill of materials of each program, and the sums of all that.
//
// ./build.sh release builds what the program embeds, and runs it. The same commit and the
// same Go give the same bytes: nothing tells when, where or by whom they were made.
//
// It is a module of its own, so that what it needs is no dependency of who embeds
// Témoin; and it imports nothing of Témoin's, so that its own stay as they are.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is what is made, and of what.
type release struct {
	dir        string // where it goes
	scratch    string // the programs, and what packages are made of; removed at the end
	version    string
	commit     string
	time       time.Time // of the commit: the one time that the files tell
	maintainer string
	targets    []target
	help       []command
}

// step makes one sort of file.
type step struct {
	name string
	make func(*release) error
}

var steps = []step{
	{"programs", (*release).compile},
	{"bills of materials", (*release).bills},
	{"archives", (*release).archives},
	{"packages for Debian and RPM", (*release).packages},
	{"image", (*release).image},
	{"packages for npm", (*release).npm},
	{"Go module", (*release).module},
	{"sums", (*release).sums},
}

func run(args []string, stdout, stderr io.Writer) error {
	var r release
	targets := strings.Join(allTargets, ",")
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&r.maintainer, "maintainer", "The maintainers of Témoin <temoin@temoin.example>", "`name` and address of who answers for the packages")
	flags.StringVar(&targets, "targets", targets, "`systems` to make programs for, with commas between")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("it takes one folder, which is new or empty: ./build.sh release DIR")
	}
	if err := r.prepare(flags.Arg(0), targets); err != nil {
		return err
	}
	defer os.RemoveAll(r.scratch)
	for _, step := range steps {
		fmt.Fprintln(stdout, "==", step.name)
		if err := step.make(&r); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return r.list(stdout)
}

// prepare makes the folder, and asks git and the program what they know.
func (r *release) prepare(dir, targets string) (err error) {
	if r.targets, err = parseTargets(targets); err != nil {
		return err
	}
	if r.commit, err = output("git", "rev-parse", "HEAD"); err != nil {
		return err
	}
	// What is not committed is nobody's version.
	if changed, err := output("git", "status", "--porcelain", "--untracked-files=no"); err != nil || changed != "" {
		return errors.Join(err, fmt.Errorf("a release is of a commit, and these files differ from it; commit them first:\n%s", changed))
	}
	at, err := output("git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return err
	}
	r.time = time.Unix(seconds, 0).UTC()
	if r.help, err = askProgram("bin/temoin"); err != nil {
		return err
	}
	if r.version, err = versionOf("bin/temoin"); err != nil {
		return err
	}
	if r.dir, err = newFolder(dir); err != nil {
		return err
	}
	r.scratch, err = os.MkdirTemp("", "temoin-release-")
	return err
}

// newFolder makes a folder that holds nothing yet, and returns its whole path.
func newFolder(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s holds files already, such as %s; name a new or empty folder", dir, entries[0].Name())
	}
	return filepath.Abs(dir)
}

// output runs a command and returns what it says, without the line's end.
func output(name string, args ...string) (string, error) {
	var stderr bytes.Buffer
	command := exec.Command(name, args...)
	command.Stderr = &stderr
	said, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(said)), nil
}

// write puts a file into the release.
func (r *release) write(name string, data []byte) error {
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// list says what there is, and how much it weighs.
func (r *release) list(out io.Writer) error {
	return fs.WalkDir(os.DirFS(r.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Fprintf(out, "%9d  %s\n", info.Size(), name)
		}
		return err
	})
}
