package kafkalog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/observatory/observatory/ingest"
)

// reader keeps what reading in order needs between calls: who leads the partition, and the records that were fetched and did not fit.
type reader struct {
	mu      sync.Mutex
	leader  int32
	known   bool // who leads
	ahead   []*kgo.Record
	entries []ingest.Entry
}

// Read implements ingest.Log.
func (l *Log) Read(from ingest.Offset, maxBytes int) ([]ingest.Entry, error) {
	r := &l.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	end := l.durable.At()
	from = max(from, ingest.Offset(l.start.Load()))
	if from >= end {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(l.client.Context(), l.cfg.Patience)
	defer cancel()
	if len(r.ahead) == 0 || r.ahead[0].Offset != int64(from) {
		var err error
		if r.ahead, err = l.fetch(ctx, int64(from), maxBytes); err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
	}
	r.entries = r.entries[:0]
	size := 0
	for _, record := range r.ahead {
		size += len(record.Value)
		if record.Offset >= int64(end) || len(r.entries) > 0 && size > maxBytes {
			break
		}
		offset := ingest.Offset(record.Offset)
		if n := len(r.entries); n > 0 {
			offset = r.entries[n-1].Next // where brokers have left something out, it belongs to what comes behind it
		} else if ingest.Offset(l.start.Load()) <= from {
			offset = from
		}
		r.entries = append(r.entries, ingest.Entry{Offset: offset, Next: ingest.Offset(record.Offset + 1), Record: record.Value})
	}
	r.ahead = r.ahead[len(r.entries):]
	return r.entries, nil
}

// leave lets go of what was fetched.
func (r *reader) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead, r.entries = nil, nil
}

// fetch asks whoever leads the partition for records from an offset on, until there are some.
func (l *Log) fetch(ctx context.Context, from int64, maxBytes int) ([]*kgo.Record, error) {
	const pause = 50 * time.Millisecond
	for {
		records, err := l.fetchOnce(ctx, from, maxBytes)
		if err == nil && len(records) > 0 {
			return records, nil
		}
		switch {
		case err == nil:
		case errors.Is(err, kerr.OffsetOutOfRange):
			if err := l.readStart(ctx); err != nil {
				return nil, err
			}
			if start := l.start.Load(); start > from {
				from = start
				continue
			}
		case ctx.Err() != nil || !kerr.IsRetriable(err) && isAnswer(err):
			return nil, err
		default: // the partition may have another leader now
			l.reader.known = false
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// isAnswer tells what a broker has said from what happened on the way to it.
func isAnswer(err error) bool {
	var said *kerr.Error
	return errors.As(err, &said)
}

func (l *Log) fetchOnce(ctx context.Context, from int64, maxBytes int) ([]*kgo.Record, error) {
	r := &l.reader
	if !r.known {
		meta, err := l.admin.Metadata(ctx, l.cfg.Topic)
		if err != nil {
			return nil, err
		}
		p, ok := meta.Topics[l.cfg.Topic].Partitions[l.cfg.Partition]
		if !ok || p.Err != nil {
			return nil, errors.Join(kerr.UnknownTopicOrPartition, p.Err)
		}
		r.leader, r.known = p.Leader, true
	}
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.Partition, partition.FetchOffset, partition.CurrentLeaderEpoch = l.cfg.Partition, from, -1
	partition.PartitionMaxBytes = int32(min(max(maxBytes, 1), 1<<30)) //nolint:gosec // bounded
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = l.cfg.Topic, l.topic, []kmsg.FetchRequestTopicPartition{partition}
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes, request.SessionEpoch, request.Topics = 200, 1, partition.PartitionMaxBytes, -1, []kmsg.FetchRequestTopic{topic}
	answer, err := l.client.Broker(int(r.leader)).RetriableRequest(ctx, request)
	if err != nil {
		return nil, err
	}
	response, ok := answer.(*kmsg.FetchResponse)
	if !ok || len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		if ok && response.ErrorCode != 0 {
			return nil, kerr.ErrorForCode(response.ErrorCode)
		}
		return nil, nil
	}
	fetched, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Offset: from, Topic: l.cfg.Topic, Partition: l.cfg.Partition},
		&response.Topics[0].Partitions[0], kgo.DefaultDecompressor(), nil)
	return fetched.Records, fetched.Err
}
