package kafkalog_test

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/kafkalog"
	"github.com/observatory/observatory/ingest/logtest"
)

func open(t *testing.T, cfg kafkalog.Config) *kafkalog.Log {
	t.Helper()
	l, err := kafkalog.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// Brokers that refuse are no acknowledgement, and once they do not the log goes on: with everything that was acknowledged, once and in order.
func TestBrokersRefuse(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	cfg := config(c, "log")
	cfg.Patience = time.Second
	l := open(t, cfg)
	var refuse atomic.Bool
	c.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if !refuse.Load() {
			return nil, nil, false
		}
		produce := request.(*kmsg.ProduceRequest)
		response := produce.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range produce.Topics {
			out := kmsg.NewProduceResponseTopic()
			out.Topic, out.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				partition := kmsg.NewProduceResponseTopicPartition()
				partition.Partition, partition.ErrorCode = p.Partition, kerr.NotEnoughReplicas.Code
				out.Partitions = append(out.Partitions, partition)
			}
			response.Topics = append(response.Topics, out)
		}
		return response, nil, true
	})
	acknowledged := []string{}
	add := func(record string) {
		t.Helper()
		_, err := l.Append(t.Context(), []byte(record))
		require.NoError(t, err)
		acknowledged = append(acknowledged, record)
	}
	for range 2 {
		add("before")
		refuse.Store(true)
		_, err := l.Append(t.Context(), []byte("refused"))
		require.ErrorIs(t, err, ingest.ErrLogUnavailable)
		refuse.Store(false)
		require.Eventually(t, func() bool { // what was refused may still be on its way
			_, err := l.Append(t.Context(), []byte("probe"))
			return err == nil
		}, 30*time.Second, 10*time.Millisecond)
		acknowledged = append(acknowledged, "probe")
		require.NoError(t, l.Full())
		add("after")
	}
	found := logtest.Records(logtest.ReadAll(t, l, 0, 1<<20))
	for _, record := range found {
		if len(acknowledged) > 0 && record == acknowledged[0] {
			acknowledged = acknowledged[1:]
		}
	}
	require.Empty(t, acknowledged, "of %q", found)
}

// Reading goes on when brokers change who leads.
func TestLeadersMove(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	l := open(t, config(c, "log"))
	want := []string{}
	for i := range 30 {
		c.ShufflePartitionLeaders()
		record := strings.Repeat("x", i+1)
		_, err := l.Append(t.Context(), []byte(record))
		require.NoError(t, err)
		want = append(want, record)
		c.ShufflePartitionLeaders()
		require.Equal(t, want, logtest.Records(logtest.ReadAll(t, l, 0, 1<<20)))
	}
}

func TestLargeRecords(t *testing.T) {
	t.Parallel()
	l := open(t, config(cluster(t), "log"))
	record := bytes.Repeat([]byte("0123456789abcdef"), 21<<16) // 21 MiB
	_, err := l.Append(t.Context(), record)
	require.NoError(t, err)
	_, err = l.Append(t.Context(), []byte("small"))
	require.NoError(t, err)
	all := logtest.ReadAll(t, l, 0, 1<<20)
	require.Len(t, all, 2)
	require.True(t, bytes.Equal(record, all[0].Record))
	for _, size := range []int{0, 32 << 20} {
		_, err = l.Append(t.Context(), make([]byte, size))
		require.ErrorContains(t, err, "a record has 1 to")
	}
}

// Each node has a partition of its own, which is added where there are too few, and a name that stays.
func TestPartitions(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	cfg := config(c, "log")
	first := open(t, cfg)
	cfg.Partition = 3
	second := open(t, cfg)
	require.NotEqual(t, first.ID(), second.ID())
	require.Equal(t, second.ID(), open(t, cfg).ID())
	_, err := second.Append(t.Context(), []byte("second"))
	require.NoError(t, err)
	require.Empty(t, logtest.ReadAll(t, first, 0, 1<<20))
	require.Len(t, logtest.ReadAll(t, second, 0, 1<<20), 1)
}

// A topic that would lose or refuse something is refused itself, in words that say what to do.
func TestTopicsThatAreNotFit(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	require.NoError(t, err)
	defer client.Close()
	large, forever := "33554432", "-1"
	for name, settings := range map[string]map[string]string{
		"cleanup.policy":    {"cleanup.policy": "compact"},
		"retention.ms":      {"retention.ms": "604800000"},
		"retention.bytes":   {"retention.bytes": "1000000"},
		"max.message.bytes": {"max.message.bytes": "1048588"},
	} {
		all := map[string]*string{"retention.ms": &forever, "retention.bytes": &forever, "max.message.bytes": &large}
		for key, value := range settings {
			all[key] = &value
		}
		_, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, all, name)
		require.NoError(t, err)
		_, err = kafkalog.Open(t.Context(), config(c, name))
		require.ErrorContains(t, err, name+" of the topic is ")
	}
}

func TestBrokers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a:1": {"a:1"}, "a:1,b:2": {"a:1", "b:2"}, "kafka://a:1,b:2": {"a:1", "b:2"}, "kafkas://u:p%40%2C@a:1,[::1]:2": {"a:1", "[::1]:2"},
	} {
		got, _, err := kafkalog.ParseBrokers(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "a", "a:1,", "kafka://", "http://a:1", ":9092", "kafka://u:%zz@a:1", "u:p@a:1,b:2"} {
		_, _, err := kafkalog.ParseBrokers(text)
		require.ErrorIs(t, err, kafkalog.ErrBrokers, text)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "observatory", "a:b@c"))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	for password, fits := range map[string]bool{"a%3Ab%40c": true, "wrong": false} {
		cfg := config(c, "log")
		cfg.Patience = 2 * time.Second
		var err error
		cfg.Brokers, cfg.Options, err = kafkalog.ParseBrokers("kafka://observatory:" + password + "@" + strings.Join(c.ListenAddrs(), ","))
		require.NoError(t, err)
		l, err := kafkalog.Open(t.Context(), cfg)
		require.Equal(t, fits, err == nil, "%s: %v", password, err)
		if l != nil {
			_, err = l.Append(t.Context(), []byte("record"))
			require.NoError(t, err)
			require.NoError(t, l.Close())
		}
	}
}
