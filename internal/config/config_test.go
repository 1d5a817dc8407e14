package config_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/config"
)

func load(t *testing.T, env map[string]string, args ...string) (config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	raw := config.Bind(flags)
	require.NoError(t, flags.Parse(args))
	return raw.Load(func(name string) string { return env[name] })
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := load(t, nil)
	require.NoError(t, err)
	require.Equal(t, config.Config{
		HTTPAddr: ":8080", PublicURL: "http://localhost:8080", DataDir: "./data", KafkaTopic: "observatory-log", LogLevel: slog.LevelInfo, LogFormat: "text",
		Workers: true, RatePerKey: 50_000, LeaveGrace: 7 * 24 * time.Hour,
		BillingEvery: time.Minute, PurgeEvery: 5 * time.Minute, ArchiveQuiet: 5 * time.Minute, DrainTimeout: 20 * time.Second, Environment: "production",
	}, c)
}

func TestValues(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{7}, 32)
	c, err := load(t, map[string]string{
		"OBSERVATORY_HTTP_ADDR":       "10.1.2.3:80",
		"OBSERVATORY_DATA_DIR":        "/srv/env",
		"OBSERVATORY_POSTGRES_URL":    "postgresql://u:p@db/obs?sslmode=verify-full",
		"OBSERVATORY_REDIS_URL":       "rediss://:p@cache:6380/2",
		"OBSERVATORY_SECRET_KEY":      base64.StdEncoding.EncodeToString(key),
		"OBSERVATORY_TRUSTED_PROXIES": "10.0.0.9/8, 192.0.2.1,2001:db8::/32",
		"OBSERVATORY_WORKERS":         "true",
		"OBSERVATORY_LOG_FORMAT":      "",
	}, "--data-dir=/srv/flag", "--workers=false", "--log-level=DEBUG", "--drain-timeout=90s", "--public-url=https://obs.example/")
	require.NoError(t, err)
	require.Equal(t, "/srv/flag", c.DataDir, "a flag wins over the environment")
	require.False(t, c.Workers)
	require.Equal(t, slog.LevelDebug, c.LogLevel)
	require.Equal(t, 90*time.Second, c.DrainTimeout)
	require.Equal(t, "https://obs.example", c.PublicURL)
	require.Equal(t, "text", c.LogFormat, "an empty variable is none")
	require.Equal(t, key, c.SecretKey)
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32"),
	}, c.TrustedProxies)

	c, err = load(t, map[string]string{"OBSERVATORY_WORKERS": "false"}, "--workers")
	require.NoError(t, err)
	require.True(t, c.Workers)
}

func TestPublicURLFollowsTheAddress(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":80": "http://localhost", "127.0.0.1:9000": "http://localhost:9000", "[::]:9000": "http://localhost:9000",
		"obs.example:9000": "http://obs.example:9000", "[2001:db8::1]:9000": "http://[2001:db8::1]:9000",
	} {
		c, err := load(t, nil, "--http-addr="+addr)
		require.NoError(t, err)
		require.Equal(t, want, c.PublicURL, addr)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"http-addr":              {"8080", "localhost", ":70000", ":http-alt-of-nobody"},
		"public-url":             {"example.com", "ftp://example.com", "https://example.com/app", "https://u:p@example.com", "https://"},
		"clickhouse-url":         {"http://h:8123", "clickhouse://", "clickhouse:9000"},
		"postgres-url":           {"mysql://h/db", "host=localhost", "postgres:///db"},
		"redis-url":              {"localhost:6379", "http://h"},
		"smtp-url":               {"mail.example", "http://mail.example"},
		"kafka-brokers":          {"user:password@host:9092"},
		"kafka-topic":            {"a b", "a/b", strings.Repeat("a", 250)},
		"kafka-partition":        {"-1", "one", "10000"},
		"log-level":              {"verbose", "info+2"},
		"log-format":             {"JSON", "logfmt"},
		"trusted-proxies":        {"10.0.0.0/33", "10.0.0.1,,", "proxy.example"},
		"workers":                {"maybe"},
		"allow-private-webhooks": {"perhaps"},
		"archive-quiet":          {"20", "0s", "2h"},
		"archive-url":            {"http://h", "s3://", "s3://b?x=y"},
		"drain-timeout":          {"20", "0s", "-1s", "11m"},
		"environment":            {"Prod", "a b", strings.Repeat("a", 33)},
	} {
		for _, value := range values {
			_, err := load(t, nil, "--"+name+"="+value)
			require.ErrorContains(t, err, "--"+name+" is ", value)
		}
	}
	for _, value := range []string{"short", base64.StdEncoding.EncodeToString(make([]byte, 31)), "!!!"} {
		_, err := load(t, map[string]string{"OBSERVATORY_SECRET_KEY": value})
		require.EqualError(t, err, "OBSERVATORY_SECRET_KEY is (hidden): it must be 32 bytes in base64")
	}
}

func TestAllFaultsAtOnceAndNoPassword(t *testing.T) {
	t.Parallel()
	_, err := load(t, map[string]string{
		"OBSERVATORY_LOG_FORMAT":   "xml",
		"OBSERVATORY_POSTGRES_URL": "mysql://root:hunter2@h/db",
		"OBSERVATORY_REDIS_URL":    "root:hunter2@h",
	}, "--http-addr=8080")
	require.EqualError(t, err, strings.Join([]string{
		`--http-addr is "8080": it must be host:port or :port`,
		`OBSERVATORY_POSTGRES_URL is mysql://root:xxxxx@h/db: it must be postgres://user:password@host:port/database`,
		`OBSERVATORY_REDIS_URL is (hidden): it must be redis://:password@host:port/number, or rediss:// for TLS`,
		`OBSERVATORY_LOG_FORMAT is "xml": it must be json or text`,
	}, "\n"))
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	secret := []byte("hunter2hunter2hunter2hunter2hunt")
	c, err := load(t, map[string]string{
		"OBSERVATORY_CLICKHOUSE_URL": "clickhouse://u@h:9000/db?password=hunter2",
		"OBSERVATORY_POSTGRES_URL":   "postgres://u:hunter2@h/db?sslpassword=hunter2&sslmode=require",
		"OBSERVATORY_REDIS_URL":      "redis://:hunter2@h:6379/0",
		"OBSERVATORY_SMTP_URL":       "smtp://u:hunter2@h:25",
		"OBSERVATORY_SECRET_KEY":     base64.StdEncoding.EncodeToString(secret),
	})
	require.NoError(t, err)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %v %+v\n", c, c, c, c, &c, struct{ C config.Config }{c})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("text", "config", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "config", c)
	require.NotContains(t, out.String(), "hunter2")
	require.NotContains(t, out.String(), base64.StdEncoding.EncodeToString(secret))
	require.NotContains(t, out.String(), "104 117 110") // "hun" as bytes
	require.Contains(t, out.String(), "sslmode=require")
}

func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Bind(flags)
	for _, s := range config.Settings() {
		require.NotEmpty(t, s.Allowed, s.Name)
		require.NotEmpty(t, s.Purpose, s.Name)
		require.Equal(t, s.Secret, flags.Lookup(s.Name) == nil, s.Name)
	}
}

func TestSecretKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	keys := make([][]byte, 8)
	errs := make([]error, len(keys))
	var all sync.WaitGroup
	for i := range keys { // as many processes that start at once on one folder
		all.Go(func() {
			c := config.Config{DataDir: dir}
			errs[i] = c.EnsureSecretKey()
			keys[i] = c.SecretKey
		})
	}
	all.Wait()
	for i := range keys {
		require.NoError(t, errs[i])
		require.Len(t, keys[i], 32)
		require.Equal(t, keys[0], keys[i])
	}
	require.NotEqual(t, make([]byte, 32), keys[0])
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left beside the key")
	info, err := files[0].Info()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestSecretKeyThatIsDamagedOrGiven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.key"), []byte("damaged"), 0o600))
	c := config.Config{DataDir: dir}
	require.ErrorContains(t, c.EnsureSecretKey(), "restore it from a backup")

	given := bytes.Repeat([]byte{1}, 32)
	c.SecretKey = given
	require.NoError(t, c.EnsureSecretKey())
	require.Equal(t, given, c.SecretKey)
}

// Nobody is billed by a clock that can be moved.
func TestNoMovedClockInProduction(t *testing.T) {
	t.Parallel()
	_, err := load(t, map[string]string{"OBSERVATORY_CLOCK_FILE": "/tmp/ahead"})
	require.ErrorContains(t, err, "OBSERVATORY_ENVIRONMENT must be something other than production")
	c, err := load(t, map[string]string{"OBSERVATORY_CLOCK_FILE": "/tmp/ahead", "OBSERVATORY_ENVIRONMENT": "trial"})
	require.NoError(t, err)
	require.Equal(t, "/tmp/ahead", c.ClockFile)
}
