package bridge

import (
	"context"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/privacy"
)

// NodeLog is the log of a node for those who want to be forgotten. Settled is up to where the sink behind it has stored everything.
func NodeLog(log ingest.Log, settled func() ingest.Offset) privacy.NodeLog {
	return nodeLog{log, settled}
}

type nodeLog struct {
	log     ingest.Log
	settled func() ingest.Offset
}

// Sync implements privacy.NodeLog.
func (n nodeLog) Sync(ctx context.Context) (int64, error) {
	end, err := n.log.Sync(ctx)
	return int64(end), err
}

// Settled implements privacy.NodeLog.
func (n nodeLog) Settled() int64 { return int64(n.settled()) }

// Forget implements privacy.NodeLog.
func (n nodeLog) Forget(before int64) (int64, error) {
	if err := n.log.Trim(n.settled()); err != nil { // which the log does not know after a start
		return 0, err
	}
	upTo, err := n.log.Forget(ingest.Offset(before))
	return int64(upTo), err
}
