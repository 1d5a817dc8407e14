package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresConfig says how to run a PostgreSQL. RuntimeDir and DataDir are required.
type PostgresConfig struct {
	RuntimeDir string            // holds node_modules with the engines
	DataDir    string            // the server's own folder, made if it is not there
	Logger     *slog.Logger      // may be nil
	Settings   map[string]string // server settings on top of ours, for example "timezone"
}

// Postgres is a running server.
type Postgres struct {
	*Process
	cluster cluster
}

// cluster is what has to be remembered of a cluster between starts. It is written once the cluster is complete, so that
// a first start that was cut short is begun again.
type cluster struct {
	Port         int    `json:"port"` // where it was last; taken again if it is free
	Password     string `json:"password"`
	RootPassword string `json:"root_password"`
}

// Observatory works as an ordinary user who owns its database and may make roles and databases, as on a server that
// somebody else runs; the superuser is only for people.
const (
	postgresRoot     = "postgres"
	postgresUser     = "observatory"
	postgresDatabase = "observatory"
)

// postgresSettings are the server's settings; PostgresConfig.Settings win over them.
var postgresSettings = map[string]string{ //nolint:gochecknoglobals // a constant table
	"listen_addresses":         "127.0.0.1",
	"unix_socket_directories":  "",
	"max_connections":          "100",
	"shared_buffers":           "64MB",
	"max_wal_size":             "512MB",
	"password_encryption":      "scram-sha-256",
	"timezone":                 "UTC",
	"log_timezone":             "UTC",
	"logging_collector":        "on", // into data/log, one file a weekday
	"log_filename":             "postgresql-%a.log",
	"log_rotation_age":         "1d",
	"log_rotation_size":        "0",
	"log_truncate_on_rotation": "on",
}

// StartPostgres starts a server, making its cluster on the first start, and returns once it answers. ctx bounds the
// start only. It fails with ErrEngineMissing when the package is not in the runtime folder.
//
// PostgreSQL refuses to run as root; as root, it is run as an unprivileged user, who owns the cluster.
func StartPostgres(ctx context.Context, c PostgresConfig) (*Postgres, error) {
	home, err := postgresHome(c.RuntimeDir)
	if err != nil {
		return nil, err
	}
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		return nil, fmt.Errorf("resolve the data folder: %w", err)
	}
	if err := os.MkdirAll(c.DataDir, 0o711); err != nil { // nobody, if that is who runs it, has to pass through
		return nil, fmt.Errorf("make PostgreSQL's data folder: %w", err)
	}
	user, err := newServerUser(home, c.DataDir)
	if err != nil {
		return nil, err
	}
	pg := &Postgres{}
	known, err := pg.cluster.load(c.DataDir)
	if err != nil {
		return nil, err
	}
	if err := endPredecessor(ctx, c.DataDir); err != nil {
		return nil, err
	}
	if !known {
		if err := initdb(ctx, user, pg.cluster.RootPassword, c.Settings["fsync"] != "off"); err != nil {
			return nil, err
		}
	}
	if err := withPorts(func() error { return pg.start(ctx, c, user) }); err != nil {
		return nil, err
	}
	if !known {
		err = pg.createUserAndDatabase(ctx)
	}
	if err == nil {
		err = pg.cluster.save(c.DataDir)
	}
	if err != nil {
		pg.Stop(ctx)
		return nil, err
	}
	return pg, nil
}

func (pg *Postgres) start(ctx context.Context, c PostgresConfig, user serverUser) (err error) {
	if pg.cluster.Port, err = freePort(pg.cluster.Port); err != nil {
		return err
	}
	settings := maps.Clone(postgresSettings)
	maps.Copy(settings, c.Settings)
	settings["port"] = strconv.Itoa(pg.cluster.Port)
	args := []string{"-D", "."}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	pg.Process, err = supervise(ctx, orDiscard(c.Logger), program{
		name: "postgres",
		lock: filepath.Join(c.DataDir, "lock"),
		command: func() (*command, error) {
			cmd := user.command("postgres", args...)
			return &command{
				Cmd:   cmd,
				start: func() error { return user.start(cmd) },
				quit:  func() { _ = cmd.Process.Signal(syscall.SIGINT) }, // fast shutdown: ends connections, writes everything down
				close: func() {},
			}, nil
		},
		ready:    func(ctx context.Context) error { return ping(ctx, pg.rootURL()) },
		patience: 20 * time.Second,
	})
	return err
}

// URL is what clients connect to. Its user owns its database, and may make roles and databases.
func (pg *Postgres) URL() string { return pg.url(postgresUser, pg.cluster.Password, postgresDatabase) }

func (pg *Postgres) rootURL() string {
	return pg.url(postgresRoot, pg.cluster.RootPassword, postgresRoot)
}

func (pg *Postgres) url(user, password, database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password),
		Host: loopback(pg.cluster.Port), Path: "/" + database, RawQuery: "sslmode=disable",
	}).String()
}

func ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (pg *Postgres) createUserAndDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, pg.rootURL())
	if err != nil {
		return fmt.Errorf("connect to the new cluster: %w", err)
	}
	_, err = conn.Exec(ctx, "CREATE ROLE "+postgresUser+" LOGIN CREATEROLE CREATEDB PASSWORD '"+pg.cluster.Password+"'")
	if err == nil {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+postgresDatabase+" OWNER "+postgresUser)
	}
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return nil
}

// initdb makes a new cluster in DIR/data, in place of what an interrupted attempt left there, and, with sync, waits until
// the disk has it.
func initdb(ctx context.Context, user serverUser, password string, sync bool) error {
	data := filepath.Join(user.dir, "data")
	secret := filepath.Join(user.dir, "initdb-password")
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("clear an unfinished cluster: %w", err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return fmt.Errorf("make a folder for the cluster: %w", err)
	}
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("hand a password to initdb: %w", err)
	}
	defer func() { _ = os.Remove(secret) }()
	if err := errors.Join(user.own(data), user.own(secret)); err != nil {
		return err
	}
	args := []string{
		"--pgdata=.", "--username=" + postgresRoot, "--pwfile=" + secret, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums",
	}
	if !sync {
		args = append(args, "--no-sync")
	}
	cmd := user.command("initdb", args...)
	var out tail
	cmd.Stdout, cmd.Stderr = &out, &out
	err := user.start(cmd)
	if err == nil {
		defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
		err = cmd.Wait()
	}
	if ctx.Err() != nil {
		return fmt.Errorf("make a PostgreSQL cluster: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("make a PostgreSQL cluster: %w", out.explain(err))
	}
	return nil
}

// endPredecessor ends a server that outlived its parent, and waits until nothing of it is left.
func endPredecessor(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	for asked := false; ; asked = true {
		lock, err := tryLockFile(filepath.Join(dir, "lock"))
		if err == nil {
			return lock.Close()
		}
		if !errors.Is(err, errLocked) {
			return err
		}
		if pid := postmasterPID(dir); pid > 1 && !asked { // with the lock taken, the file cannot name a stranger
			_ = syscall.Kill(pid, syscall.SIGINT)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier PostgreSQL still runs on %s: %w", dir, err)
		case <-time.After(lockPause):
		}
	}
}

// postmasterPID is the process that a cluster says it is served by, 0 when it says none.
func postmasterPID(dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(line)
	return pid
}

func (c *cluster) load(dir string) (known bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if errors.Is(err, fs.ErrNotExist) {
		*c = cluster{Password: newPassword(), RootPassword: newPassword()}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the cluster's passwords: %w", err)
	}
	if err := json.Unmarshal(text, c); err != nil {
		return false, fmt.Errorf("read the cluster's passwords: %w", err)
	}
	return true, nil
}

func (c *cluster) save(dir string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("remember the cluster's passwords: %w", err)
	}
	return writeFile(filepath.Join(dir, "cluster.json"), text)
}

// writeFile replaces a file in one step and makes it readable for its owner only.
func writeFile(path string, text []byte) error {
	next := path + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
