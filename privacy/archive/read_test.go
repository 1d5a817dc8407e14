package archive_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects/objectstest"
	"github.com/observatory/observatory/privacy/archive"
)

// someEvents are of two days, and what is known of them.
func (h *house) someEvents() (date string, all []archive.Event) {
	noon := yesterday().Add(12 * time.Hour)
	for i := range 300 {
		e := event(fmt.Sprintf("user-%d", i%7), "", noon.Add(-time.Duration(i)*10*time.Minute))
		all = append(all, e)
	}
	all[0].Properties = `{"query":"ü ☃ \" \\ \u0000","n":1}`
	return noon.Format(time.DateOnly), all
}

// DuckDB reads the files as they lie in a folder.
func TestDuckDBReadsIt(t *testing.T) {
	t.Parallel()
	suite := filepath.Join("..", "..", "tests", "duckdb")
	require.DirExists(t, filepath.Join(suite, "node_modules"), "make test-tools installs it")
	folder := t.TempDir()
	h := newHouse(t, folder)
	_, all := h.someEvents()
	h.put(all...)
	h.write()
	query := func(sql string) []map[string]any {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "node", "query.js", sql)
		cmd.Dir, cmd.Stderr = suite, os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		var rows []map[string]any
		require.NoError(t, json.Unmarshal(out, &rows))
		return rows
	}
	from := "read_parquet('" + folder + "/events/*/*/*.parquet', hive_partitioning = true)"
	require.Equal(t, []map[string]any{{
		"n": "300", "users": "7", "tenants": "1", "days": "3", "first": all[299].At().Format("2006-01-02 15:04:05.999+00"), "queries": "1", "codes": "300",
	}}, query(`SET TimeZone = 'UTC'; SELECT count(*) AS n, count(DISTINCT user_id) AS users, count(DISTINCT tenant) AS tenants, count(DISTINCT date) AS days,
		min(time)::VARCHAR AS first, count(*) FILTER (properties = '`+`{"query":"ü ☃ \" \\ \u0000","n":1}`+`') AS queries, count(*) FILTER (violations_code[1] = 'type') AS codes FROM `+from))
	found := query("SELECT event_id, receipt_id, receipt_index, json_extract_string(properties, '$.query') AS query FROM " + from + " WHERE event_id = '" + all[17].EventID + "'")
	require.Equal(t, []map[string]any{{"event_id": all[17].EventID, "receipt_id": all[17].ReceiptID, "receipt_index": 7.0, "query": "maps"}}, found)
}

// ClickHouse reads the files as they lie in object storage.
func TestClickHouseReadsIt(t *testing.T) {
	t.Parallel()
	address := objectstest.S3(t, false)
	h := newHouse(t, address)
	date, all := h.someEvents()
	h.put(all...)
	h.write()
	u, err := url.Parse(address)
	require.NoError(t, err)
	from := "s3('" + u.Query().Get("endpoint") + "/" + u.Host + u.Path + "/events/*/*/*.parquet', 'test', 'testtest', 'Parquet')"
	var n, users, days, queries, codes uint64
	var first time.Time
	require.NoError(t, h.conn.QueryRow(t.Context(), `SELECT count(), uniqExact(user_id), uniqExact(date), min(time), countIf(properties = {p:String}), countIf(violations_code[1] = 'type')
		FROM `+from+` SETTINGS use_hive_partitioning = 1`, clickhouse.Named("p", all[0].Properties)).Scan(&n, &users, &days, &first, &queries, &codes))
	require.Equal(t, []uint64{300, 7, 3, 1, 300}, []uint64{n, users, days, queries, codes})
	require.Equal(t, all[299].At(), first.UTC())
	require.NoError(t, h.conn.QueryRow(t.Context(), "SELECT count() FROM "+from+" WHERE date = {date:String} AND user_id = 'user-3' SETTINGS use_hive_partitioning = 1", clickhouse.Named("date", date)).Scan(&n))
	want := 0
	for _, e := range all {
		if e.At().Format(time.DateOnly) == date && e.UserID == "user-3" {
			want++
		}
	}
	require.EqualValues(t, want, n)
}
