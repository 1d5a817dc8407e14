// Package kafkalog is the durable log on the Kafka protocol: one partition of a topic is the log of one node. What was acknowledged outlives the
// node and its disk. An append returns when all replicas that are in sync have its record; records that are added at the same time go together.
//
// Offsets are those of Kafka: they count records.
package kafkalog

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/observatory/observatory/ingest"
)

// Config of a log.
type Config struct {
	Brokers   []string // host:port of some of them
	Topic     string   // made where it is not there
	Partition int32    // that this node alone writes
	// Patience is how long an append or a question waits for brokers; default 15 s.
	Patience time.Duration
	Logger   *slog.Logger
	Now      func() time.Time
	// Synced, when set, is told the records, bytes and duration of each append.
	Synced func(records, bytes int, took time.Duration)
	// Options are further options of the client, for TLS and passwords.
	Options []kgo.Opt
}

const (
	// maxRecord is what Open sees to that brokers take. A request inflates to at most 20 MiB; its record is not much larger.
	maxRecord = 31 << 20
	// defaultPatience leaves time for another broker to take a partition over.
	defaultPatience = 15 * time.Second
	// trimEvery is how often brokers are told what is not needed any more, at most.
	trimEvery = time.Second
)

// Log is an ingest.Log in a partition.
type Log struct {
	cfg    Config
	client *kgo.Client
	admin  *kadm.Client
	id     uuid.UUID
	topic  kadm.TopicID

	adding  sync.RWMutex // held for reading while something is added, so that Close waits for it
	closed  bool
	pending sync.WaitGroup // records that were added and are not durable yet
	durable *ingest.Watermark
	failing atomic.Bool // the last record was refused

	tell    sync.Mutex // of what follows
	trimmed int64      // what is before is not needed
	told    time.Time  // when brokers were told so last
	start   atomic.Int64

	reader reader
}

var _ ingest.Log = (*Log)(nil)

// Open opens the log, and makes its topic where there is none.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if cfg.Patience == 0 {
		cfg.Patience = defaultPatience
	}
	options := append([]kgo.Opt{
		kgo.SeedBrokers(cfg.Brokers...), kgo.ClientID("observatory"),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(maxRecord + 1<<20), kgo.MaxBufferedBytes(2 * maxRecord), kgo.ProducerBatchCompression(kgo.ZstdCompression(), kgo.NoCompression()),
		kgo.RecordDeliveryTimeout(cfg.Patience), kgo.MetadataMinAge(50 * time.Millisecond),
	}, cfg.Options...)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("make the client of Kafka: %w", err)
	}
	l := &Log{cfg: cfg, client: client, admin: kadm.NewClient(client)}
	if err := l.open(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("open partition %d of topic %q: %w", cfg.Partition, cfg.Topic, err)
	}
	return l, nil
}

func (l *Log) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*l.cfg.Patience)
	defer cancel()
	var end int64
	for _, step := range []func(context.Context) error{
		l.ensureTopic, l.readStart,
		func(ctx context.Context) (err error) { end, err = l.readEnd(ctx); return err },
	} {
		if err := untilKnown(ctx, step); err != nil {
			return err
		}
	}
	l.trimmed = l.start.Load()
	l.durable = ingest.NewWatermark(ingest.Offset(end))
	return nil
}

// ID names the log for as long as its topic lives.
func (l *Log) ID() uuid.UUID { return l.id }

// Start is the offset of the oldest record that is kept; nothing before it is needed any more.
func (l *Log) Start() ingest.Offset { return ingest.Offset(l.start.Load()) }

// Append implements ingest.Log.
func (l *Log) Append(ctx context.Context, record []byte) (ingest.Offset, error) {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, l.cfg.Patience)
	defer cancel()
	type outcome struct {
		ends ingest.Offset
		err  error
	}
	done := make(chan outcome, 1)
	if err := l.add(limited, record, func(ends ingest.Offset, err error) { done <- outcome{ends, err} }); err != nil {
		return 0, err
	}
	select {
	case o := <-done:
		if o.err == nil && l.cfg.Synced != nil {
			l.cfg.Synced(1, len(record), time.Since(start))
		}
		if ctx.Err() != nil && o.err != nil {
			return 0, ctx.Err()
		}
		return o.ends, o.err
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-limited.Done():
		return 0, unavailable(limited.Err())
	}
}

// AppendLoosely implements ingest.Log.
func (l *Log) AppendLoosely(ctx context.Context, record []byte) error {
	return l.add(context.WithoutCancel(ctx), record, func(ingest.Offset, error) {})
}

// add hands a copy of the record to the client, which sends it with others. It waits while too much waits to be sent.
func (l *Log) add(ctx context.Context, record []byte, done func(ends ingest.Offset, err error)) error {
	if len(record) == 0 || len(record) > maxRecord {
		return fmt.Errorf("a record has 1 to %d bytes, not %d", maxRecord, len(record))
	}
	l.adding.RLock()
	defer l.adding.RUnlock()
	if l.closed {
		return ingest.ErrLogUnavailable
	}
	l.pending.Add(1)
	l.client.Produce(ctx, &kgo.Record{Topic: l.cfg.Topic, Partition: l.cfg.Partition, Value: bytes.Clone(record)}, func(r *kgo.Record, err error) {
		defer l.pending.Done()
		if err != nil {
			if l.failing.CompareAndSwap(false, true) { // once: there may be thousands of them a second
				l.cfg.Logger.Error("the log cannot be written; nothing is acknowledged until it can", "error", err)
			}
			done(0, unavailable(err))
			return
		}
		if l.failing.CompareAndSwap(true, false) {
			l.cfg.Logger.Info("the log can be written again")
		}
		ends := ingest.Offset(r.Offset + 1)
		if ends > l.durable.At() { // promises of one partition come in order, one at a time
			l.durable.Advance(ends)
		}
		done(ends, nil)
	})
	return nil
}

func unavailable(err error) error {
	const retryAfter = 10 * time.Second
	return ingest.ErrLogUnavailable.After(retryAfter).Because(err)
}

// Full tells whether appends are refused.
func (l *Log) Full() error {
	if l.failing.Load() {
		return ingest.ErrLogUnavailable
	}
	return nil
}

// Sync implements ingest.Log.
func (l *Log) Sync(ctx context.Context) (ingest.Offset, error) {
	l.adding.RLock()
	closed := l.closed
	l.adding.RUnlock()
	if closed {
		return 0, ingest.ErrLogUnavailable
	}
	if err := l.client.Flush(ctx); err != nil {
		return 0, err
	}
	return l.durable.At(), nil
}

// Wait implements ingest.Log.
func (l *Log) Wait(ctx context.Context, after ingest.Offset) error { return l.durable.Wait(ctx, after) }

// End implements ingest.Log.
func (l *Log) End() ingest.Offset { return l.durable.At() }

// Close sends what is pending and closes the log.
func (l *Log) Close() error {
	l.adding.Lock()
	defer l.adding.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.pending.Wait()
	l.client.Close()
	return nil
}
