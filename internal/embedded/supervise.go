package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/observatory/observatory/internal/latch"
)

const (
	startTimeout = 2 * time.Minute  // until an engine serves; recovery after a crash is part of it
	lockTimeout  = 30 * time.Second // until what is left of its predecessor is gone
	lockPause    = 20 * time.Millisecond
	shortPause   = 50 * time.Millisecond
	longPause    = 5 * time.Second
)

// program is what the supervisor needs to know about an engine.
type program struct {
	name     string
	lock     string                          // the file whose lock the process holds for as long as it lives
	command  func() (*command, error)        // a new command; it is run once
	ready    func(ctx context.Context) error // nil once it serves
	patience time.Duration                   // between asking it to end and killing it
}

// command is a process that is about to be started.
type command struct {
	*exec.Cmd
	start func() error // Cmd.Start, and what has to be done around it
	quit  func()       // asks the process for an orderly end
	close func()       // frees what was only needed while it ran
}

// Process is an engine in a child process. It is started again, on the same port and with the same password, whenever it
// ends unasked; clients see a gap.
type Process struct {
	program
	log    *slog.Logger
	pid    atomic.Int64
	served latch.Latch // when it answers for the first time
	stop   latch.Latch
	kill   latch.Latch
	done   chan struct{}
}

// supervise starts the program and returns once it serves. When it cannot be brought up, nothing is left running.
func supervise(ctx context.Context, log *slog.Logger, what program) (*Process, error) {
	p := &Process{
		program: what,
		log:     log.With("engine", what.name),
		served:  latch.New(),
		stop:    latch.New(),
		kill:    latch.New(),
		done:    make(chan struct{}),
	}
	failure := make(chan error, 1)
	go p.run(context.WithoutCancel(ctx), failure)
	select {
	case <-p.served.Done():
		return p, nil
	case err := <-failure:
		<-p.done
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("start %s: %w", p.name, ctx.Err())
	}
}

// PID is the process ID of the engine now; it changes when the engine is started again. 0 before the first start.
func (p *Process) PID() int { return int(p.pid.Load()) }

// Done is closed once the engine has ended for good, that is after Stop or Kill.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop ends the engine in an orderly way, or kills it when that takes longer than its patience or than ctx allows.
func (p *Process) Stop(ctx context.Context) {
	p.stop.Set()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.Kill()
	}
}

// Kill ends the engine as a crash would, and for good.
func (p *Process) Kill() {
	p.kill.Set()
	<-p.done
}

// run is the life of the engine. A first start that fails is reported in failure and not tried again.
//
// The thread is locked because Linux sends the parent-death signal when the thread that started a child ends, which, for
// the thread of a goroutine, can be long before the process does.
func (p *Process) run(ctx context.Context, failure chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)

	for pause := shortPause; ; pause = min(2*pause, longPause) {
		began := time.Now()
		err := p.once(ctx)
		if p.ending() {
			return
		}
		if !p.served.IsSet() {
			failure <- err
			return
		}
		if time.Since(began) > longPause {
			pause = shortPause
		}
		p.log.Error("engine ended unasked; starting it again", "pause", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-p.stop.Done():
		case <-p.kill.Done():
		}
	}
}

func (p *Process) ending() bool { return p.stop.IsSet() || p.kill.IsSet() }

// once runs the engine once and says how it ended.
func (p *Process) once(ctx context.Context) error {
	lock, err := p.waitForPredecessor()
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	cmd, err := p.command()
	if err != nil {
		return err
	}
	defer cmd.close()
	var complaints tail
	cmd.Stdout, cmd.Stderr = &complaints, &complaints
	cmd.WaitDelay = time.Second // what it forked may outlive it for a moment and hold its output open
	cmd.ExtraFiles = append(cmd.ExtraFiles, lock)
	err = cmd.start()
	_ = lock.Close() // the process has its own copy now
	if err != nil {
		return err
	}
	p.pid.Store(int64(cmd.Process.Pid))
	p.log.Debug("engine started", "pid", cmd.Process.Pid)

	exited, ready := make(chan error, 1), make(chan error, 1)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer cancel()
	helpers.Go(func() { exited <- cmd.Wait() })
	helpers.Go(func() { ready <- p.waitUntilReady(ctx) })
	for {
		select {
		case err := <-ready:
			if err != nil {
				_ = cmd.Process.Kill()
				return complaints.explain(errors.Join(err, <-exited))
			}
			if !p.served.IsSet() {
				p.served.Set()
			} else {
				p.log.Info("engine is back", "pid", cmd.Process.Pid)
			}
		case err := <-exited:
			return complaints.explain(err)
		case <-p.stop.Done():
			return p.end(cmd, exited)
		case <-p.kill.Done():
			_ = cmd.Process.Kill()
			return <-exited
		}
	}
}

// end asks the process for an orderly end, and kills it when that takes too long.
func (p *Process) end(cmd *command, exited <-chan error) error {
	cmd.quit()
	select {
	case err := <-exited:
		return err
	case <-p.kill.Done():
	case <-time.After(p.patience):
		p.log.Warn("engine does not end; killing it", "pid", cmd.Process.Pid)
	}
	_ = cmd.Process.Kill()
	return <-exited
}

// waitUntilReady returns nil once the engine serves, or an error when ctx ends first.
func (p *Process) waitUntilReady(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// waitForPredecessor returns the lock once no process of an earlier start holds it.
func (p *Process) waitForPredecessor() (*os.File, error) {
	deadline := time.Now().Add(lockTimeout)
	for {
		lock, err := tryLockFile(p.lock)
		if err == nil || !errors.Is(err, errLocked) {
			return lock, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("an earlier %s still runs: %w", p.name, err)
		}
		select {
		case <-p.stop.Done():
			return nil, err
		case <-p.kill.Done():
			return nil, err
		case <-time.After(lockPause):
		}
	}
}

// tail keeps the end of what an engine wrote to its standard output and error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if cut := len(t.text) - tailSize; cut > 0 {
		t.text = append(t.text[:0], t.text[cut:]...)
	}
	return len(p), nil
}

// explain adds the tail to err. A process that was not asked to end has failed even when it says that it succeeded.
func (t *tail) explain(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		err = errors.New("it ended without an error")
	}
	if text := strings.TrimSpace(string(t.text)); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}
