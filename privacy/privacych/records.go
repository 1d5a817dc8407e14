package privacych

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/tenants"
)

// Records reads what there is of people, row by row as it comes.
type Records struct{ conn driver.Conn }

var _ export.Records = Records{}

// NewRecords makes it of a connection to a database that is migrated.
func NewRecords(conn driver.Conn) Records { return Records{conn} }

const eventColumns = `event_id, toString(event), toString(type), time, received_at, user_id, anonymous_id, session_id, source_id,
	toString(sdk_name), toString(sdk_version), toString(bot), properties, context, facts`

// eventFields are where the columns of an event go.
func eventFields(e *export.Event, properties, around, facts *string) []any {
	return []any{
		&e.EventID, &e.Event, &e.Type, &e.Time, &e.ReceivedAt, &e.UserID, &e.AnonymousID, &e.SessionID, &e.SourceID,
		&e.SDKName, &e.SDKVersion, &e.Bot, properties, around, facts,
	}
}

// Events implements export.Records.
func (r Records) Events(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(export.Event) error) error {
	return r.theirs(ctx, tenant, s, eventColumns, "events FINAL", func(scan func(...any) error) error {
		var e export.Event
		var properties, around, facts string
		if err := scan(eventFields(&e, &properties, &around, &facts)...); err != nil {
			return err
		}
		return each(whole(e, properties, around, facts))
	})
}

// Held implements export.Records.
func (r Records) Held(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(export.HeldEvent) error) error {
	columns := eventColumns + ", toString(reason), held_at, expires_at"
	return r.theirs(ctx, tenant, s, columns, "held_events", func(scan func(...any) error) error {
		var e export.HeldEvent
		var properties, around, facts string
		if err := scan(append(eventFields(&e.Event, &properties, &around, &facts), &e.Reason, &e.HeldAt, &e.ExpiresAt)...); err != nil {
			return err
		}
		e.Event = whole(e.Event, properties, around, facts)
		e.HeldAt, e.ExpiresAt = e.HeldAt.UTC(), e.ExpiresAt.UTC()
		return each(e)
	})
}

// whole puts the JSON of an event to it.
func whole(e export.Event, properties, around, facts string) export.Event {
	e.Properties, e.Context, e.Facts = object(properties), object(around), object(facts)
	e.Time, e.ReceivedAt = e.Time.UTC(), e.ReceivedAt.UTC()
	return e
}

func object(text string) json.RawMessage {
	if text == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text)
}

// Quarantined implements export.Records.
func (r Records) Quarantined(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(export.DeadLetter) error) error {
	if s.Empty() {
		return nil
	}
	own := ownLetters{newMentions(s)}
	columns := "event_id, event, toString(type), time, received_at, user_id, anonymous_id, source_id, toString(code), message, payload, expires_at"
	return r.read(ctx, columns, "dead_letters", during(tenant, privacy.Operation{}, condition{sql: "1"}), func(scan func(...any) error) error {
		var d export.DeadLetter
		err := scan(&d.EventID, &d.Event, &d.Type, &d.Time, &d.ReceivedAt, &d.UserID, &d.AnonymousID, &d.SourceID, &d.Code, &d.Message, &d.Payload, &d.ExpiresAt)
		if err != nil {
			return err
		}
		d, theirs := own.of(d)
		if !theirs {
			return nil
		}
		d.Time, d.ReceivedAt, d.ExpiresAt = d.Time.UTC(), d.ReceivedAt.UTC(), d.ExpiresAt.UTC()
		return each(d)
	})
}

// theirs reads the subjects' own rows of a table of events.
func (r Records) theirs(ctx context.Context, tenant tenants.ID, s privacy.Subjects, columns, table string, row func(scan func(...any) error) error) error {
	w, err := newWho(s)
	if err != nil {
		return err
	}
	subjects, err := w.pairs().table()
	if err != nil {
		return err
	}
	return r.read(ctx, columns, table, during(tenant, privacy.Operation{}, w.theirs(plainly{})), row, clickhouse.WithExternalTable(subjects))
}

// read reads the rows that are meant.
func (r Records) read(ctx context.Context, columns, table string, which condition, row func(scan func(...any) error) error, options ...clickhouse.QueryOption) (err error) {
	ctx = clickhouse.Context(ctx, append(options, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time": 0, "max_threads": 2, "max_block_size": 8192, "do_not_merge_across_partitions_select_final": 1,
	}))...)
	rows, err := r.conn.Query(ctx, "SELECT "+columns+" FROM "+table+" WHERE "+which.sql, slices.Clone(which.args)...)
	if err != nil {
		return fmt.Errorf("read %s: %w", table, ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return fmt.Errorf("read a row of %s: %w", table, err)
		}
	}
	return ch.Fault(rows.Err())
}
