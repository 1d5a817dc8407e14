package embedded

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/creack/pty"
)

// ClickHouseConfig says how to run a ClickHouse. RuntimeDir and DataDir are required.
type ClickHouseConfig struct {
	RuntimeDir  string       // holds node_modules with the engines
	DataDir     string       // the server's own folder, made if it is not there
	Logger      *slog.Logger // may be nil
	MemoryLimit int64        // bytes for the whole server; 0 means 2 GiB. Never more than half the machine's memory
	TimeZone    string       // IANA name of the server's time zone; "" means UTC
	Port        int          // of the native protocol; 0 means a random free one
	Password    string       // hex digits; "" means a random one, new at every start
}

// ClickHouse is a running server.
type ClickHouse struct {
	*Process
	port, httpPort int
	password       string
}

const (
	clickHouseUser     = "observatory"
	clickHouseDatabase = "default"
)

// StartClickHouse starts a server and returns once it answers, with the database "default". ctx bounds the start only.
// It fails with ErrEngineMissing when the package is not in the runtime folder.
func StartClickHouse(ctx context.Context, c ClickHouseConfig) (*ClickHouse, error) {
	library, err := clickHouseLibrary(c.RuntimeDir)
	if err != nil {
		return nil, err
	}
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		return nil, fmt.Errorf("resolve the data folder: %w", err)
	}
	if c.MemoryLimit == 0 {
		c.MemoryLimit = 2 << 30
	}
	if c.TimeZone == "" {
		c.TimeZone = "UTC"
	}
	if c.Password == "" {
		c.Password = newPassword()
	}
	if err := writeClickHouseConfig(c); err != nil {
		return nil, err
	}
	ch := &ClickHouse{password: c.Password}
	if err := withPorts(func() error { return ch.start(ctx, c, library) }); err != nil {
		return nil, err
	}
	return ch, nil
}

func (ch *ClickHouse) start(ctx context.Context, c ClickHouseConfig, library string) (err error) {
	if ch.port, err = portOr(c.Port); err != nil {
		return err
	}
	if ch.httpPort, err = freePort(0); err != nil {
		return err
	}
	exe, err := self()
	if err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	args := []string{
		clickHouseArg, library,
		"--path=" + filepath.Join(c.DataDir, "data"),
		"--config-file=" + filepath.Join(c.DataDir, "config.xml"),
		"--log-level=warning",
		"--listen_host=127.0.0.1",
		fmt.Sprintf("--tcp_port=%d", ch.port),
		fmt.Sprintf("--http_port=%d", ch.httpPort),
		"--interactive", "--disable_suggestion", "--history_file=/dev/null",
		"--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP",
	}
	ch.Process, err = supervise(ctx, orDiscard(c.Logger), program{
		name: "clickhouse",
		lock: filepath.Join(c.DataDir, "lock"),
		command: func() (*command, error) {
			if err := errors.Join(checkFree(ch.port), checkFree(ch.httpPort)); err != nil {
				return nil, err // it would start, and be deaf
			}
			cmd := exec.Command(exe, args...) //nolint:noctx // ended by the supervisor
			cmd.Args[0] = os.Args[0]          // exe need not be a name that says anything
			cmd.Dir = c.DataDir
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TZ=" + c.TimeZone, "TERM=dumb"}
			detach(cmd, syscall.SIGTERM)
			return withTerminal(cmd)
		},
		ready:    ch.answers,
		patience: 10 * time.Second,
	})
	return err
}

// withTerminal gives a ClickHouse a terminal as its standard input. It opens the ports and then waits at its prompt for
// somebody to type, until the other side of the terminal is closed, which happens at the latest when we end.
//
// Without a terminal ClickHouse believes that it runs a script, and aborts on the first error in any thread, which
// includes every client that has a wrong password or hangs up while it says hello.
func withTerminal(cmd *exec.Cmd) (*command, error) {
	ours, its, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a terminal for ClickHouse: %w", err)
	}
	cmd.Stdin = its
	return &command{
		Cmd: cmd,
		start: func() error {
			defer func() { _ = its.Close() }()
			return cmd.Start()
		},
		quit:  func() { _ = ours.Close() },
		close: func() { _ = ours.Close() },
	}, nil
}

// URL is what clients of the native protocol connect to.
func (ch *ClickHouse) URL() string {
	return (&url.URL{
		Scheme: "clickhouse", User: url.UserPassword(clickHouseUser, ch.password),
		Host: loopback(ch.port), Path: "/" + clickHouseDatabase,
	}).String()
}

// Port is the port of the native protocol on loopback.
func (ch *ClickHouse) Port() int { return ch.port }

// HTTPAddr is the host and port of the HTTP interface. User and password are those of URL.
func (ch *ClickHouse) HTTPAddr() string { return loopback(ch.httpPort) }

// answers asks over HTTP, which is opened last. Only our own server knows the password.
func (ch *ClickHouse) answers(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ch.HTTPAddr()+"/?query=SELECT+1", http.NoBody)
	if err != nil {
		return err
	}
	req.SetBasicAuth(clickHouseUser, ch.password)
	req.Close = true
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("clickhouse answers %s", resp.Status)
	}
	return nil
}

//go:embed clickhouse.xml
var clickHouseConfig string

//go:embed clickhouse_users.xml
var clickHouseUsers string

func writeClickHouseConfig(c ClickHouseConfig) error {
	if err := os.MkdirAll(filepath.Join(c.DataDir, "log"), 0o700); err != nil {
		return fmt.Errorf("make ClickHouse's data folder: %w", err)
	}
	values := map[string]any{
		"Dir":              xmlText(c.DataDir),
		"MemoryLimit":      c.MemoryLimit,
		"QueryMemoryLimit": c.MemoryLimit / 2,
		"Password":         xmlText(c.Password),
	}
	for name, text := range map[string]string{"config.xml": clickHouseConfig, "users.xml": clickHouseUsers} {
		var out strings.Builder
		if err := template.Must(template.New(name).Parse(text)).Execute(&out, values); err != nil {
			return fmt.Errorf("write ClickHouse's %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(c.DataDir, name), []byte(out.String()), 0o600); err != nil {
			return fmt.Errorf("write ClickHouse's %s: %w", name, err)
		}
	}
	return nil
}

// xmlText escapes a path for the inside of an XML element.
func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
