package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/internal/objects"
)

// Setting is one thing that can be set, as the documentation shows it.
type Setting struct {
	Name    string // in kebab-case; the flag is --NAME, the variable OBSERVATORY_NAME
	Default string
	Allowed string // what a value must look like
	Purpose string
	Secret  bool // it has no flag, because every user of a machine sees command lines
	URL     bool // it may hold a password, which is not shown
	Bool    bool // the flag needs no value

	set func(c *Config, value string) error // value is never empty; the error's text is not shown
}

// Variable is the name of the setting's environment variable.
func (s Setting) Variable() string {
	return "OBSERVATORY_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Settings lists everything that can be set.
func Settings() []Setting {
	return []Setting{
		{
			Name: "http-addr", Default: ":8080", Allowed: "host:port or :port",
			Purpose: "address that the server listens on",
			set:     func(c *Config, v string) error { c.HTTPAddr = v; return checkAddr(v) },
		},
		{
			Name: "public-url", Allowed: "an http or https URL without a path",
			Purpose: "address at which browsers and SDKs reach the server (default http://localhost and the port of http-addr)",
			set: func(c *Config, v string) error {
				c.PublicURL = strings.TrimRight(v, "/")
				if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme+"://"+u.Host != c.PublicURL {
					return errValue // there is more to it than a host
				}
				return checkURL(c.PublicURL, "http", "https")
			},
		},
		{
			Name: "data-dir", Default: "./data", Allowed: "a folder",
			Purpose: "folder of everything that is kept",
			set:     func(c *Config, v string) error { c.DataDir = v; return nil },
		},
		{
			Name: "runtime-dir", Allowed: "a folder",
			Purpose: "folder with the database engines (default .runtime in the current folder, or beside the program's)",
			set:     func(c *Config, v string) error { c.RuntimeDir = v; return nil },
		},
		{
			Name: "clickhouse-url", Allowed: "clickhouse://user:password@host:port/database", URL: true,
			Purpose: "store of events; one is started where this is not set",
			set:     func(c *Config, v string) error { c.ClickHouseURL = v; return checkURL(v, "clickhouse") },
		},
		{
			Name: "postgres-url", Allowed: "postgres://user:password@host:port/database", URL: true,
			Purpose: "control plane; one is started where this is not set",
			set:     func(c *Config, v string) error { c.PostgresURL = v; return checkURL(v, "postgres", "postgresql") },
		},
		{
			Name: "redis-url", Allowed: "redis://:password@host:port/number, or rediss:// for TLS", URL: true,
			Purpose: "queue of the workers; one is started where this is not set",
			set:     func(c *Config, v string) error { c.RedisURL = v; return checkURL(v, "redis", "rediss") },
		},
		{
			Name: "kafka-brokers", Allowed: "host:port, or several with commas between, with kafka:// or (for TLS) kafkas:// and user:password@ before them where needed", URL: true,
			Purpose: "brokers on which the durable log lies; where this is not set it lies in the data folder",
			set: func(c *Config, v string) error {
				c.KafkaBrokers = v
				if strings.Contains(v, "@") && !strings.Contains(v, "://") {
					return errValue // it would be taken for something without a password, and shown
				}
				return nil
			},
		},
		{
			Name: "kafka-topic", Default: "observatory-log", Allowed: "1 to 249 letters, digits, dots, underscores and hyphens",
			Purpose: "topic of the durable log; it is made where it is not there",
			set: func(c *Config, v string) error {
				c.KafkaTopic = v
				if len(v) > 249 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
					return errValue
				}
				return nil
			},
		},
		{
			Name: "kafka-partition", Default: "0", Allowed: "a number from 0 to 9999",
			Purpose: "partition of the topic that is this node's log: each node has its own",
			set: func(c *Config, v string) (err error) {
				if c.KafkaPartition, err = strconv.Atoi(v); err == nil && (c.KafkaPartition < 0 || c.KafkaPartition > 9999) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "archive-url", Allowed: objects.Forms, URL: true,
			Purpose: "where the archive and exports are kept (default the folder archive below the data folder)",
			set: func(c *Config, v string) error {
				c.ArchiveURL = v
				_, err := objects.Parse(v)
				return err
			},
		},
		{
			Name: "smtp-url", Allowed: "smtp://user:password@host:port, or smtps:// for TLS from the first byte", URL: true,
			Purpose: "server that sends our mail; where this is not set, mail is written below the data folder",
			set:     func(c *Config, v string) error { c.SMTPURL = v; return checkURL(v, "smtp", "smtps") },
		},
		{
			Name: "allow-private-webhooks", Default: "false", Allowed: "true or false", Bool: true,
			Purpose: "whether webhooks may go to private addresses and over http://; for development only, as tenants could then call what only this server reaches",
			set: func(c *Config, v string) (err error) {
				c.AllowPrivateWebhooks, err = strconv.ParseBool(v)
				return err
			},
		},
		{
			Name: "log-level", Default: "info", Allowed: "debug, info, warn or error",
			Purpose: "least important kind of log line that is written",
			set: func(c *Config, v string) error {
				if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(v)) {
					return errValue
				}
				return c.LogLevel.UnmarshalText([]byte(v))
			},
		},
		{
			Name: "log-format", Default: "text", Allowed: "json or text",
			Purpose: "form of log lines: for machines or for people",
			set:     func(c *Config, v string) error { c.LogFormat = v; return checkOneOf(v, "json", "text") },
		},
		{
			Name: "secret-key", Allowed: "32 bytes in base64", Secret: true,
			Purpose: "key that protects what is kept encrypted (default the file secret.key in the data folder, made at first)",
			set: func(c *Config, v string) (err error) {
				c.SecretKey, err = decodeSecretKey(v)
				return err
			},
		},
		{
			Name: "operator-token", Allowed: "at least 16 characters", Secret: true,
			Purpose: "opens what is for operators below /internal and /v1/operator; only callers on the same machine are let in where this is not set",
			set: func(c *Config, v string) error {
				c.OperatorToken = v
				if len(v) < 16 {
					return errValue
				}
				return nil
			},
		},
		{
			Name: "trusted-proxies", Allowed: "addresses and networks such as 10.0.0.0/8, separated by commas",
			Purpose: "load balancers whose word about a client's address is believed; nobody's where this is not set",
			set: func(c *Config, v string) (err error) {
				c.TrustedProxies, err = parsePrefixes(v)
				return err
			},
		},
		{
			Name: "workers", Default: "true", Allowed: "true or false", Bool: true,
			Purpose: "whether serve also runs the workers",
			set: func(c *Config, v string) (err error) {
				c.Workers, err = strconv.ParseBool(v)
				return err
			},
		},
		{
			Name: "debug-addr", Allowed: "host:port, better not reachable from outside",
			Purpose: "address that serves Go's profiles (/debug/pprof); none where this is not set",
			set:     func(c *Config, v string) error { c.DebugAddr = v; return checkAddr(v) },
		},
		{
			Name: "rate-per-key", Default: "50000", Allowed: "a whole number from 0 to 10000000",
			Purpose: "events a second that one API key may send to this node; 0 for no limit",
			set: func(c *Config, v string) (err error) {
				c.RatePerKey, err = strconv.Atoi(v)
				if err == nil && (c.RatePerKey < 0 || c.RatePerKey > 10_000_000) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "billing-every", Default: "1m", Allowed: "a duration from 1s to 1h",
			Purpose: "how often it is looked for what was used, which months are over, and who has paid; whole seconds",
			set: func(c *Config, v string) (err error) {
				c.BillingEvery, err = time.ParseDuration(v)
				if err == nil && (c.BillingEvery < time.Second || c.BillingEvery > time.Hour || c.BillingEvery%time.Second != 0) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "purge-every", Default: "5m", Allowed: "a duration from 1s to 24h",
			Purpose: "how often what requests about people have hidden is removed from the disk, of many requests together; whole seconds",
			set: func(c *Config, v string) (err error) {
				c.PurgeEvery, err = time.ParseDuration(v)
				if err == nil && (c.PurgeEvery < time.Second || c.PurgeEvery > 24*time.Hour || c.PurgeEvery%time.Second != 0) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "archive-quiet", Default: "5m0s", Allowed: "a duration from 1s to 1h",
			Purpose: "how long nothing must have changed in an hour of events before it is written to the archive",
			set: func(c *Config, v string) (err error) {
				c.ArchiveQuiet, err = time.ParseDuration(v)
				if err == nil && (c.ArchiveQuiet < time.Second || c.ArchiveQuiet > time.Hour) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "drain-timeout", Default: "20s", Allowed: "a duration from 1s to 10m",
			Purpose: "time for what is under way when the server is asked to end",
			set: func(c *Config, v string) (err error) {
				c.DrainTimeout, err = time.ParseDuration(v)
				if err == nil && (c.DrainTimeout < time.Second || c.DrainTimeout > 10*time.Minute) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "region", Allowed: "1 to 32 lower-case letters, digits and hyphens, such as eu",
			Purpose: "where this server keeps data; events of organizations whose data is kept elsewhere are refused",
			set: func(c *Config, v string) error {
				c.Region = v
				if len(v) > 32 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
					return errValue
				}
				return nil
			},
		},
		{
			Name: "offboarding-grace", Default: "168h", Allowed: "a duration from 0s to 2160h",
			Purpose: "time in which an organization that leaves can still stay, before it is erased",
			set: func(c *Config, v string) (err error) {
				const most = 90 * 24 * time.Hour
				c.LeaveGrace, err = time.ParseDuration(v)
				if err == nil && (c.LeaveGrace < 0 || c.LeaveGrace > most) {
					err = errValue
				}
				return err
			},
		},
		{
			Name: "environment", Default: "production", Allowed: "up to 32 lower-case letters, digits and hyphens",
			Purpose: "label that tells installations apart",
			set: func(c *Config, v string) error {
				c.Environment = v
				if len(v) > 32 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
					return errValue
				}
				return nil
			},
		},
		{
			Name: "clock-file", Allowed: "a file with a duration such as 720h",
			Purpose: "by how much this server's clock is ahead, so that a month can be tried out in a minute; not where the environment is production",
			set:     func(c *Config, v string) error { c.ClockFile = v; return nil },
		},
		{
			Name: "geo-db", Allowed: "an .mmdb file",
			Purpose: "database that tells country, region and city of an address; no places are looked up where this is not set",
			set:     func(c *Config, v string) error { c.GeoDB = v; return nil },
		},
		{
			Name: "stripe-secret-key", Allowed: "a key that begins with sk_ or rk_", Secret: true,
			Purpose: "account at Stripe that collects invoices; where this is not set they are paid by hand, and the operator notes that down",
			set: func(c *Config, v string) error {
				c.StripeKey = v
				if !strings.HasPrefix(v, "sk_") && !strings.HasPrefix(v, "rk_") {
					return errValue
				}
				return nil
			},
		},
		{
			Name: "stripe-webhook-secret", Allowed: "a secret of at least 16 characters, such as whsec_...", Secret: true,
			Purpose: "what Stripe signs the webhooks with that it sends to /webhooks/stripe; where this is not set they are refused, and payments are noticed within the hour",
			set: func(c *Config, v string) error {
				c.StripeHook = v
				if len(v) < 16 {
					return errValue
				}
				return nil
			},
		},
		{
			Name: "stripe-url", Allowed: "an http or https URL", URL: true,
			Purpose: "where Stripe's API is; for tests, as Stripe's own is used where this is not set",
			set:     func(c *Config, v string) error { c.StripeURL = v; return checkURL(v, "http", "https") },
		},
		{
			Name: "stripe-tax", Default: "false", Allowed: "true or false", Bool: true,
			Purpose: "whether Stripe works out taxes and adds them to invoices",
			set: func(c *Config, v string) (err error) {
				c.StripeTax, err = strconv.ParseBool(v)
				return err
			},
		},
		{
			Name: "plans", Allowed: "a YAML file",
			Purpose: "the plans that tenants can have, and what they cost; those that come with the program where this is not set",
			set:     func(c *Config, v string) error { c.Plans = v; return nil },
		},
		{
			Name: "data-centres", Allowed: "a text file with one network such as 203.0.113.0/24 a line",
			Purpose: "networks whose visitors are taken for bots; none where this is not set",
			set:     func(c *Config, v string) error { c.DataCentres = v; return nil },
		},
	}
}

// errValue says that a value is not what Setting.Allowed asks for, which is all that needs saying.
var errValue = errors.New("not allowed")

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err
}

func checkURL(text string, schemes ...string) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return errValue
	}
	return nil
}

func checkOneOf(value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return errValue
	}
	return nil
}

func parsePrefixes(list string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if addr, err := netip.ParseAddr(item); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}

func decodeSecretKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	if len(key) != secretKeySize {
		return nil, fmt.Errorf("%d bytes: %w", len(key), errValue)
	}
	return key, nil
}
