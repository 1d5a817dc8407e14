package embedded_test

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/observatory/observatory/internal/embedded"
	"github.com/stretchr/testify/require"
)

func TestTry(t *testing.T) {
	t0 := time.Now()
	s, err := embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{RuntimeDir: "/work/main/.runtime", DataDir: t.TempDir()})
	require.NoError(t, err)
	t.Log(time.Since(t0))
	opts, err := clickhouse.ParseDSN(s.URL())
	require.NoError(t, err)
	c, err := clickhouse.Open(opts)
	require.NoError(t, err)
	rows, err := c.Query(t.Context(), "select name, value, changed::String from system.server_settings where changed or name like '%pool%' or name like '%cache_size%'")
	require.NoError(t, err)
	for rows.Next() {
		var a, b, d string
		rows.Scan(&a, &b, &d)
		t.Log(a, b, d)
	}
	rows, err = c.Query(t.Context(), "select name, value, changed::String from system.merge_tree_settings where changed")
	require.NoError(t, err)
	for rows.Next() {
		var a, b, d string
		rows.Scan(&a, &b, &d)
		t.Log(a, b, d)
	}
	out, _ := exec.Command("ps", "-o", "pid,rss,nlwp,args", "-p", fmt.Sprint(s.PID())).CombinedOutput()
	t.Log(string(out))
	rows, err = c.Query(t.Context(), "select name, count() from system.stack_trace group by 1 order by 1")
	if err == nil {
		for rows.Next() {
			var a, b string
			rows.Scan(&a, &b)
			t.Log(a)
		}
	}
	c.Close()
	t0 = time.Now()
	s.Stop(t.Context())
	t.Log(time.Since(t0))
}
