package kafkalog

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/observatory/observatory/ingest"
)

// rollEvery is after how long brokers begin another file, so that the one before, which may hold what is to be forgotten, can be removed.
const rollEvery = 10 * time.Minute

// ensureTopic makes the topic, or checks that the one there is fit to be the log: with this partition, for records of this size, and such that
// nothing goes by itself.
func (l *Log) ensureTopic(ctx context.Context) error {
	meta, err := l.admin.Metadata(ctx, l.cfg.Topic)
	if err != nil {
		return err
	}
	topic := meta.Topics[l.cfg.Topic]
	if errors.Is(topic.Err, kerr.UnknownTopicOrPartition) {
		if err := l.makeTopic(ctx, len(meta.Brokers)); err != nil {
			return err
		}
	}
	if topic.Err != nil {
		return topic.Err
	}
	if have := int32(len(topic.Partitions)); have <= l.cfg.Partition { //nolint:gosec // partitions are int32
		if err := l.addPartitions(ctx, int(l.cfg.Partition+1-have)); err != nil {
			return err
		}
		return kerr.UnknownTopicOrPartition // for a moment
	}
	l.topic = topic.ID
	l.id = uuid.NewSHA1(uuid.UUID(topic.ID), binary.BigEndian.AppendUint32([]byte(meta.Cluster+" "), uint32(l.cfg.Partition))) //nolint:gosec // is not negative
	return l.checkTopic(ctx)
}

func (l *Log) makeTopic(ctx context.Context, brokers int) error {
	replicas := min(3, brokers)
	_, err := l.admin.CreateTopic(ctx, l.cfg.Partition+1, int16(replicas), map[string]*string{ //nolint:gosec // at most 3
		"cleanup.policy": text("delete"), "retention.ms": text("-1"), "retention.bytes": text("-1"),
		"max.message.bytes": text(strconv.Itoa(maxRecord + 1<<20)), "segment.ms": text(strconv.FormatInt(rollEvery.Milliseconds(), 10)),
		"min.insync.replicas": text(strconv.Itoa(max(1, replicas-1))),
	}, l.cfg.Topic)
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) { // by another node, or this one a moment ago
		return fmt.Errorf("make the topic: %w", err)
	}
	return nil
}

func (l *Log) addPartitions(ctx context.Context, more int) error {
	done, err := l.admin.CreatePartitions(ctx, more, l.cfg.Topic)
	if err == nil {
		err = done.Error()
	}
	if err != nil {
		return fmt.Errorf("add partitions to the topic: %w", err)
	}
	return nil
}

// checkTopic refuses a topic that would lose or refuse something.
func (l *Log) checkTopic(ctx context.Context) error {
	all, err := l.admin.DescribeTopicConfigs(ctx, l.cfg.Topic)
	if err != nil {
		return err
	}
	described, err := all.On(l.cfg.Topic, nil)
	if err == nil {
		err = described.Err
	}
	if err != nil {
		return err
	}
	for _, c := range described.Configs {
		n, err := strconv.ParseInt(c.MaybeValue(), 10, 64)
		switch {
		case c.Key == "cleanup.policy" && c.MaybeValue() != "delete":
			return fmt.Errorf("cleanup.policy of the topic is %s: records would go before they are stored; set it to delete", c.MaybeValue())
		case (c.Key == "retention.ms" || c.Key == "retention.bytes") && err == nil && n >= 0:
			return fmt.Errorf("%s of the topic is %d: records would go before they are stored; set it to -1", c.Key, n)
		case c.Key == "max.message.bytes" && err == nil && n < maxRecord:
			return fmt.Errorf("max.message.bytes of the topic is %d: large requests would be refused; set it to %d", n, maxRecord+1<<20)
		}
	}
	return nil
}

func text(s string) *string { return &s }

// untilKnown tries again while brokers have not told each other yet what there is, and who leads it.
func untilKnown(ctx context.Context, try func(context.Context) error) error {
	const pause = 20 * time.Millisecond
	for {
		err := try(ctx)
		if err == nil || ctx.Err() != nil || !kerr.IsRetriable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// readStart asks from where on there are records.
func (l *Log) readStart(ctx context.Context) error {
	listed, err := l.admin.ListStartOffsets(ctx, l.cfg.Topic)
	if err != nil {
		return err
	}
	start, ok := listed.Lookup(l.cfg.Topic, l.cfg.Partition)
	if !ok || start.Err != nil {
		return cmp.Or(start.Err, error(kerr.UnknownTopicOrPartition))
	}
	l.start.Store(max(l.start.Load(), start.Offset))
	return nil
}

// readEnd asks where the log ends.
func (l *Log) readEnd(ctx context.Context) (int64, error) {
	listed, err := l.admin.ListEndOffsets(ctx, l.cfg.Topic)
	if err != nil {
		return 0, err
	}
	end, ok := listed.Lookup(l.cfg.Topic, l.cfg.Partition)
	if !ok {
		return 0, kerr.UnknownTopicOrPartition
	}
	return end.Offset, end.Err
}

// Trim implements ingest.Log. Brokers are told now and then; that they could not be is no failure.
func (l *Log) Trim(before ingest.Offset) error {
	l.tell.Lock()
	defer l.tell.Unlock()
	l.trimmed = max(l.trimmed, int64(before))
	if l.cfg.Now().Sub(l.told) < trimEvery {
		return nil
	}
	if err := l.removeRecords(); err != nil {
		l.cfg.Logger.Warn("what is stored could not be removed from the log; it is tried again", "error", err)
	}
	return nil
}

// Forget implements ingest.Log. From then on brokers give the records to nobody; they remove the bytes with the file that holds them: see
// rollEvery.
func (l *Log) Forget(before ingest.Offset) (ingest.Offset, error) {
	l.tell.Lock()
	defer l.tell.Unlock()
	l.trimmed = max(l.trimmed, int64(before))
	if err := l.removeRecords(); err != nil {
		return 0, fmt.Errorf("forget what is before offset %d of the log: %w", before, err)
	}
	l.reader.leave()
	return ingest.Offset(l.start.Load()), nil
}

func (l *Log) removeRecords() error {
	before := min(l.trimmed, int64(l.durable.At()))
	l.told = l.cfg.Now()
	if before <= l.start.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(l.client.Context(), l.cfg.Patience)
	defer cancel()
	var offsets kadm.Offsets
	offsets.AddOffset(l.cfg.Topic, l.cfg.Partition, before, -1)
	done, err := l.admin.DeleteRecords(ctx, offsets)
	if err != nil {
		return err
	}
	r, err := done.On(l.cfg.Topic, l.cfg.Partition, nil)
	if err == nil {
		err = r.Err
	}
	if err != nil {
		return err
	}
	l.start.Store(max(l.start.Load(), r.LowWatermark))
	return nil
}
