package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/observatory/observatory/internal/embedded"
)

// server is the process that is measured.
type server struct {
	addr    string
	dataDir string
	key     string
	session *http.Cookie // the owner
	urls    embedded.URLs
	cmd     *exec.Cmd
	log     *os.File
}

func start(ctx context.Context, binary string) (*server, error) {
	dir, err := os.MkdirTemp("", "observatory-bench-")
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{addr: listener.Addr().String(), dataDir: filepath.Join(dir, "data")}
	if err := listener.Close(); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(filepath.Join(dir, "server.log")); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, binary, "serve", "--http-addr", s.addr, "--data-dir", s.dataDir, "--rate-per-key", "0")
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, fmt.Errorf("the server did not start, see %s: %w", s.log.Name(), err)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // ends with the server
	if s.urls, err = embedded.Discover(s.dataDir); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	if s.key, err = s.signUp(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) signUp(ctx context.Context) (string, error) {
	body := []byte(`{"email":"bench@example.com","password":"a long enough password","organization":"Bench"}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/v1/signup", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	for _, c := range res.Cookies() {
		s.session = c
	}
	var made struct {
		Keys struct {
			Secret string `json:"secret"`
		} `json:"api_keys"`
	}
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil {
		return "", err
	}
	return made.Keys.Secret, nil
}

func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	_ = s.cmd.Wait()
	return errors.Join(s.log.Close(), os.RemoveAll(filepath.Dir(s.dataDir)))
}

// clickhouse is the process ID of the ClickHouse child.
func (s *server) clickhouse() (int, error) {
	children, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, entry := range children {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		command, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err == nil && pid != s.cmd.Process.Pid && bytes.Contains(command, []byte("__clickhouse")) && bytes.Contains(command, []byte(s.dataDir)) {
			return pid, nil
		}
		if parent, _ := parentOf(pid); err == nil && parent == s.cmd.Process.Pid && bytes.Contains(command, []byte("clickhouse")) {
			return pid, nil
		}
	}
	return 0, errors.New("there is no ClickHouse child")
}

// stat is the fields of /proc/PID/stat behind the command's name.
func stat(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])), nil
}

func parentOf(pid int) (int, error) {
	f, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(f[1])
}

// cpu is the processor time that a process has used so far.
func cpu(pid int) (time.Duration, error) {
	f, err := stat(pid)
	if err != nil {
		return 0, err
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	user, err := strconv.Atoi(f[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(f[12])
	return time.Duration(user+system) * tick, err
}

// usage is processor time of all that take part.
type usage struct{ server, clickhouse, self time.Duration }

func (s *server) usage() (u usage, err error) {
	child, err := s.clickhouse()
	if err != nil {
		return u, err
	}
	if u.server, err = cpu(s.cmd.Process.Pid); err != nil {
		return u, err
	}
	if u.clickhouse, err = cpu(child); err != nil {
		return u, err
	}
	u.self, err = cpu(os.Getpid())
	return u, err
}

// peakMemory is the largest resident size of the server process so far, in bytes.
func (s *server) peakMemory() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024, err
		}
	}
	return 0, errors.New("the kernel does not tell VmHWM")
}
