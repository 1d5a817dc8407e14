package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/quarantine"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/tenants"
)

// replays puts quarantined events right on this node, and runs stored events through the rules again.
type replays struct {
	service *repair.Service
	causes  *repair.Causes
	runner  *repair.Runner
}

// newReplays needs everything of a serving node but the edge.
func newReplays(s *serving) *replays {
	return &replays{
		service: repair.NewService(s.declared, s.store, s.rules.pipeline, s.now),
		causes:  repair.NewCauses(s.store, s.now),
		runner: repair.NewRunner(repair.RunnerDeps{
			Queue: s.declared, Archive: s.store, Prepare: s.rules.pipeline, Suppression: s.suppressions, Log: s.log, LogID: s.log.id, Sink: s.sink, Now: s.now, Logger: s.logger,
		}),
	}
}

// logID names the log of a data folder for as long as that lives. A replay that has begun goes on where its events lie.
func logID(dir string) (uuid.UUID, error) {
	path := filepath.Join(dir, "log-id")
	text, err := os.ReadFile(path)
	if err == nil {
		id, err := uuid.Parse(strings.TrimSpace(string(text)))
		if err != nil {
			return uuid.Nil, fmt.Errorf("read the log's ID in %s: %w", path, err)
		}
		return id, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return uuid.Nil, fmt.Errorf("read the log's ID: %w", err)
	}
	id := uuid.New()
	partial := path + ".partial"
	if err := os.WriteFile(partial, []byte(id.String()+"\n"), 0o600); err != nil {
		return uuid.Nil, fmt.Errorf("write the log's ID: %w", err)
	}
	if err := os.Rename(partial, path); err != nil {
		return uuid.Nil, fmt.Errorf("write the log's ID: %w", err)
	}
	return id, nil
}

// notices tell of new causes of quarantine, as far as each tenant's policy asks for it.
func (n *node) notices() *repair.Notices {
	wanted := func(ctx context.Context, tenant tenants.ID) (bool, error) {
		policy, err := n.declared.Policy(ctx, tenant, ingest.QuarantinePolicy)
		if errors.Is(err, ingest.ErrNoSuchPolicy) {
			return quarantine.Default().Notify, nil
		}
		if err != nil {
			return false, err
		}
		parsed, err := quarantine.Parse(policy.Document)
		return parsed.Notify, err
	}
	return repair.NewNotices(n.store, n.declared.Notices(n.tenants.Outbox), wanted, n.now)
}
