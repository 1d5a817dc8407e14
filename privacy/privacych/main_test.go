package privacych_test

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is a store of its own.
type house struct {
	conn    driver.Conn
	key     metering.Key
	store   *privacych.Store
	rollups *analyticsch.Rollups
	purging *sync.Mutex
}

func openHouse(t testing.TB) house {
	t.Helper()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	rollups := analyticsch.NewRollups(analyticsch.Config{Conn: conn, Now: time.Now})
	key, err := metering.NewKey(make([]byte, 32))
	require.NoError(t, err)
	store := privacych.New(privacych.Config{Conn: conn, Rollups: rollups, Key: key, Readers: time.Nanosecond})
	return house{conn: conn, key: key, rollups: rollups, purging: new(sync.Mutex), store: store}
}

// openSearchable opens a house whose files can be searched: nothing is compressed, and what is out of use goes within a second.
func openSearchable(t testing.TB) house {
	t.Helper()
	h := openHouse(t)
	lay(t, h.conn)
	return h
}

// lay has the server write texts as they are, and tidy up at once.
func lay(t testing.TB, conn driver.Conn) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT c.table, c.name, c.type FROM system.columns AS c INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
		WHERE c.database = currentDatabase() AND t.engine LIKE '%MergeTree' AND c.type LIKE '%String%' AND c.type NOT LIKE '%AggregateFunction%'`)
	require.NoError(t, err)
	columns := map[string][]string{}
	for rows.Next() {
		var table, column, kind string
		require.NoError(t, rows.Scan(&table, &column, &kind))
		columns[table] = append(columns[table], "MODIFY COLUMN "+column+" "+kind+" CODEC(NONE)")
	}
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Err())
	var changes []string
	for table, plain := range columns {
		// The thread that tidies up reads how often it does so when the table is attached.
		changes = append(changes,
			"ALTER TABLE "+table+" "+strings.Join(plain, ", "),
			"ALTER TABLE "+table+" MODIFY SETTING compress_primary_key = 0, cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 1",
			"DETACH TABLE "+table+" SYNC", "ATTACH TABLE "+table)
	}
	for _, sql := range changes {
		require.NoError(t, conn.Exec(t.Context(), sql), sql)
	}
}

// search looks for a text in all files of the server, and in what tables it keeps about itself.
func (h house) search(t testing.TB, text string) []string {
	t.Helper()
	return h.searchAll(t, []string{text})
}

func (h house) searchAll(t testing.TB, texts []string) (found []string) {
	t.Helper()
	var dir string
	require.NoError(t, h.conn.QueryRow(t.Context(), "SELECT path FROM system.disks WHERE name = 'default'").Scan(&dir))
	dir = filepath.Dir(filepath.Clean(dir)) // logs and settings lie beside the data
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // files go while one looks
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				found = append(found, path+": "+text)
			}
		}
		return nil
	})
	require.NoError(t, err)
	for _, sql := range []string{
		"SELECT count() FROM system.mutations WHERE multiSearchAny(command, {texts:Array(String)})",
		"SELECT count() FROM system.errors WHERE multiSearchAny(last_error_message, {texts:Array(String)})",
	} {
		for some := range slices.Chunk(texts, 200) {
			var n uint64
			require.NoError(t, h.conn.QueryRow(t.Context(), sql, named("texts", some)).Scan(&n))
			if n > 0 {
				found = append(found, sql)
			}
		}
	}
	return found
}

func (h house) purge(t testing.TB) {
	t.Helper()
	h.purging.Lock() // one after the other, as the job does
	defer h.purging.Unlock()
	_, err := h.store.Purge(t.Context())
	require.NoError(t, err)
}

// event is a row of events.
type event struct {
	tenant              tenants.ID
	id, user, anonymous string
	kind                string // "" is track
	properties, context string
	time, receivedAt    time.Time
}

func (h house) put(t testing.TB, table string, all ...event) {
	t.Helper()
	require.NoError(t, h.add(table, all...))
}

func (h house) add(table string, all ...event) error {
	ctx := context.Background()
	batch, err := h.conn.PrepareBatch(ctx, "INSERT INTO "+table+" (tenant_id, event, type, time, event_id, user_id, anonymous_id, properties, context, received_at, receipt_id)")
	if err != nil {
		return err
	}
	hours := map[tenants.ID][]time.Time{}
	for _, e := range all {
		if e.id == "" {
			e.id = uuid.NewString()
		}
		if e.properties == "" {
			e.properties = "{}"
		}
		if e.context == "" {
			e.context = "{}"
		}
		if e.time.IsZero() {
			e.time = e.receivedAt
		}
		hours[e.tenant] = append(hours[e.tenant], e.time)
		if err := batch.Append(uuid.UUID(e.tenant), "opened", cmp.Or(e.kind, "track"), e.time, e.id, e.user, e.anonymous, e.properties, e.context, e.receivedAt, uuid.New()); err != nil {
			return err
		}
	}
	if err := batch.Send(); err != nil || table != "events" {
		return err
	}
	for tenant, changed := range hours {
		if err := h.rollups.MarkHours(ctx, tenant, changed); err != nil {
			return err
		}
	}
	return nil
}

// letter is a row of dead_letters.
type letter struct {
	tenant                   tenants.ID
	user, anonymous, payload string
	receivedAt               time.Time
}

func (h house) putLetters(t testing.TB, all ...letter) {
	t.Helper()
	batch, err := h.conn.PrepareBatch(t.Context(), "INSERT INTO dead_letters (tenant_id, received_at, receipt_id, user_id, anonymous_id, payload)")
	require.NoError(t, err)
	for _, l := range all {
		require.NoError(t, batch.Append(uuid.UUID(l.tenant), l.receivedAt, uuid.New(), l.user, l.anonymous, l.payload))
	}
	require.NoError(t, batch.Send())
}
