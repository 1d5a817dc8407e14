package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/tenants"
)

// otherTenants share one half of the events; one tenant, whose users are erased, has the other.
const otherTenants = 10

// erase erases one and a thousand people of a tenant from the store while somebody asks questions, and prints how long it took until nobody
// saw them any more and until they were gone from the disk. What a request waits for otherwise, the logs and the next purge, is not in it.
func erase(ctx context.Context, s *server, events int) (err error) {
	conn, err := ch.Open(ctx, s.urls.ClickHouse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	to := time.Now().UTC().Truncate(24 * time.Hour)
	from := to.AddDate(0, 0, -trendDays)
	tenant := tenants.NewID()
	begin := time.Now()
	if err := history(ctx, conn, tenant, from, events/2); err != nil {
		return fmt.Errorf("store the history: %w", err)
	}
	for range otherTenants {
		if err := history(ctx, conn, tenants.NewID(), from, events/2/otherTenants); err != nil {
			return fmt.Errorf("store the history of others: %w", err)
		}
	}
	var parts, bytes uint64
	if err := conn.QueryRow(ctx, "SELECT count(), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'").Scan(&parts, &bytes); err != nil {
		return err
	}
	fmt.Printf("%d events over %d days, half of them of one tenant, half of %d others; %d parts, %.0f MB; stored in %.0f s\n\n", events, trendDays, otherTenants, parts, float64(bytes)/1e6, time.Since(begin).Seconds())

	asker := &asker{tenant: tenant, from: from, to: to, service: analytics.New(analytics.Deps{
		Store: analyticsch.New(analyticsch.Config{Conn: conn, Now: time.Now, Limits: analyticsch.Limits{Time: time.Minute}}), Now: time.Now,
	})}
	const calm = 20 * time.Second
	if err := asker.during(ctx, func() error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(calm):
			return nil
		}
	}); err != nil {
		return err
	}
	fmt.Printf("    a daily count over all days of the tenant, asked for all the time: %s\n", asker.took)

	key, err := metering.NewKey(make([]byte, seal.KeyLength)) // nobody counts them
	if err != nil {
		return err
	}
	store := privacych.New(privacych.Config{Conn: conn, Rollups: analyticsch.NewRollups(analyticsch.Config{Conn: conn, Now: time.Now}), Key: key, Readers: time.Nanosecond})
	for _, people := range []int{1, 1000} {
		if err := eraseSome(ctx, s, conn, store, asker, people); err != nil {
			return fmt.Errorf("erase %d: %w", people, err)
		}
	}
	return nil
}

// eraseSome erases so many people, whom no other run has erased.
func eraseSome(ctx context.Context, s *server, conn driver.Conn, store *privacych.Store, asker *asker, people int) error {
	rows, err := conn.Query(ctx, "SELECT DISTINCT user_id, anonymous_id FROM events WHERE tenant_id = {tenant:UUID} AND user_id != '' ORDER BY cityHash64(user_id) LIMIT "+strconv.Itoa(people),
		clickhouse.Named("tenant", asker.tenant.String()))
	if err != nil {
		return err
	}
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), ReceivedBefore: time.Now()}
	for rows.Next() {
		var user, anonymous string
		if err := rows.Scan(&user, &anonymous); err != nil {
			return err
		}
		op.Subjects.UserIDs, op.Subjects.AnonymousIDs = append(op.Subjects.UserIDs, user), append(op.Subjects.AnonymousIDs, anonymous)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	found, err := store.Events().Find(ctx, asker.tenant, op)
	if err != nil {
		return err
	}
	before, err := s.usage()
	if err != nil {
		return err
	}
	begin := time.Now()
	var hidden, events, purged, gone time.Duration
	err = asker.during(ctx, func() error {
		for _, c := range store.Copies() {
			if _, err := c.Erase(ctx, asker.tenant, op); err != nil {
				return fmt.Errorf("%s: %w", c.Name(), err)
			}
			if c.Name() == "events" {
				events = time.Since(begin)
			}
		}
		hidden = time.Since(begin)
		if _, err := store.Purge(ctx); err != nil {
			return err
		}
		purged = time.Since(begin)
		for _, c := range store.Copies() {
			if err := untilGone(ctx, store, c, asker.tenant, op); err != nil {
				return err
			}
		}
		gone = time.Since(begin)
		return nil
	})
	if err != nil {
		return err
	}
	after, err := s.usage()
	if err != nil {
		return err
	}
	fmt.Printf("(k) erase %4d people, %6d events     hidden after %.1f s (events after %.1f s), written anew after %.1f s, gone from the disk after %.1f s; %.1f CPU-s of ClickHouse, questions among them; answers meanwhile: %s\n",
		people, found.Items, hidden.Seconds(), events.Seconds(), purged.Seconds(), gone.Seconds(), (after.clickhouse - before.clickhouse).Seconds(), asker.took)
	return nil
}

func untilGone(ctx context.Context, store *privacych.Store, c privacy.Copy, tenant tenants.ID, op privacy.Operation) error {
	for {
		v, err := c.Verify(ctx, tenant, op)
		if err != nil {
			return err
		}
		if v.Left > 0 {
			return fmt.Errorf("%s: %d are left", c.Name(), v.Left)
		}
		if v.Pending == "" {
			return nil
		}
		if _, err := store.Purge(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %s: %w", c.Name(), v.Pending, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// asker asks one question again and again.
type asker struct {
	service  *analytics.Service
	tenant   tenants.ID
	from, to time.Time
	took     answers
}

// answers are how long answers took.
type answers []time.Duration

func (a answers) String() string {
	if len(a) == 0 {
		return "none"
	}
	slices.Sort(a)
	return fmt.Sprintf("%d, p50 %.0f ms, p99 %.0f ms", len(a), ms(a[len(a)/2]), ms(a[len(a)*99/100]))
}

// during asks while something goes on.
func (a *asker) during(ctx context.Context, do func() error) error {
	a.took = nil
	ctx, stop := context.WithCancel(ctx)
	var asking sync.WaitGroup
	var failed error
	asking.Go(func() {
		for ctx.Err() == nil {
			begin := time.Now()
			_, err := a.service.Trends(ctx, a.tenant, analytics.TrendsQuery{
				Measure: analytics.MeasureCount, Interval: analytics.IntervalDay, From: a.from, To: a.to, Timezone: "UTC", Source: analytics.SourceEvents,
			})
			if ctx.Err() == nil && err != nil {
				failed = err
				return
			}
			a.took = append(a.took, time.Since(begin))
		}
	})
	err := do()
	stop()
	asking.Wait()
	return errors.Join(err, failed)
}
