// Package config is what an operator can set about one Observatory process. Every setting is declared once, in a table,
// from which come its flag, its OBSERVATORY_ environment variable, its check and its line in the documentation.
package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Config is a checked configuration. Printing or logging it shows no secret.
type Config struct {
	HTTPAddr       string // host:port; an empty host means every address
	PublicURL      string // where browsers and SDKs reach us; no slash at the end
	DataDir        string
	RuntimeDir     string // "" means to look for it, see embedded.FindRuntime
	ClickHouseURL  string // "" means to start one
	PostgresURL    string // "" means to start one
	RedisURL       string // "" means to start one
	KafkaBrokers   string // "" means that the durable log lies in the data folder
	KafkaTopic     string
	KafkaPartition int    // of the topic, which is this node's log
	StripeKey      string // secret key of the account that collects invoices; "" for none
	StripeHook     string // secret that Stripe signs webhooks with
	StripeURL      string // "" means Stripe's own
	StripeTax      bool   // Stripe works out taxes
	Plans          string // file with the plans; "" means those that come with the program
	ArchiveURL     string // folder or s3:// of what is kept outside the databases; "" means the folder archive below the data folder
	SMTPURL        string // "" means that mail is written below the data folder
	LogLevel       slog.Level
	LogFormat      string         // "json" or "text"
	SecretKey      []byte         // 32 bytes; see EnsureSecretKey
	OperatorToken  string         // opens what is for operators below /internal; "" means to this machine only
	TrustedProxies []netip.Prefix // whose word about a client's address is believed
	Workers        bool           // also run the workers in this process
	DebugAddr      string         // host:port of Go's profiles; "" for none
	RatePerKey     int            // events a second that one key may send; 0: no limit
	BillingEvery   time.Duration  // between two looks at what was used, which months are over, and who has paid
	PurgeEvery     time.Duration  // between two removals from the disk of what requests about people have hidden
	ArchiveQuiet   time.Duration  // how long nothing must have changed in an hour before it is archived
	DrainTimeout   time.Duration  // for what is under way when the process is asked to end
	Region         string         // where this server is, such as "eu"; "" for unknown
	LeaveGrace     time.Duration  // between the request of an owner to leave and the erasure of the organisation
	Environment    string         // a label for people, such as "production" or "staging"
	ClockFile      string         // says how far the clock is ahead; "" for none, always so in production
	GeoDB          string         // file with places by address, in MaxMind's format; "" for none
	DataCentres    string         // file with the networks of data centres; "" for none

	AllowPrivateWebhooks bool // webhooks may call private addresses; for development and tests
}

// Archive is where the archive and exports lie: ArchiveURL, or the folder archive below the data folder.
func (c Config) Archive() string {
	if c.ArchiveURL != "" {
		return c.ArchiveURL
	}
	return filepath.Join(c.DataDir, "archive")
}

// String is the configuration on one line, without secrets.
func (c Config) String() string { return fmt.Sprint(c.LogValue()) }

// GoString keeps secrets out of %#v as well.
func (c Config) GoString() string { return c.String() }

// LogValue is the configuration as attributes, without secrets.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("http_addr", c.HTTPAddr),
		slog.String("public_url", c.PublicURL),
		slog.String("data_dir", c.DataDir),
		slog.String("runtime_dir", c.RuntimeDir),
		slog.String("clickhouse_url", withoutPassword(c.ClickHouseURL)),
		slog.String("postgres_url", withoutPassword(c.PostgresURL)),
		slog.String("redis_url", withoutPassword(c.RedisURL)),
		slog.String("kafka_brokers", withoutPasswordOrFolder(c.KafkaBrokers)),
		slog.String("kafka_topic", c.KafkaTopic),
		slog.Int("kafka_partition", c.KafkaPartition),
		slog.String("plans", c.Plans),
		slog.Bool("stripe_secret_key", c.StripeKey != ""),
		slog.Bool("stripe_webhook_secret", c.StripeHook != ""),
		slog.String("stripe_url", withoutPassword(c.StripeURL)),
		slog.Bool("stripe_tax", c.StripeTax),
		slog.String("archive_url", withoutPasswordOrFolder(c.ArchiveURL)),
		slog.String("smtp_url", withoutPassword(c.SMTPURL)),
		slog.Bool("allow_private_webhooks", c.AllowPrivateWebhooks),
		slog.String("log_level", c.LogLevel.String()),
		slog.String("log_format", c.LogFormat),
		slog.Bool("secret_key", len(c.SecretKey) > 0),
		slog.Bool("operator_token", c.OperatorToken != ""),
		slog.Any("trusted_proxies", c.TrustedProxies),
		slog.Bool("workers", c.Workers),
		slog.String("debug_addr", c.DebugAddr),
		slog.Int("rate_per_key", c.RatePerKey),
		slog.Duration("billing_every", c.BillingEvery),
		slog.Duration("purge_every", c.PurgeEvery),
		slog.Duration("archive_quiet", c.ArchiveQuiet),
		slog.Duration("drain_timeout", c.DrainTimeout),
		slog.String("region", c.Region),
		slog.Duration("offboarding_grace", c.LeaveGrace),
		slog.String("environment", c.Environment),
		slog.String("clock_file", c.ClockFile),
		slog.String("geo_db", c.GeoDB),
		slog.String("data_centres", c.DataCentres),
	)
}

// withoutPassword hides the password of a URL, which may stand in the user part or, for PostgreSQL and ClickHouse, among
// the parameters. What does not look like a URL is hidden altogether.
func withoutPassword(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "(hidden)"
	}
	query := u.Query()
	for name := range query {
		if name == "password" || name == "sslpassword" {
			query.Set(name, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}

// withoutPasswordOrFolder is withoutPassword for what may be a folder as well.
func withoutPasswordOrFolder(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return withoutPassword(text)
}
