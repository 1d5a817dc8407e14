package privacych

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/scrub"
	"github.com/observatory/observatory/tenants"
)

// receipts is the copy of what became of requests. They hold IDs of events and of requests, which senders choose: some put a name into them. A
// receipt with a name in it loses its texts; how many events there were and what became of each stays.
type receipts struct{ store *Store }

// Receipts is the copy of receipts.
func (s *Store) Receipts() privacy.Copy { return receipts{s} }

func (receipts) Name() string { return "receipts" }

const (
	receiptField = "receipt"
	atOnce       = 200 // names that one statement looks for
)

// Find implements privacy.Copy.
func (r receipts) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	found, err := r.find(ctx, tenant, op)
	return privacy.Holding{Items: int64(len(found)), Unit: "receipts"}, err
}

// find has the server look for the names anywhere, and looks itself whether they are words: see scrub.
func (r receipts) find(ctx context.Context, tenant tenants.ID, op privacy.Operation) ([]string, error) {
	scrubber := scrub.New(op.Subjects)
	names := slices.Concat(op.Subjects.UserIDs, op.Subjects.AnonymousIDs)
	for _, p := range op.Subjects.Properties {
		names = append(names, p.Value)
	}
	found := map[string]bool{}
	for some := range slices.Chunk(names, atOnce) {
		which := during(tenant, op, condition{
			sql:  "multiSearchAnyCaseInsensitiveUTF8(concat(correlation_id, ' ', arrayStringConcat(event_ids, ' '), ' ', arrayStringConcat(exceptions_message, ' ')), {names:Array(String)})",
			args: []any{clickhouse.Named("names", some)},
		})
		rows, err := r.store.conn.Query(patient(ctx), "SELECT receipt_id, arrayConcat([correlation_id], event_ids, exceptions_message) FROM receipts WHERE "+which.sql, which.args...)
		if err != nil {
			return nil, fmt.Errorf("read receipts: %w", ch.Fault(err))
		}
		for rows.Next() {
			var id uuid.UUID
			var all []string
			if err := rows.Scan(&id, &all); err != nil {
				_ = rows.Close()
				return nil, fmt.Errorf("read a receipt: %w", err)
			}
			if slices.ContainsFunc(all, func(text string) bool { return text != "" && scrubber.Names(text) }) {
				found[id.String()] = true
			}
		}
		_ = rows.Close()
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read receipts: %w", ch.Fault(err))
		}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	return ids, nil
}

// Erase implements privacy.Copy.
func (r receipts) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	m := r.store.mutation("receipts", tenant, op)
	if err := m.wait(ctx); err != nil {
		return nil, err
	}
	found, err := r.find(ctx, tenant, op)
	if err != nil {
		return nil, err
	}
	return privacy.Evidence{"emptied": len(found)}, m.once(ctx, len(found) > 0, func() error {
		if err := m.fill(ctx, pairs{receiptField: found}); err != nil {
			return err
		}
		set := m.set()
		empty := "event_ids = arrayMap(x -> '', event_ids), exceptions_message = arrayMap(x -> '', exceptions_message), correlation_id = ''"
		if err := m.run(ctx, "ALTER TABLE receipts UPDATE "+empty, during(tenant, op, condition{sql: set.among("toString(receipt_id)", receiptField), args: set.args()})); err != nil {
			return err
		}
		return m.hidden(ctx)
	}, nothing)
}

// Verify implements privacy.Copy.
func (r receipts) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	return verify(ctx, r, r.store.mutation("receipts", tenant, op), op)
}
