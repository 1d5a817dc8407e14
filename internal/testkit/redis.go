package testkit

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/observatory/observatory/internal/embedded"
)

// Redis returns the URL of a Redis of the kind that Observatory starts by itself, for this test alone.
func Redis(tb testing.TB) string {
	tb.Helper()
	server, err := embedded.StartRedis(embedded.RedisConfig{})
	if err != nil {
		tb.Fatalf("testkit: %v", err)
	}
	tb.Cleanup(server.Stop)
	return server.URL()
}

// RealRedis returns the URL of a redis-server, for this test alone. The test fails where the program is missing.
func RealRedis(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		tb.Fatal("testkit: redis-server is not installed (Debian: apt install redis-server)")
	}
	const password = "test"
	for range 10 {
		port := freePort(tb)
		var out strings.Builder
		// The shell ends the server when its input is closed, which happens at the latest when the test process ends.
		cmd := exec.Command("sh", "-c", `"$0" "$@" & read -r _; kill -9 $!; wait`, path, //nolint:noctx // ended below
			"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--requirepass", password,
			"--save", "", "--appendonly", "no", "--dir", tb.TempDir())
		cmd.Stdout, cmd.Stderr = &out, &out
		stdin, err := cmd.StdinPipe()
		if err != nil {
			tb.Fatalf("testkit: %v", err)
		}
		if err := cmd.Start(); err != nil {
			tb.Fatalf("testkit: %v", err)
		}
		end := func() { _, _ = stdin.Close(), cmd.Wait() }
		if answers(tb.Context(), port, password) {
			tb.Cleanup(end)
			return fmt.Sprintf("redis://:%s@127.0.0.1:%d/0", password, port)
		}
		end()
		tb.Logf("testkit: redis-server did not come up: %s", &out) // somebody took the port; try another
	}
	tb.Fatal("testkit: redis-server does not start")
	return ""
}

// answers waits for our redis-server: only ours knows the password.
func answers(ctx context.Context, port int, password string) bool {
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		if conn, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = conn.SetDeadline(deadline)
			reply := make([]byte, 3)
			_, _ = fmt.Fprintf(conn, "AUTH %s\r\n", password)
			_, err = conn.Read(reply)
			_ = conn.Close()
			return err == nil && string(reply) == "+OK"
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("testkit: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
