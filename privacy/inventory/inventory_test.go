package inventory_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/inventory"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/privacy/privacypg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// columns are those of a store that can hold texts, by table.
type columns map[string][]string

func postgresColumns(t *testing.T, url string) columns {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname::text,
			coalesce(array_agg(a.attname::text) FILTER (WHERE t.typcategory IN ('S', 'A', 'U') AND t.typname NOT IN ('uuid')), '{}')
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
		WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace = 'public'::regnamespace
		GROUP BY c.relname`)
	require.NoError(t, err)
	found := columns{}
	for rows.Next() {
		var table string
		var names []string
		require.NoError(t, rows.Scan(&table, &names))
		found[table] = names
	}
	require.NoError(t, rows.Err())
	return found
}

func clickHouseColumns(t *testing.T, url string) columns {
	t.Helper()
	conn, err := ch.Open(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	rows, err := conn.Query(t.Context(), "SELECT table, groupArrayIf(name, position(type, 'String') > 0 OR type IN ('JSON', 'Dynamic')) FROM system.columns WHERE database = currentDatabase() GROUP BY table")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	found := columns{}
	for rows.Next() {
		var table string
		var names []string
		require.NoError(t, rows.Scan(&table, &names))
		found[table] = names
	}
	require.NoError(t, rows.Err())
	return found
}

// copies are the names of all copies in the two stores.
func copies() []string {
	var names []string
	for _, c := range new(privacych.Store).Copies() {
		names = append(names, c.Name())
	}
	for _, c := range (&privacypg.Store{}).Copies() {
		names = append(names, c.Name())
	}
	return names
}

// problems compares what is declared with what there is.
func problems(declared []inventory.Table, there columns, copies []string) (all []string) {
	seen := map[string]bool{}
	for _, d := range declared {
		if seen[d.Name] {
			all = append(all, d.Name+" is declared twice")
		}
		seen[d.Name] = true
		names := append(strings.Fields(d.Subjects), strings.Fields(d.Other)...)
		if _, ok := there[d.Name]; !ok {
			all = append(all, d.Name+" is declared and not there")
			continue
		}
		for _, name := range there[d.Name] {
			if !slices.Contains(names, name) {
				all = append(all, d.Name+"."+name+" can hold a text and is not declared: say in privacy/inventory what stands in it, and which copy looks after it")
			}
		}
		for i, name := range names {
			if !slices.Contains(there[d.Name], name) || slices.Contains(names[:i], name) {
				all = append(all, d.Name+"."+name+" is declared twice or not there")
			}
		}
		if (d.Copy == "") == (d.Why == "") || d.Copy == "" && d.Subjects != "" {
			all = append(all, d.Name+" needs a copy, or a reason why it holds nothing of subjects")
		}
		if d.Copy != "" && !slices.Contains(copies, d.Copy) {
			all = append(all, d.Name+" belongs to a copy that there is not: "+d.Copy)
		}
	}
	for table := range there {
		if !seen[table] {
			all = append(all, table+" is not declared: say in privacy/inventory what stands in it, and which copy looks after it")
		}
	}
	return all
}

func TestEveryTableIsDeclared(t *testing.T) {
	t.Parallel()
	require.Empty(t, problems(inventory.Postgres(), postgresColumns(t, testkit.Postgres(t)), copies()))
	require.Empty(t, problems(inventory.ClickHouse(), clickHouseColumns(t, testkit.ClickHouse(t)), copies()))
}

// TestANewTableFails is a newcomer's table with people in it.
func TestANewTableFails(t *testing.T) {
	t.Parallel()
	url := testkit.ClickHouse(t)
	conn, err := ch.Open(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE visitors (id UInt64, name String) ENGINE = MergeTree ORDER BY id"))
	require.NoError(t, conn.Exec(t.Context(), "ALTER TABLE ledger ADD COLUMN who LowCardinality(Nullable(String))"))
	found := problems(inventory.ClickHouse(), clickHouseColumns(t, url), copies())
	require.Len(t, found, 2)
	require.Contains(t, strings.Join(found, "\n"), "visitors is not declared")
	require.Contains(t, strings.Join(found, "\n"), "ledger.who can hold a text")
	require.NotEmpty(t, problems([]inventory.Table{{Name: "a", Subjects: "b", Copy: "c"}}, columns{"a": {"b"}}, copies()), "there is no such copy")
}

// TestTextsAreScrubbed is about tables that keep their rows: all columns that are declared must be those that are written over.
func TestTextsAreScrubbed(t *testing.T) {
	t.Parallel()
	scrubbed := privacypg.Texts()
	for _, d := range inventory.Postgres() {
		require.ElementsMatch(t, strings.Fields(d.Subjects), scrubbed[d.Name], d.Name)
		delete(scrubbed, d.Name)
	}
	require.Empty(t, scrubbed)
}

// TestWhatStaysIsSaid is about whole tenants: what is not erased with one must be said.
func TestWhatStaysIsSaid(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testkit.Postgres(t))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	var stays []string
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT coalesce(array_agg(c.relname::text), '{}') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'erase')`).Scan(&stays))
	var said []string
	for _, d := range inventory.Postgres() {
		if d.Stays {
			said = append(said, d.Name)
		}
	}
	require.ElementsMatch(t, said, stays)
}
