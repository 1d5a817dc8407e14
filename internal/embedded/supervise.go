package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	startTimeout = 60 * time.Second // until an engine serves; recovery after a crash is part of it
	lockTimeout  = 30 * time.Second // until what is left of its predecessor is gone
	shortPause   = 50 * time.Millisecond
	longPause    = 5 * time.Second
)

// program is what the supervisor needs to know about an engine.
type program struct {
	name     string
	lock     string                               // the file whose lock the process holds for as long as it lives
	command  func() (*exec.Cmd, error)            // a new command; its ExtraFiles are closed once it is started
	ready    func(ctx context.Context) error      // nil once it serves
	quit     func(p *os.Process, stdin io.Closer) // asks for an orderly end
	patience time.Duration                        // between asking and killing
}

// supervisor keeps one engine alive: it starts it, starts it again whenever it ends unasked, and ends it on request.
type supervisor struct {
	program
	log  *slog.Logger
	pid  atomic.Int64
	up   atomic.Bool // it has served at least once
	stop chan struct{}
	kill chan struct{}
	done chan struct{}

	stopOnce, killOnce sync.Once
}

// supervise starts the program and returns once it serves. When it cannot be brought up, nothing is left running.
func supervise(ctx context.Context, log *slog.Logger, p program) (*supervisor, error) {
	s := &supervisor{
		program: p,
		log:     log.With("engine", p.name),
		stop:    make(chan struct{}),
		kill:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	failed := make(chan error, 1)
	go s.run(failed)

	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-failed:
			<-s.done
			return nil, fmt.Errorf("start %s: %w", p.name, err)
		case <-ctx.Done():
			s.Kill()
			return nil, fmt.Errorf("start %s: it does not answer: %w", p.name, ctx.Err())
		case <-tick.C:
			if p.ready(ctx) == nil {
				s.up.Store(true)
				return s, nil
			}
		}
	}
}

// PID is the process ID of the engine now; it changes when the engine is started again. 0 before the first start.
func (s *supervisor) PID() int { return int(s.pid.Load()) }

// Done is closed once the engine has ended for good, that is after Stop or Kill.
func (s *supervisor) Done() <-chan struct{} { return s.done }

// Stop ends the engine in an orderly way, or kills it when that takes longer than its patience or than ctx allows.
func (s *supervisor) Stop(ctx context.Context) {
	s.stopOnce.Do(func() { close(s.stop) })
	select {
	case <-s.done:
	case <-ctx.Done():
		s.Kill()
	}
}

// Kill ends the engine as a crash would, and for good.
func (s *supervisor) Kill() {
	s.killOnce.Do(func() { close(s.kill) })
	<-s.done
}

// run is the life of the engine. An engine that ends before it ever served is reported in failed and not tried again.
//
// The thread is locked because Linux sends the parent-death signal when the thread that started a child ends, which, for
// the thread of a goroutine, can be long before the process does.
func (s *supervisor) run(failed chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.done)

	for pause := shortPause; ; pause = min(2*pause, longPause) {
		began := time.Now()
		err := s.once()
		if s.ending() {
			return
		}
		if !s.up.Load() {
			failed <- err
			return
		}
		if time.Since(began) > longPause {
			pause = shortPause
		}
		s.log.Error("engine ended unasked; starting it again", "pause", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-s.stop:
		case <-s.kill:
		}
	}
}

func (s *supervisor) ending() bool {
	select {
	case <-s.stop:
		return true
	case <-s.kill:
		return true
	default:
		return false
	}
}

// once runs the engine once and says how it ended.
func (s *supervisor) once() error {
	lock, err := s.waitForPredecessor()
	if err != nil {
		return err
	}
	cmd, err := s.command()
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, lock)
	defer closeFiles(cmd)
	var complaints tail
	cmd.Stdout, cmd.Stderr = &complaints, &complaints
	cmd.WaitDelay = time.Second // what it forked may outlive it for a moment and hold the pipes open
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	err = cmd.Start()
	closeFiles(cmd) // the process has its own copies, of the lock as well
	if err != nil {
		return err
	}
	s.pid.Store(int64(cmd.Process.Pid))
	s.log.Debug("engine started", "pid", cmd.Process.Pid)

	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case err = <-exited:
		return complaints.explain(err)
	case <-s.kill:
	case <-s.stop:
		s.quit(cmd.Process, stdin)
		select {
		case err = <-exited:
			return err
		case <-s.kill:
		case <-time.After(s.patience):
			s.log.Warn("engine does not end; killing it", "pid", cmd.Process.Pid)
		}
	}
	_ = cmd.Process.Kill()
	return <-exited
}

// closeFiles closes what a command hands to its process; closing twice does no harm.
func closeFiles(cmd *exec.Cmd) {
	for _, f := range cmd.ExtraFiles {
		_ = f.Close()
	}
}

// waitForPredecessor returns the lock once no process of an earlier start holds it.
func (s *supervisor) waitForPredecessor() (*os.File, error) {
	deadline := time.Now().Add(lockTimeout)
	for {
		lock, err := tryLockFile(s.lock)
		if err == nil || !errors.Is(err, errLocked) {
			return lock, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("an earlier %s still runs: %w", s.name, err)
		}
		select {
		case <-s.stop:
			return nil, err
		case <-s.kill:
			return nil, err
		case <-time.After(20 * time.Millisecond):
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
