package ingestch

import (
	"fmt"
	"math"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
)

func events() table[ingest.StoredEvent] {
	type row = ingest.StoredEvent
	return table[row]{
		name:     "events",
		identity: "concat(toString(receipt_id), ' ', toString(receipt_index))",
		same:     func(r *row) string { return identity(r.Header, r.Index) },
		columns: append(eventColumns(func(r *row) *row { return r }),
			of("_rerun_id", func(r *row) uuid.UUID { return r.Rerun }),
		),
	}
}

func heldEvents() table[ingest.HeldEvent] {
	type row = ingest.HeldEvent
	return table[row]{
		name:     "held_events",
		identity: "concat(toString(receipt_id), ' ', toString(receipt_index))",
		same:     func(r *row) string { return identity(r.Header, r.Index) },
		columns: append(eventColumns(func(r *row) *ingest.StoredEvent { return &r.StoredEvent }),
			of("reason", func(r *row) string { return r.Reason }),
			of("held_at", func(r *row) time.Time { return r.At }),
			of("expires_at", func(r *row) time.Time {
				if r.Until.IsZero() {
					return time.Unix(math.MaxUint32, 0)
				}
				return r.Until
			}),
		),
	}
}

// eventColumns are the columns that stored and held events have in common.
func eventColumns[R any](event func(*R) *ingest.StoredEvent) []column[R] {
	return []column[R]{
		of("tenant_id", func(r *R) uuid.UUID { return uuid.UUID(event(r).Tenant) }),
		text("event", func(r *R) []byte { return event(r).Name }),
		of("type", func(r *R) int8 { return int8(event(r).Type) }), //nolint:gosec // six of them
		of("time", func(r *R) time.Time { return event(r).Time }),
		text("event_id", func(r *R) []byte { return event(r).ID }),
		text("user_id", func(r *R) []byte { return event(r).UserID }),
		text("anonymous_id", func(r *R) []byte { return event(r).AnonymousID }),
		text("session_id", func(r *R) []byte { return event(r).SessionID }),
		text("properties", func(r *R) []byte { return event(r).Properties }),
		text("context", func(r *R) []byte { return event(r).Context }),
		of("source_id", func(r *R) uuid.UUID { return uuid.UUID(event(r).Source) }),
		of("received_at", func(r *R) time.Time { return event(r).ReceivedAt }),
		of("metered_at", func(r *R) time.Time { return meteredAt(event(r)) }),
		of("correlation_id", func(r *R) string { return event(r).CorrelationID }),
		of("receipt_id", func(r *R) uuid.UUID { return uuid.UUID(event(r).Receipt) }),
		of("receipt_index", func(r *R) uint16 { return uint16(event(r).Index) }), //nolint:gosec // at most MaxEvents
		text("sdk_name", func(r *R) []byte { return event(r).Client.Name }),
		text("sdk_version", func(r *R) []byte { return event(r).Client.Version }),
		of("schema_id", func(r *R) uint32 { return uint32(event(r).Schema) }), //nolint:gosec // none is negative
		of("violations_code", func(r *R) []string {
			return each(event(r).Violations, func(v ingest.Violation) string { return v.Code })
		}),
		of("violations_path", func(r *R) []string {
			return each(event(r).Violations, func(v ingest.Violation) string { return v.Path })
		}),
		of("violations_message", func(r *R) []string {
			return each(event(r).Violations, func(v ingest.Violation) string { return v.Message })
		}),
		of("redactions", func(r *R) []string { return event(r).Redactions }),
		of("policy_version", func(r *R) uint32 { return uint32(event(r).Policy) }), //nolint:gosec // none is negative
		text("bot", func(r *R) []byte { return event(r).Bot }),
		text("facts", func(r *R) []byte { return event(r).Facts }),
	}
}

// meteredAt is when an event counts as usage: when it was received, but for those that were held over quota.
func meteredAt(e *ingest.StoredEvent) time.Time {
	if e.MeteredAt.IsZero() {
		return e.ReceivedAt
	}
	return e.MeteredAt
}

func deadLetters() table[ingest.DeadLetter] {
	type row = ingest.DeadLetter
	return table[row]{
		name:     "dead_letters",
		identity: "concat(toString(receipt_id), ' ', toString(receipt_index))",
		same:     func(r *row) string { return identity(r.Header, r.Index) },
		columns: []column[row]{
			of("tenant_id", func(r *row) uuid.UUID { return uuid.UUID(r.Tenant) }),
			of("received_at", func(r *row) time.Time { return r.ReceivedAt }),
			of("receipt_id", func(r *row) uuid.UUID { return uuid.UUID(r.Receipt) }),
			of("receipt_index", func(r *row) uint16 { return uint16(r.Index) }), //nolint:gosec // at most MaxEvents
			text("event_id", func(r *row) []byte { return r.Event.ID }),
			text("event", func(r *row) []byte { return r.Event.Name }),
			of("code", func(r *row) string { return r.Rejection.Code }),
			of("message", func(r *row) string { return r.Rejection.Message }),
			text("payload", func(r *row) []byte { return r.Raw }),
			of("source_id", func(r *row) uuid.UUID { return uuid.UUID(r.Source) }),
			of("correlation_id", func(r *row) string { return r.CorrelationID }),
			of("cause", func(r *row) uuid.UUID { return r.Cause() }),
			of("type", func(r *row) int8 { return int8(r.Event.Type) }), //nolint:gosec // six of them
			of("time", func(r *row) time.Time { return r.At() }),
			text("user_id", func(r *row) []byte { return r.Event.UserID }),
			text("anonymous_id", func(r *row) []byte { return r.Event.AnonymousID }),
			of("path", func(r *row) string { return r.Rejection.Path }),
			of("schema_id", func(r *row) uint32 { return uint32(r.Rejection.Schema) }), //nolint:gosec // none is negative
			of("format", func(r *row) int8 { return int8(r.Format) }),                  //nolint:gosec // four of them
			text("sdk_name", func(r *row) []byte { return r.Event.Client.Name }),
			text("sdk_version", func(r *row) []byte { return r.Event.Client.Version }),
			of("key_id", func(r *row) uuid.UUID { return uuid.UUID(r.Key) }),
			of("redactions", func(r *row) []string { return r.Event.Redactions }),
			of("expires_at", func(r *row) time.Time { return r.ExpiresAt() }),
		},
	}
}

func receipts() table[ingest.SettledReceipt] {
	type row = ingest.SettledReceipt
	return table[row]{
		name:     "receipts",
		identity: "toString(receipt_id)",
		same:     func(r *row) string { return uuid.UUID(r.Receipt).String() },
		columns: []column[row]{
			of("tenant_id", func(r *row) uuid.UUID { return uuid.UUID(r.Tenant) }),
			of("received_at", func(r *row) time.Time { return r.ReceivedAt }),
			of("receipt_id", func(r *row) uuid.UUID { return uuid.UUID(r.Receipt) }),
			of("source_id", func(r *row) uuid.UUID { return uuid.UUID(r.Source) }),
			of("key_id", func(r *row) uuid.UUID { return uuid.UUID(r.Key) }),
			of("correlation_id", func(r *row) string { return r.CorrelationID }),
			of("event_ids", func(r *row) []string { return each(r.EventIDs, view) }),
			of("exceptions_index", func(r *row) []uint16 {
				return each(r.Exceptions, func(o ingest.Outcome) uint16 { return uint16(o.Index) }) //nolint:gosec // at most MaxEvents
			}),
			of("exceptions_status", func(r *row) []string {
				return each(r.Exceptions, func(o ingest.Outcome) string { return o.Status.String() })
			}),
			of("exceptions_code", func(r *row) []string {
				return each(r.Exceptions, func(o ingest.Outcome) string { return o.Code })
			}),
			of("exceptions_message", func(r *row) []string {
				return each(r.Exceptions, func(o ingest.Outcome) string { return o.Message })
			}),
			of("exceptions_until", func(r *row) []time.Time {
				return each(r.Exceptions, func(o ingest.Outcome) time.Time {
					if o.Until.IsZero() {
						return time.Unix(0, 0)
					}
					return o.Until
				})
			}),
		},
	}
}

func repairs() table[ingest.Repair] {
	type row = ingest.Repair
	return table[row]{
		name:     "repairs",
		identity: "concat(toString(receipt_id), ' ', toString(receipt_index))",
		same:     func(r *row) string { return identity(r.Header, r.Index) },
		columns: []column[row]{
			of("tenant_id", func(r *row) uuid.UUID { return uuid.UUID(r.Tenant) }),
			of("received_at", func(r *row) time.Time { return r.ReceivedAt }),
			of("receipt_id", func(r *row) uuid.UUID { return uuid.UUID(r.Receipt) }),
			of("receipt_index", func(r *row) uint16 { return uint16(r.Index) }), //nolint:gosec // at most MaxEvents
			of("replay_id", func(r *row) uuid.UUID { return r.Replay }),
			of("status", func(r *row) string { return r.Status.String() }),
			of("message", func(r *row) string { return r.Message }),
			of("repaired_at", func(r *row) time.Time { return r.At }),
		},
	}
}

func ledger() table[ingest.LedgerEntry] {
	type row = ingest.LedgerEntry
	return table[row]{
		name:     "ledger",
		identity: "concat(toString(tenant_id), ' ', toString(source_id), ' ', toString(toUnixTimestamp(hour)))",
		same: func(r *row) string {
			return fmt.Sprintf("%s %s %d", r.Tenant, r.Source, r.Hour.Unix())
		},
		columns: []column[row]{
			of("tenant_id", func(r *row) uuid.UUID { return uuid.UUID(r.Tenant) }),
			of("hour", func(r *row) time.Time { return r.Hour }),
			of("source_id", func(r *row) uuid.UUID { return uuid.UUID(r.Source) }),
			of("received", func(r *row) int64 { return r.Counts.Received }),
			of("stored", func(r *row) int64 { return r.Counts.Stored }),
			of("duplicate", func(r *row) int64 { return r.Counts.Duplicate }),
			of("quarantined", func(r *row) int64 { return r.Counts.Quarantined }),
			of("suppressed", func(r *row) int64 { return r.Counts.Suppressed }),
			of("held", func(r *row) int64 { return r.Counts.Held }),
		},
	}
}

func identity(h *ingest.Header, index int) string {
	return fmt.Sprintf("%s %d", uuid.UUID(h.Receipt), index)
}

// of is a column whose values are read off the rows.
func of[R, V any](name string, value func(*R) V) column[R] {
	return column[R]{name: name, values: func(rows []R) any {
		values := make([]V, len(rows))
		for i := range rows {
			values[i] = value(&rows[i])
		}
		return values
	}}
}

// text is a column of bytes that lie in the log's buffer.
func text[R any](name string, value func(*R) []byte) column[R] {
	return of(name, func(r *R) string { return view(value(r)) })
}

// view is b as a string without a copy. The driver copies it into its own buffer before the log's buffer is used again.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}
