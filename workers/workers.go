// Package workers runs background tasks through asynq: a schedule puts them into Redis, and whichever process has room
// takes them out. Redis is disposable: what a task has to do stands in Postgres or ClickHouse, so a task that was lost is
// made good by the next of its kind.
package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Task is one kind of work that is done again and again.
type Task struct {
	Name    string        // as in "mail:deliver"
	Every   time.Duration // at least a second
	Timeout time.Duration
	Run     func(ctx context.Context) error
}

// Config of the workers of a process.
type Config struct {
	RedisURL string
	Slots    int           // tasks at a time; default 4
	Drain    time.Duration // for tasks that are running when the process is asked to end; default 10 s
}

// Workers are the workers of a process.
type Workers struct {
	cfg    Config
	tasks  []Task
	logger *slog.Logger
	runs   *prometheus.CounterVec
	took   *prometheus.HistogramVec
}

// New makes workers for tasks.
func New(cfg Config, logger *slog.Logger, registry *prometheus.Registry, tasks ...Task) *Workers {
	if cfg.Slots == 0 {
		cfg.Slots = 4
	}
	if cfg.Drain == 0 {
		cfg.Drain = 10 * time.Second
	}
	f := promauto.With(registry)
	return &Workers{
		cfg: cfg, tasks: tasks, logger: logger,
		runs: f.NewCounterVec(prometheus.CounterOpts{Name: "observatory_task_runs_total", Help: "Runs of background tasks."}, []string{"task", "outcome"}),
		took: f.NewHistogramVec(prometheus.HistogramOpts{Name: "observatory_task_duration_seconds", Help: "Duration of background tasks.", Buckets: prometheus.ExponentialBuckets(.01, 4, 8)}, []string{"task"}),
	}
}

const queue = "default"

// Run schedules and works until ctx ends, then waits for what is running. While Redis is away nothing is scheduled, and nothing is lost by it.
func (w *Workers) Run(ctx context.Context) error {
	connection, err := asynq.ParseRedisURI(w.cfg.RedisURL)
	if err != nil {
		return fmt.Errorf("parse the Redis URL: %w", err)
	}
	log := asynqLog{w.logger}
	server := asynq.NewServer(connection, asynq.Config{
		Concurrency: w.cfg.Slots, Queues: map[string]int{queue: 1}, ShutdownTimeout: w.cfg.Drain,
		Logger: log, LogLevel: asynq.WarnLevel,
		BaseContext: func() context.Context { return context.WithoutCancel(ctx) },
		ErrorHandler: asynq.ErrorHandlerFunc(func(_ context.Context, t *asynq.Task, err error) {
			w.logger.Error("a task failed", "task", t.Type(), "error", err)
		}),
	})
	mux := asynq.NewServeMux()
	for _, task := range w.tasks {
		mux.HandleFunc(task.Name, w.handler(task))
	}
	if err := w.start(ctx, func() error { return server.Start(mux) }); err != nil {
		return nil //nolint:nilerr // ended before Redis answered
	}
	defer server.Shutdown()

	scheduler := asynq.NewScheduler(connection, &asynq.SchedulerOpts{
		Logger: log, LogLevel: asynq.WarnLevel, Location: time.UTC,
		PostEnqueueFunc: func(_ *asynq.TaskInfo, err error) {
			if err != nil && !errors.Is(err, asynq.ErrDuplicateTask) { // a duplicate waits or runs already
				w.logger.Warn("a task could not be scheduled; the next tick tries again", "error", err)
			}
		},
	})
	for _, task := range w.tasks {
		options := []asynq.Option{asynq.Queue(queue), asynq.MaxRetry(0), asynq.Timeout(task.Timeout), asynq.Unique(max(task.Every, task.Timeout))}
		if _, err := scheduler.Register("@every "+task.Every.String(), asynq.NewTask(task.Name, nil), options...); err != nil {
			return fmt.Errorf("schedule %s: %w", task.Name, err)
		}
	}
	if err := w.start(ctx, scheduler.Start); err != nil {
		return nil //nolint:nilerr // ended before Redis answered
	}
	defer scheduler.Shutdown()
	<-ctx.Done()
	return nil
}

// start tries until Redis answers, or returns ctx's error.
func (w *Workers) start(ctx context.Context, try func() error) error {
	const pause = time.Second
	for {
		err := try()
		if err == nil {
			return nil
		}
		w.logger.Warn("the workers wait for Redis", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (w *Workers) handler(task Task) func(context.Context, *asynq.Task) error {
	return func(ctx context.Context, _ *asynq.Task) error {
		start := time.Now()
		err := task.Run(ctx)
		outcome := "ok"
		if err != nil {
			outcome = "failed"
		}
		w.runs.WithLabelValues(task.Name, outcome).Inc()
		w.took.WithLabelValues(task.Name).Observe(time.Since(start).Seconds())
		return err
	}
}

// asynqLog hands asynq's lines to our logger.
type asynqLog struct{ *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.Logger.Debug(fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.Logger.Info(fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.Logger.Warn(fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.Logger.Error(fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.Logger.Error(fmt.Sprint(args...)) } // asynq would end the process; ours goes on
