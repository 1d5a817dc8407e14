package main

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/observatory/observatory/api"
	"github.com/observatory/observatory/tenants"
)

// readiness looks at what a node depends on. Only the log and the keys decide whether events are accepted: everything else may be away for a
// while, and what was acknowledged waits in the log. A node that starts is given the time to bring the event store up to date, if that answers.
type readiness struct{ *serving }

// Check implements api.Readiness.
func (r readiness) Check(ctx context.Context) (bool, []api.Part) {
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	parts := []api.Part{
		part("log", r.log.Full()),
		part("keys", r.keys.Ready()),
		part("postgres", r.postgres.Ping(ctx)),
		part("clickhouse", r.events.Ping(ctx)),
		part("redis", pingRedis(ctx, r.urls.Redis)),
		part("sink", r.behind()),
	}
	return parts[0].OK && parts[1].OK && r.schema.tried.IsSet(), parts
}

func part(name string, err error) api.Part {
	if err != nil {
		return api.Part{Name: name, Detail: err.Error()}
	}
	return api.Part{Name: name, OK: true}
}

// behind is an error when events have waited longer than they should to be stored.
func (s *serving) behind() error {
	const tolerated = 30 * time.Second
	if late := s.metered.waiting(s.now(), s.log, s.sink); late > tolerated {
		return fmt.Errorf("events wait for %s to be stored", late.Round(time.Second))
	}
	return nil
}

func pingRedis(ctx context.Context, url string) error {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close() //nolint:errcheck // made for one ping
	return client.Ping(ctx).Err()
}

// freshness tells how far storing has come.
type freshness struct{ *serving }

// FreshUntil implements analytics.Freshness: everything received before can be queried.
func (f freshness) FreshUntil(context.Context, tenants.ID) (time.Time, error) {
	now := f.now()
	return now.Add(-f.metered.waiting(now, f.log, f.sink)), nil
}
