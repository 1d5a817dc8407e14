package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/kafkalog"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/privacy"
)

// durableLog is the log of this node, wherever it lies, and what the sink behind it remembers.
type durableLog struct {
	ingest.Log
	full  func() error // an error when appends are refused
	id    uuid.UUID    // for as long as the log lives
	kind  string       // see package privacy
	state *sinkstate.State
}

// Full tells whether appends are refused.
func (l *durableLog) Full() error { return l.full() }

func (l *durableLog) close() error { return errors.Join(l.Close(), l.state.Close()) }

// openDurableLog opens the log of this node: on brokers where some are configured, or else in the data folder.
func openDurableLog(ctx context.Context, n *node, synced func(records, bytes int, took time.Duration)) (*durableLog, error) {
	if n.cfg.KafkaBrokers != "" {
		return openKafkaLog(ctx, n, synced)
	}
	state, settled, err := openSinkState(n, "sink")
	if err != nil {
		return nil, err
	}
	log, err := openLocalLog(n, settled, synced)
	if err != nil {
		return nil, errors.Join(err, state.Close())
	}
	id, err := logID(n.cfg.DataDir)
	if err != nil {
		return nil, errors.Join(err, log.Close(), state.Close())
	}
	return &durableLog{Log: log, full: log.Full, id: id, kind: privacy.LocalLog, state: state}, nil
}

func openLocalLog(n *node, settled ingest.Offset, synced func(records, bytes int, took time.Duration)) (*eventlog.Log, error) {
	return eventlog.Open(eventlog.Config{FS: vfs.Default, Dir: filepath.Join(n.cfg.DataDir, "log"), Floor: settled, Logger: n.logger, Synced: synced})
}

func openSinkState(n *node, folder string) (*sinkstate.State, ingest.Offset, error) {
	state, err := sinkstate.Open(sinkstate.Config{FS: vfs.Default, Dir: filepath.Join(n.cfg.DataDir, folder), Secret: n.cfg.SecretKey, Logger: n.logger})
	if err != nil {
		return nil, 0, err
	}
	settled, _, err := state.Load()
	if err != nil {
		return nil, 0, errors.Join(err, state.Close())
	}
	return state, settled, nil
}

var (
	errLogLeft     = errors.New("the log in the data folder holds events that are not stored yet: run this node without kafka-brokers until it ends in order, then with it")
	errLogReplaced = errors.New("the log ends before what was stored from it: its topic was made anew or has lost records; give this node another partition or data folder")
)

// openKafkaLog opens the partition that is this node's log. What the sink remembers of it lies in the data folder. A node that has lost that goes
// on where the log begins, because what was stored has been removed from it.
func openKafkaLog(ctx context.Context, n *node, synced func(records, bytes int, took time.Duration)) (*durableLog, error) {
	if err := nothingLeft(n); err != nil {
		return nil, err
	}
	brokers, options, err := kafkalog.ParseBrokers(n.cfg.KafkaBrokers)
	if err != nil {
		return nil, err
	}
	log, err := kafkalog.Open(ctx, kafkalog.Config{
		Brokers: brokers, Options: options, Topic: n.cfg.KafkaTopic, Partition: int32(n.cfg.KafkaPartition), //nolint:gosec // at most 9999
		Logger: n.logger, Now: n.now, Synced: synced,
	})
	if err != nil {
		return nil, err
	}
	state, settled, err := openSinkState(n, "sink-"+log.ID().String())
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	l := &durableLog{Log: log, full: log.Full, id: log.ID(), kind: privacy.KafkaLog, state: state}
	switch {
	case settled > log.End():
		err = errLogReplaced
	case settled < log.Start():
		err = state.Settle(log.Start(), nil, nil)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// nothingLeft is an error where the data folder holds a log with something in it that is not stored.
func nothingLeft(n *node) error {
	if _, err := os.Stat(filepath.Join(n.cfg.DataDir, "log")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	state, settled, err := openSinkState(n, "sink")
	if err != nil {
		return err
	}
	log, err := openLocalLog(n, settled, nil)
	if err == nil && log.End() > settled {
		err = errLogLeft
	}
	if log != nil {
		err = errors.Join(err, log.Close())
	}
	if err = errors.Join(err, state.Close()); err != nil {
		return fmt.Errorf("look into the log of the data folder: %w", err)
	}
	return nil
}
