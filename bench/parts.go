package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
)

// inserted is what the raw insert came to; CPU in seconds per million rows.
type inserted struct{ rate, client, clickhouse float64 }

func (i inserted) cpu() float64 { return i.client + i.clickhouse }

// rawInsert inserts the same rows straight into a table like that of events: the most that the store can take.
func rawInsert(ctx context.Context, s *server, total int) (inserted, error) {
	conn, err := ch.Open(ctx, s.urls.ClickHouse)
	if err != nil {
		return inserted{}, err
	}
	defer conn.Close() //nolint:errcheck // nothing is pending
	if err := conn.Exec(ctx, "CREATE TABLE bench_raw AS events"); err != nil {
		return inserted{}, err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "DROP TABLE bench_raw") //nolint:errcheck // the folder goes anyway
	const rows = 50_000
	tenant, source, receipt := uuid.New(), uuid.New(), uuid.New()
	c := newColumns(rows)
	before, err := s.usage()
	if err != nil {
		return inserted{}, err
	}
	begin := time.Now()
	for n := 0; n < total; n += rows {
		c.fill(n, tenant, source, receipt)
		batch, err := conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0})), `INSERT INTO bench_raw
			(tenant_id, event, type, time, event_id, user_id, anonymous_id, session_id, properties, context, source_id, received_at, correlation_id, receipt_id, receipt_index, _batch_id)`)
		if err != nil {
			return inserted{}, err
		}
		for i, values := range c.all() {
			if err := batch.Column(i).Append(values); err != nil {
				return inserted{}, err
			}
		}
		if err := batch.Send(); err != nil {
			return inserted{}, err
		}
	}
	took := time.Since(begin)
	after, err := s.usage()
	if err != nil {
		return inserted{}, err
	}
	return inserted{
		rate:       float64(total) / took.Seconds(),
		client:     perMillion(after.self-before.self, total),
		clickhouse: perMillion(after.clickhouse-before.clickhouse, total),
	}, nil
}

func perMillion(d time.Duration, n int) float64 { return d.Seconds() * 1e6 / float64(n) }

// stored is what batches over HTTP came to; CPU in seconds per million events.
type stored struct{ rate, ackRate, server, clickhouse, generator float64 }

// batches sends batches and counts what is stored.
func batches(ctx context.Context, s *server, total int) (stored, error) {
	out, n, err := sendBatches(ctx, s, total, 1)
	if err != nil {
		return stored{}, err
	}
	return out, s.countIs(ctx, n)
}

// sendBatches sends n events, total or as many as there is time for, and waits until they are stored.
func sendBatches(ctx context.Context, s *server, total int, run int64) (out stored, n int, err error) {
	const connections = 32
	before, err := s.usage()
	if err != nil {
		return stored{}, 0, err
	}
	begin := time.Now()
	took, err := s.load(ctx, connections, batchSize, total, 3*time.Minute, run)
	if err != nil {
		return stored{}, 0, err
	}
	acked := time.Since(begin)
	if err := s.settled(ctx); err != nil {
		return stored{}, 0, err
	}
	all := time.Since(begin)
	after, err := s.usage()
	n = len(took) * batchSize
	return stored{
		rate: float64(n) / all.Seconds(), ackRate: float64(n) / acked.Seconds(),
		server: perMillion(after.server-before.server, n), clickhouse: perMillion(after.clickhouse-before.clickhouse, n), generator: perMillion(after.self-before.self, n),
	}, n, err
}

// settled waits until the log holds nothing that is not stored.
func (s *server) settled(ctx context.Context) error {
	for {
		backlog, err := s.metric(ctx, "observatory_log_backlog_bytes")
		if err != nil {
			return err
		}
		if backlog == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) metric(ctx context.Context, name string) (float64, error) {
	body, _, err := s.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(rest), 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

func (s *server) get(ctx context.Context, path string) (body string, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, nil)
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	return string(b), res.StatusCode, err
}

var errLost = errors.New("the store does not hold what was acknowledged")

// countIs checks that a figure is worth something: every acknowledged event is there, once.
func (s *server) countIs(ctx context.Context, want int) error {
	conn, err := ch.Open(ctx, s.urls.ClickHouse)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is pending
	var rows, distinct uint64
	if err := conn.QueryRow(ctx, "SELECT count(), uniqExact(event_id) FROM events").Scan(&rows, &distinct); err != nil {
		return err
	}
	if rows != uint64(want) || distinct != uint64(want) { //nolint:gosec // not negative
		return fmt.Errorf("%w: %d rows, %d distinct, %d acknowledged", errLost, rows, distinct, want)
	}
	return nil
}

// timed are latencies.
type timed struct {
	rate     float64
	p50, p99 time.Duration
}

func singles(ctx context.Context, s *server, limit time.Duration) (timed, error) {
	const connections, warmUp = 64, 2 * time.Second
	if _, err := s.load(ctx, connections, 1, 1<<40, warmUp, 2); err != nil {
		return timed{}, err
	}
	begin := time.Now()
	took, err := s.load(ctx, connections, 1, 1<<40, limit, 3)
	if err != nil {
		return timed{}, err
	}
	rate := float64(len(took)) / time.Since(begin).Seconds()
	slices.Sort(took)
	return timed{rate: rate, p50: percentile(took, .5), p99: percentile(took, .99)}, s.settled(ctx)
}

// visible sends events one at a time, beside a steady stream of others, and asks for each until it can be queried.
func visible(ctx context.Context, s *server, probes int) (timed, error) {
	background, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.steady(background) }()
	var took []time.Duration
	run := time.Now().UnixNano()
	for i := range probes {
		d, err := s.probe(ctx, fmt.Sprintf("probe-%d-%d", run, i))
		if err != nil {
			stop()
			return timed{}, errors.Join(err, <-done)
		}
		took = append(took, d)
	}
	stop()
	slices.Sort(took)
	return timed{p50: percentile(took, .5), p99: percentile(took, .99)}, <-done
}

// steady sends 2,000 events a second until ctx ends.
func (s *server) steady(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for run := int64(100); ; run++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if _, err := s.load(context.WithoutCancel(ctx), 1, batchSize, batchSize, time.Minute, run); err != nil {
				return err
			}
		}
	}
}

// probe is the time from the acknowledgement of one event to its first appearance.
func (s *server) probe(ctx context.Context, id string) (time.Duration, error) {
	body := strings.NewReader(`{"event":"probe","event_id":"` + id + `"}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/v1/events", body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusAccepted {
		return 0, errors.Join(err, fmt.Errorf("answer %d", res.StatusCode))
	}
	acked := time.Now()
	for {
		_, status, err := s.get(ctx, "/v1/events/"+id)
		if err != nil || status == http.StatusOK {
			return time.Since(acked), err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// trend is how long a daily count over everything stored takes, read with FINAL and without; median of several runs.
func trend(ctx context.Context, s *server) (final, plain time.Duration, err error) {
	conn, err := ch.Open(ctx, s.urls.ClickHouse)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close() //nolint:errcheck // nothing is pending
	median := func(modifier string) (time.Duration, error) {
		const runs = 9
		var took []time.Duration
		for range runs {
			begin := time.Now()
			rows, err := conn.Query(ctx, "SELECT toDate(time) AS day, count() FROM events "+modifier+" WHERE tenant_id IN (SELECT tenant_id FROM events LIMIT 1) GROUP BY day SETTINGS do_not_merge_across_partitions_select_final = 1")
			if err != nil {
				return 0, err
			}
			for rows.Next() {
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return 0, err
			}
			took = append(took, time.Since(begin))
		}
		slices.Sort(took)
		return took[runs/2], nil
	}
	if final, err = median("FINAL"); err != nil {
		return 0, 0, err
	}
	plain, err = median("")
	return final, plain, err
}

// columns are the rows of the raw insert, column by column.
type columns struct {
	tenant, source, receipt, batch                                        []uuid.UUID
	event, id, user, anonymous, session, properties, context, correlation []string
	kind                                                                  []int8
	at, received                                                          []time.Time
	index                                                                 []uint16
}

func newColumns(n int) *columns {
	c := &columns{}
	for range n {
		c.event = append(c.event, "product_viewed")
		c.user = append(c.user, "user-4711")
		c.anonymous = append(c.anonymous, "0b7f6c1e-3f5c-4c62-9a0e-7d4d6d9f2a11")
		c.session = append(c.session, "s-20261121-77")
		c.properties = append(c.properties, `{"path":"/shop/telescopes/newton-150","product":"newton-150","price":349.9,"currency":"EUR","quantity":1,"in_stock":true,"category":"telescopes","position":12}`)
		c.context = append(c.context, `{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/149.0","locale":"de-DE","page":{"referrer":"https://www.example.com/search?q=newton"}}`)
		c.correlation = append(c.correlation, "4bf92f3577b34da6a3ce929d0e0e4736")
		c.kind = append(c.kind, 1)
	}
	c.id = make([]string, n)
	c.tenant, c.source, c.receipt, c.batch = make([]uuid.UUID, n), make([]uuid.UUID, n), make([]uuid.UUID, n), make([]uuid.UUID, n)
	c.at, c.received, c.index = make([]time.Time, n), make([]time.Time, n), make([]uint16, n)
	return c
}

func (c *columns) fill(from int, tenant, source, receipt uuid.UUID) {
	batch, now := uuid.New(), time.Now().UTC()
	for i := range c.id {
		c.id[i] = fmt.Sprintf("%032d", from+i)
		c.tenant[i], c.source[i], c.receipt[i], c.batch[i] = tenant, source, receipt, batch
		c.at[i], c.received[i], c.index[i] = now, now, uint16(i%batchSize) //nolint:gosec // below batchSize
	}
}

func (c *columns) all() []any {
	return []any{
		c.tenant, c.event, c.kind, c.at, c.id, c.user, c.anonymous, c.session, c.properties, c.context,
		c.source, c.received, c.correlation, c.receipt, c.index, c.batch,
	}
}
