package audit

import (
	"os/exec"
	"time"
)

// process is a browser's program.
type process struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has ended
}

func startProcess(command *exec.Cmd) (*process, error) {
	command.WaitDelay = time.Second
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command, make(chan struct{})}
	go func() {
		command.Wait() // a killed browser is no error
		close(p.ended)
	}()
	return p, nil
}

// await waits until it has ended by itself, no longer than ten seconds.
func (p *process) await() {
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
	}
}

// kill ends it at once.
func (p *process) kill() {
	p.command.Process.Kill() // it may have ended by itself
	<-p.ended
}
