package canary_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
)

// search looks for marks.
type search struct {
	t      *testing.T
	marks  forms
	places map[string]string // what each secret was for
	seen   []string          // where the control was found
}

// in looks into a text, and remembers whether the control is there.
func (s *search) in(where string, text []byte) {
	if bytes.Contains(text, []byte(control)) {
		s.seen = append(s.seen, where)
	}
	for _, at := range s.marks.find(text) {
		around := text[max(0, at[0]-80):min(len(text), at[1]+60)]
		assert.Fail(s.t, "a secret was kept", "in %s: %q, sent in: %s", where, around, s.origin(text[at[0]:min(len(text), at[1]+40)]))
	}
}

// origin tells where a secret was sent, when its number can be read.
func (s *search) origin(text []byte) string {
	for _, id := range regexp.MustCompile(`[0-9]{4}`).FindAll(regexp.MustCompile(digit+`000`).ReplaceAll(text, nil), -1) {
		if where, ok := s.places[string(id)]; ok {
			return where
		}
	}
	return "unknown"
}

// clickHouse reads every row of every table, the server's own logs included.
func (s *search) clickHouse(dataDir string) {
	s.t.Helper()
	urls, err := embedded.Discover(dataDir)
	require.NoError(s.t, err)
	options, err := clickhouse.ParseDSN(urls.ClickHouse)
	require.NoError(s.t, err)
	db, err := clickhouse.Open(options)
	require.NoError(s.t, err)
	defer db.Close()
	ctx := s.t.Context()
	tables, err := db.Query(ctx, "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree'")
	require.NoError(s.t, err)
	var names []string
	for tables.Next() {
		var database, table string
		require.NoError(s.t, tables.Scan(&database, &table))
		names = append(names, "`"+database+"`.`"+table+"`")
	}
	require.NoError(s.t, tables.Err())
	require.NotEmpty(s.t, names)
	for _, name := range names {
		rows, err := db.Query(ctx, "SELECT formatRow('JSONEachRow', *) FROM "+name)
		require.NoError(s.t, err, name)
		var all []byte
		for rows.Next() {
			var row string
			require.NoError(s.t, rows.Scan(&row))
			all = append(all, row...)
		}
		require.NoError(s.t, rows.Err(), name)
		s.in("the table "+name, all)
	}
}

// redis reads every key of the queue.
func (s *search) redis(dataDir string) {
	s.t.Helper()
	urls, err := embedded.Discover(dataDir)
	require.NoError(s.t, err)
	options, err := redis.ParseURL(urls.Redis)
	require.NoError(s.t, err)
	client := redis.NewClient(options)
	defer client.Close()
	ctx := s.t.Context()
	keys, err := client.Keys(ctx, "*").Result()
	require.NoError(s.t, err)
	require.NotEmpty(s.t, keys)
	for _, key := range keys {
		// One of these fits the kind of the key; the others are answered with an error.
		values := []any{
			key, client.Get(ctx, key).Val(), client.HGetAll(ctx, key).Val(), client.LRange(ctx, key, 0, -1).Val(),
			client.SMembers(ctx, key).Val(), client.ZRange(ctx, key, 0, -1).Val(), client.XRange(ctx, key, "-", "+").Val(),
		}
		s.in("the queue's "+key, fmt.Append(nil, values...))
	}
}

// files reads every file below a folder.
func (s *search) files(folder string) {
	s.t.Helper()
	require.NoError(s.t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		s.in("the file "+relative, text)
		return err
	}))
}

// found fails the test where the control was not found in one of the places, each a pattern: the search would have missed secrets, too.
func (s *search) found(places ...string) {
	s.t.Helper()
	for _, place := range places {
		require.True(s.t, slices.ContainsFunc(s.seen, regexp.MustCompile(place).MatchString), "%s: the control is only in %v", place, s.seen)
	}
}
