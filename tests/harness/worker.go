package harness

import (
	"os/exec"
	"testing"
	"time"
)

// Worker is an `observatory worker` on a server's data and engines.
type Worker struct {
	server  *Server
	flags   []string
	running *process
}

// Worker starts a worker and returns once it is ready. Its log goes into the server's. It is killed at the end of the test.
func (s *Server) Worker(tb testing.TB, flags ...string) *Worker {
	tb.Helper()
	w := &Worker{server: s, flags: append([]string{"worker", "--data-dir", s.DataDir}, flags...)}
	tb.Cleanup(func() { w.end() })
	w.Start(tb)
	return w
}

// Start starts the worker again.
func (w *Worker) Start(tb testing.TB) {
	tb.Helper()
	p := &process{cmd: exec.Command(w.server.binary, w.flags...), ready: make(chan struct{}), exited: make(chan struct{})} //nolint:noctx // ended by end
	p.cmd.Env = w.server.env
	p.cmd.Stdout = &readyWriter{Writer: w.server.Logs, ready: func() { close(p.ready) }}
	p.cmd.Stderr = w.server.Logs
	p.cmd.SysProcAttr = dieWithParent()
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		tb.Fatalf("harness: %v", err)
	}
	w.running = p
	select {
	case <-p.ready:
	case <-p.exited:
		tb.Fatalf("harness: the worker ended before it was ready: %v", p.err)
	case <-time.After(Patience):
		tb.Fatalf("harness: the worker was not ready within %s", Patience)
	}
}

// Kill ends the worker as a power cut would.
func (w *Worker) Kill(tb testing.TB) {
	tb.Helper()
	w.end()
}

func (w *Worker) end() {
	if w.running != nil {
		_ = w.running.cmd.Process.Kill() // it may have ended already
		<-w.running.exited
		w.running = nil
	}
}
