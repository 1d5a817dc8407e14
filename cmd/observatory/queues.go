package main

import (
	"fmt"
	"net/http"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
)

// queuesPath is where operators look into Redis.
const queuesPath = "/internal/queues"

// queues shows operators what is in Redis. It changes nothing there: what has to be done stands in the ledger of jobs.
type queues struct{ monitor *asynqmon.HTTPHandler }

func newQueues(redisURL string) (*queues, error) {
	connection, err := asynq.ParseRedisURI(redisURL)
	if err != nil {
		return nil, fmt.Errorf("parse the Redis URL: %w", err)
	}
	return &queues{asynqmon.New(asynqmon.Options{RootPath: queuesPath, RedisConnOpt: connection, ReadOnly: true})}, nil
}

// ServeHTTP implements http.Handler. The pages ask for fonts of another host, which they do without.
func (q *queues) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	q.monitor.ServeHTTP(w, r)
}

func (q *queues) close() error { return q.monitor.Close() }
