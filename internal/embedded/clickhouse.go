package embedded

import (
	"context"
	_ "embed"
	"fmt"
	"io"
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
	*supervisor
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
	ch := &ClickHouse{password: c.Password}
	if ch.password == "" {
		ch.password = newPassword()
	}
	if ch.port, err = freePort(c.Port); err != nil {
		return nil, err
	}
	if ch.httpPort, err = freePort(0); err != nil {
		return nil, err
	}
	if err := writeClickHouseConfig(c, ch.password); err != nil {
		return nil, err
	}
	exe, err := self()
	if err != nil {
		return nil, fmt.Errorf("find the running program: %w", err)
	}
	ch.supervisor, err = supervise(ctx, orDiscard(c.Logger), program{
		name: "clickhouse",
		lock: filepath.Join(c.DataDir, "lock"),
		command: func() (*exec.Cmd, error) {
			cmd := exec.Command(exe, clickHouseArg, library, //nolint:noctx // ended by the supervisor
				"--path="+filepath.Join(c.DataDir, "data"),
				"--config-file="+filepath.Join(c.DataDir, "config.xml"),
				"--log-level=warning",
				"--listen_host=127.0.0.1",
				fmt.Sprintf("--tcp_port=%d", ch.port),
				fmt.Sprintf("--http_port=%d", ch.httpPort),
				// The last query reads until the standard input is closed, which happens at the latest when the parent ends.
				"--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; SELECT * FROM file('/dev/stdin', 'TSV', 'line String') FORMAT Null")
			cmd.Dir = c.DataDir
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TZ=" + c.TimeZone}
			detach(cmd, syscall.SIGTERM)
			return cmd, nil
		},
		ready:    ch.answers,
		quit:     func(_ *os.Process, stdin io.Closer) { _ = stdin.Close() },
		patience: 10 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	return ch, nil
}

// URL is what clients of the native protocol connect to.
func (ch *ClickHouse) URL() string {
	return (&url.URL{
		Scheme: "clickhouse", User: url.UserPassword(clickHouseUser, ch.password),
		Host: loopback(ch.port), Path: "/" + clickHouseDatabase,
	}).String()
}

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
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("clickhouse answers %s", resp.Status)
	}
	return nil
}

//go:embed clickhouse.xml
var clickHouseConfig string

//go:embed clickhouse_users.xml
var clickHouseUsers string

func writeClickHouseConfig(c ClickHouseConfig, password string) error {
	if err := os.MkdirAll(filepath.Join(c.DataDir, "log"), 0o700); err != nil {
		return fmt.Errorf("make ClickHouse's data folder: %w", err)
	}
	values := map[string]any{
		"Dir":              xmlText(c.DataDir),
		"MemoryLimit":      c.MemoryLimit,
		"QueryMemoryLimit": c.MemoryLimit / 2,
		"Password":         xmlText(password),
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
