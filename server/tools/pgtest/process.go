//go:build linux

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// process is a program that ends with the test's own, whatever that dies of.
type process struct {
	system *os.Process
	ended  chan struct{} // closed when it has ended
}

// start starts a program; last is the signal that it is sent where the test's
// process dies.
func start(command *exec.Cmd, user *syscall.Credential, last syscall.Signal) (*process, error) {
	command.SysProcAttr = &syscall.SysProcAttr{Credential: user, Pdeathsig: last}
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(p.ended)
		// The kernel sends Pdeathsig when this thread ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		p.system = command.Process
		started <- err
		if err == nil {
			command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// end sends the program a signal that ends it, and waits until it has. It is of
// no effect on none.
func (p *process) end(signal os.Signal) {
	if p != nil {
		p.system.Signal(signal)
		<-p.ended
	}
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

// newFolder makes a temporary folder that belongs to user.
func newFolder(user *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("", "temoin-postgres-")
	if err == nil && user != nil {
		err = os.Chown(dir, int(user.Uid), int(user.Gid))
	}
	return dir, err
}
