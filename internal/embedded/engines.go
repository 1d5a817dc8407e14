package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/internal/fault"
)

// Config says which engines to start, and where.
type Config struct {
	RuntimeDir string       // "" means to look for it, see FindRuntime
	DataDir    string       // made if it is not there
	Logger     *slog.Logger // may be nil
	Configured URLs         // of servers that the operator runs; the others are started
}

// URLs are where the engines are reached. They hold passwords.
type URLs struct {
	ClickHouse string `json:"clickhouse,omitempty"`
	Postgres   string `json:"postgres,omitempty"`
	Redis      string `json:"redis,omitempty"`
}

// or fills what is empty in u from other.
func (u URLs) or(other URLs) URLs {
	pick := func(a, b string) string {
		if a != "" {
			return a
		}
		return b
	}
	return URLs{
		ClickHouse: pick(u.ClickHouse, other.ClickHouse),
		Postgres:   pick(u.Postgres, other.Postgres),
		Redis:      pick(u.Redis, other.Redis),
	}
}

// Engines are the engines of one data folder, and the right to it.
type Engines struct {
	ClickHouse *ClickHouse // nil when the operator runs one; so are the others
	Postgres   *Postgres
	Redis      *Redis

	configured URLs
	note       string // path of the file that Discover reads
	lock       *os.File
}

// StartAll takes the data folder for this process and starts the engines that are not configured, at the same time.
// ctx bounds the start only. It fails with ErrDataDirInUse when another process has the folder, and with
// ErrEngineMissing when an engine is not installed; nothing is left running then.
func StartAll(ctx context.Context, c Config) (*Engines, error) {
	run := filepath.Join(c.DataDir, "run")
	if err := os.MkdirAll(run, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := takeDataDir(c.DataDir)
	if err != nil {
		return nil, err
	}
	if c.RuntimeDir == "" {
		c.RuntimeDir = FindRuntime()
	}
	e := &Engines{configured: c.Configured, note: filepath.Join(run, "engines.json"), lock: lock}
	if err := e.start(ctx, c); err != nil {
		e.Stop(ctx)
		return nil, err
	}
	return e, nil
}

func (e *Engines) start(ctx context.Context, c Config) error {
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	if c.Configured.ClickHouse == "" {
		group.Go(func() (err error) {
			e.ClickHouse, err = StartClickHouse(ctx, ClickHouseConfig{
				RuntimeDir: c.RuntimeDir, DataDir: filepath.Join(c.DataDir, "clickhouse"), Logger: c.Logger,
			})
			return err
		})
	}
	if c.Configured.Postgres == "" {
		group.Go(func() (err error) {
			e.Postgres, err = StartPostgres(ctx, PostgresConfig{
				RuntimeDir: c.RuntimeDir, DataDir: filepath.Join(c.DataDir, "postgres"), Logger: c.Logger,
			})
			return err
		})
	}
	if c.Configured.Redis == "" {
		group.Go(func() (err error) {
			e.Redis, err = StartRedis(RedisConfig{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	orDiscard(c.Logger).Info("engines are up", "took", time.Since(began).Round(time.Millisecond))
	text, err := json.Marshal(e.started())
	if err != nil {
		return fmt.Errorf("note where the engines are: %w", err)
	}
	return writeFile(e.note, text)
}

// URLs are where to reach every engine, the configured ones included.
func (e *Engines) URLs() URLs { return e.configured.or(e.started()) }

func (e *Engines) started() URLs {
	var u URLs
	if e.ClickHouse != nil {
		u.ClickHouse = e.ClickHouse.URL()
	}
	if e.Postgres != nil {
		u.Postgres = e.Postgres.URL()
	}
	if e.Redis != nil {
		u.Redis = e.Redis.URL()
	}
	return u
}

// Stop ends the engines in an orderly way, kills what has not ended when ctx does, and gives the data folder back.
func (e *Engines) Stop(ctx context.Context) {
	_ = os.Remove(e.note)
	var stopping sync.WaitGroup // at the same time, so that one that hangs does not take the others' time
	if e.ClickHouse != nil {
		stopping.Go(func() { e.ClickHouse.Stop(ctx) })
	}
	if e.Postgres != nil {
		stopping.Go(func() { e.Postgres.Stop(ctx) })
	}
	if e.Redis != nil {
		stopping.Go(e.Redis.Stop)
	}
	stopping.Wait()
	_ = e.lock.Close()
}

// Discover finds the engines that another process, "observatory serve", has started on a data folder. It fails with
// ErrNotRunning when there is none. What the operator configured is not among them.
func Discover(dataDir string) (URLs, error) {
	run := filepath.Join(dataDir, "run")
	lock, err := tryLockFile(filepath.Join(run, "lock"))
	switch {
	case err == nil: // nobody has the folder: what is noted there is of one that was killed
		_ = lock.Close()
		return URLs{}, notRunning(dataDir)
	case errors.Is(err, fs.ErrNotExist):
		return URLs{}, notRunning(dataDir)
	case !errors.Is(err, errLocked):
		return URLs{}, fmt.Errorf("look for engines: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(run, "engines.json"))
	if errors.Is(err, fs.ErrNotExist) { // it is starting or ending just now
		return URLs{}, notRunning(dataDir)
	}
	if err != nil {
		return URLs{}, fmt.Errorf("look for engines: %w", err)
	}
	var u URLs
	if err := json.Unmarshal(text, &u); err != nil {
		return URLs{}, fmt.Errorf("look for engines: %w", err)
	}
	return u, nil
}

func notRunning(dataDir string) error {
	return fault.New(ErrNotRunning.Kind, ErrNotRunning.Code,
		"No Observatory is running on %s. Start `observatory serve` with the same data folder, or set OBSERVATORY_CLICKHOUSE_URL, "+
			"OBSERVATORY_POSTGRES_URL and OBSERVATORY_REDIS_URL.", dataDir)
}

// takeDataDir locks the data folder for this process. The lock ends with the process, however that ends.
func takeDataDir(dataDir string) (*os.File, error) {
	path := filepath.Join(dataDir, "run", "lock")
	lock, err := tryLockFile(path)
	for range 5 {
		if !errors.Is(err, errLocked) {
			break
		}
		time.Sleep(20 * time.Millisecond) // it may be Discover that holds it, for a moment
		lock, err = tryLockFile(path)
	}
	if errors.Is(err, errLocked) {
		return nil, fault.New(ErrDataDirInUse.Kind, ErrDataDirInUse.Code,
			"The data folder %s is in use by another Observatory%s. Stop it, or choose another folder with --data-dir.",
			dataDir, processNamedIn(path))
	}
	if err != nil {
		return nil, fmt.Errorf("take the data folder: %w", err)
	}
	err = lock.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(lock, "%d\n", os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take the data folder: %w", err), lock.Close())
	}
	return lock, nil
}

// processNamedIn reads whose lock it is, for people only.
func processNamedIn(path string) string {
	var pid int
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}
