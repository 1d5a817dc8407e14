package privacych

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/tenants"
)

// quarantine is the copy of events that broke a rule. Nothing is sure about what they hold, so it is read through, all of it; see mentions.
// A dead letter that mentions one of the subjects goes as a whole.
type quarantine struct{ store *Store }

// Quarantine is the copy of dead letters.
func (s *Store) Quarantine() privacy.Copy { return quarantine{s} }

func (quarantine) Name() string { return "quarantine" }

// Find implements privacy.Copy.
func (q quarantine) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	letters, err := q.find(ctx, tenant, op)
	return privacy.Holding{Items: int64(len(letters)), Unit: "dead letters"}, err
}

// letterSQL names a dead letter.
const (
	letterSQL   = "concat(toString(receipt_id), ' ', toString(receipt_index))"
	letterField = "letter"
)

// find returns the names of the letters.
func (q quarantine) find(ctx context.Context, tenant tenants.ID, op privacy.Operation) ([]string, error) {
	if op.Subjects.Empty() {
		return nil, nil
	}
	m := newMentions(op.Subjects)
	which := during(tenant, op, condition{sql: "1"})
	rows, err := q.store.conn.Query(patient(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 1024})),
		"SELECT receipt_id, receipt_index, user_id, anonymous_id, payload FROM dead_letters WHERE "+which.sql, which.args...)
	if err != nil {
		return nil, fmt.Errorf("read dead letters: %w", ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var found []string
	for rows.Next() {
		var receipt uuid.UUID
		var index uint16
		var user, anonymous, payload string
		if err := rows.Scan(&receipt, &index, &user, &anonymous, &payload); err != nil {
			return nil, fmt.Errorf("read a dead letter: %w", err)
		}
		if m.in(user, anonymous, payload) {
			found = append(found, fmt.Sprintf("%s %d", receipt, index))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read dead letters: %w", ch.Fault(err))
	}
	return found, nil
}

// Erase implements privacy.Copy.
func (q quarantine) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	m := q.store.mutation("dead_letters", tenant, op)
	if err := m.wait(ctx); err != nil {
		return nil, err
	}
	letters, err := q.find(ctx, tenant, op)
	if err != nil {
		return nil, err
	}
	return privacy.Evidence{"deleted": len(letters)}, m.once(ctx, len(letters) > 0, func() error {
		if err := m.fill(ctx, pairs{letterField: letters}); err != nil {
			return err
		}
		set := m.set()
		if err := m.remove(ctx, removals.DeadLetters, during(tenant, op, condition{sql: set.among(letterSQL, letterField), args: set.args()})); err != nil {
			return err
		}
		return m.hidden(ctx)
	}, nothing)
}

func nothing() error { return nil }

// Verify implements privacy.Copy.
func (q quarantine) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	return verify(ctx, q, q.store.mutation("dead_letters", tenant, op), op)
}
