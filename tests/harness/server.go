package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/observatory/observatory/internal/testkit"
)

// Patience is how long the harness waits for anything before it fails a test. Machines that run many tests at once are slow.
const Patience = 2 * time.Minute

// Config of a server. The zero Config is a server that starts every engine by itself.
type Config struct {
	DataDir   string            // default: a folder of the test's own
	Engines   Engines           // those that are empty the server starts by itself
	Flags     []string          // of serve
	Env       map[string]string // in addition to the environment, of which no OBSERVATORY_ variable is kept
	Transport http.RoundTripper // what callers send through; default: one of the server's own
}

// Engines are URLs of engines that several servers may share.
type Engines struct{ ClickHouse, Postgres, Redis string }

// SharedEngines are databases of this test's own on the engines that the package shares. A server on them starts in a fraction of a second.
func SharedEngines(tb testing.TB) Engines {
	tb.Helper()
	return Engines{ClickHouse: testkit.ClickHouse(tb), Postgres: testkit.Postgres(tb), Redis: testkit.Redis(tb)}
}

// Server is one `observatory serve`. It keeps its address and its data over Stop, Kill and Start.
type Server struct {
	URL     string // http://127.0.0.1:PORT
	DataDir string
	Engines Engines // as in its Config
	Logs    *Logs

	binary    string
	addr      string
	flags     []string
	env       []string
	transport http.RoundTripper
	running   *process
}

// process is one run of the server.
type process struct {
	cmd    *exec.Cmd
	ready  chan struct{}
	exited chan struct{}
	err    error // why it exited; read it after exited is closed
}

// Folder is a folder of the test's own. Unlike TempDir it is patient when it is removed: an engine that was killed may write for a moment more.
func Folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "observatory-data-*")
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // PostgreSQL runs as another user where we are root
	}
	if err != nil {
		tb.Fatalf("harness: %v", err)
	}
	tb.Cleanup(func() { testkit.Eventually(tb, Patience, func() error { return os.RemoveAll(dir) }) })
	return dir
}

// Start starts a server and returns once it is ready. It is stopped at the end of the test, which shows its log when it failed.
func Start(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	s := &Server{DataDir: cfg.DataDir, Engines: cfg.Engines, Logs: &Logs{}, binary: Binary(tb), transport: cfg.Transport}
	if s.DataDir == "" {
		s.DataDir = Folder(tb)
	}
	if s.transport == nil {
		own := &http.Transport{MaxIdleConnsPerHost: 256}
		tb.Cleanup(own.CloseIdleConnections)
		s.transport = own
	}
	s.env = environment(tb, cfg)
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the log of the server at %s ends with:\n%s", s.URL, s.Logs.tail(100))
		}
	})
	tb.Cleanup(func() { s.end() })
	const tries = 5
	for try := range tries {
		port := freePort(tb)
		s.addr, s.URL = fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("http://127.0.0.1:%d", port)
		// Everybody who calls has an address of their own (see Caller), so that limits by address are met only where they are the subject.
		s.flags = append([]string{"serve", "--http-addr", s.addr, "--data-dir", s.DataDir, "--trusted-proxies", "127.0.0.1"}, cfg.Flags...)
		err := s.launch()
		if err == nil {
			return s
		}
		if try == tries-1 || !strings.Contains(s.Logs.tail(5), "address already in use") {
			tb.Fatalf("harness: %v", err)
		}
	}
	return nil
}

// Start starts the server again, where it was and with what it had. It returns once the server is ready.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.launch(); err != nil {
		tb.Fatalf("harness: %v", err)
	}
}

// Begin starts the server again and does not wait until it is ready.
func (s *Server) Begin(tb testing.TB) {
	tb.Helper()
	if err := s.begin(); err != nil {
		tb.Fatalf("harness: %v", err)
	}
}

// Signal sends the server a signal, and does not wait for what comes of it.
func (s *Server) Signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := s.running.cmd.Process.Signal(signal); err != nil {
		tb.Fatalf("harness: %v", err)
	}
}

// Wait waits for the end of the server and returns its exit status.
func (s *Server) Wait(tb testing.TB, within time.Duration) (status int) {
	tb.Helper()
	p := s.running
	select {
	case <-p.exited:
	case <-time.After(within):
		s.end()
		tb.Fatalf("harness: the server did not end within %s", within)
	}
	s.running = nil
	return p.cmd.ProcessState.ExitCode()
}

// Stop asks the server for an orderly end (SIGTERM), waits for it, and fails the test if it was not orderly.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	p := s.running
	if p == nil {
		tb.Fatal("harness: the server does not run")
	}
	s.Terminate(tb)
	select {
	case <-p.exited:
	case <-time.After(Patience):
		s.end()
		tb.Fatalf("harness: the server did not end within %s of SIGTERM", Patience)
	}
	s.running = nil
	if p.err != nil {
		tb.Errorf("harness: the server ended with an error: %v", p.err)
	}
}

// Terminate asks the server for an orderly end and does not wait for it.
func (s *Server) Terminate(tb testing.TB) {
	tb.Helper()
	s.Signal(tb, syscall.SIGTERM)
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	if s.running == nil {
		tb.Fatal("harness: the server does not run")
	}
	s.end()
}

// Exited is closed when the run that is under way has ended.
func (s *Server) Exited() <-chan struct{} { return s.running.exited }

// PID is the server's process ID.
func (s *Server) PID() int { return s.running.cmd.Process.Pid }

// Run runs another command of the program on the server's data and engines, and returns what it wrote and its exit status.
func (s *Server) Run(tb testing.TB, args ...string) (output string, status int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, append(args, "--data-dir", s.DataDir)...)
	cmd.Env = s.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("harness: run %v: %v", args, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (s *Server) begin() error {
	p := &process{cmd: exec.Command(s.binary, s.flags...), ready: make(chan struct{}), exited: make(chan struct{})} //nolint:noctx // ended by end
	p.cmd.Env = s.env
	p.cmd.Stdout = &readyWriter{Writer: s.Logs, ready: func() { close(p.ready) }}
	p.cmd.Stderr = s.Logs
	p.cmd.SysProcAttr = dieWithParent()
	p.cmd.WaitDelay = 5 * time.Second // an engine that outlives its server for a moment holds the output open
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return err
	}
	s.running = p
	return nil
}

func (s *Server) launch() error {
	if err := s.begin(); err != nil {
		return err
	}
	p := s.running
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		return fmt.Errorf("the server ended before it was ready: %w", p.err)
	case <-time.After(Patience):
		s.end()
		return fmt.Errorf("the server was not ready within %s", Patience)
	}
}

// run starts the process and waits for its end. Linux sends the parent-death signal when the thread that started a child ends,
// so the thread must live as long as the child.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
	close(p.exited)
}

func (s *Server) end() {
	if s.running != nil {
		_ = s.running.cmd.Process.Kill() // it may have ended already
		<-s.running.exited
		s.running = nil
	}
}

func environment(tb testing.TB, cfg Config) []string {
	tb.Helper()
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OBSERVATORY_") })
	ours := map[string]string{
		"RUNTIME_DIR": testkit.RuntimeDir(tb), "CLICKHOUSE_URL": cfg.Engines.ClickHouse,
		"POSTGRES_URL": cfg.Engines.Postgres, "REDIS_URL": cfg.Engines.Redis,
	}
	for name, value := range ours {
		env = append(env, "OBSERVATORY_"+name+"="+value)
	}
	for name, value := range maps.All(cfg.Env) {
		env = append(env, name+"="+value)
	}
	return env
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("harness: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
