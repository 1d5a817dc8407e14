package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/observatory/observatory/internal/jobs"
)

// redis is the queue of messages.
type redis struct {
	client    *asynq.Client
	inspector *asynq.Inspector
	log       *slog.Logger
}

func newRedis(connection asynq.RedisConnOpt, log *slog.Logger) *redis {
	return &redis{client: asynq.NewClient(connection), inspector: asynq.NewInspector(connection), log: log}
}

func (q *redis) close() error {
	return errors.Join(q.client.Close(), q.inspector.Close())
}

// never is how long asynq may take a message for being worked on: the ledger decides that, not asynq, whose default is half an hour.
const never = 365 * 24 * time.Hour

// send puts a message into Redis. One that is there already is not sent again.
func (q *redis) send(ctx context.Context, m jobs.Message) error {
	text := encode(m)
	_, err := q.client.EnqueueContext(ctx, asynq.NewTask(m.Kind, []byte(text)),
		asynq.Queue(string(m.Queue)), asynq.TaskID(text), asynq.MaxRetry(0), asynq.Timeout(never))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}

// waits says whether a message is in Redis and will be taken out. It is not where Redis has forgotten it, nor where asynq
// believes that somebody works on it: asynq leaves such messages behind when a worker dies at the wrong moment, and nobody
// takes them out any more (https://github.com/hibiken/asynq/issues/1144).
func (q *redis) waits(m jobs.Message) (bool, error) {
	info, err := q.inspector.GetTaskInfo(string(m.Queue), encode(m))
	switch {
	case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return info.State == asynq.TaskStatePending, nil
}

// encode is a message as text, which is its ID in Redis and all that it says: the job, and the how-manieth message about it.
func encode(m jobs.Message) string { return m.ID.String() + ":" + strconv.Itoa(m.Dispatch) }

func decode(queue jobs.Queue, t *asynq.Task) (jobs.Message, error) {
	m := jobs.Message{Queue: queue, Kind: t.Type()}
	id, dispatch, _ := strings.Cut(string(t.Payload()), ":")
	var err1, err2 error
	m.ID, err1 = uuid.Parse(id)
	m.Dispatch, err2 = strconv.Atoi(dispatch)
	if err := errors.Join(err1, err2); err != nil {
		return m, fmt.Errorf("read a message of the queue %s: %w", queue, err)
	}
	return m, nil
}

// serve takes messages of a queue out of Redis, until the server is stopped. ctx is for the jobs.
//
// asynq has its own idea of leases and of tasks that are retried. None of it is used: to asynq every message is done as
// soon as receive returns, and what becomes of the job stands in the ledger.
func (w *Workers) serve(ctx context.Context, connection asynq.RedisConnOpt, queue jobs.Queue) (*asynq.Server, error) {
	server := asynq.NewServer(connection, asynq.Config{
		Concurrency: w.cfg.Slots[queue], Queues: map[string]int{string(queue): 1},
		TaskCheckInterval: checkInterval(queue), ShutdownTimeout: time.Second, // jobs have ended before
		Logger: asynqLog{w.Logger}, LogLevel: asynq.WarnLevel,
	})
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		w.receive(ctx, queue, t)
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("serve the queue %s: %w", queue, err)
	}
	return server, nil
}

// checkInterval is how often asynq looks whether there is a message in an empty queue.
func checkInterval(queue jobs.Queue) time.Duration {
	if queue == jobs.Bulk {
		return time.Second
	}
	return 250 * time.Millisecond
}

// asynqLog hands asynq's lines to our logger.
type asynqLog struct{ *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.Logger.Debug(fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.Logger.Info(fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.Logger.Warn(fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.Logger.Error(fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.Logger.Error(fmt.Sprint(args...)) } // asynq would end the process; ours goes on
