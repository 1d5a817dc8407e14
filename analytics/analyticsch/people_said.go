package analyticsch

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

// statementRow is an event that tells about a person.
type statementRow struct {
	Type        string    `ch:"type"`
	Time        time.Time `ch:"time"`
	ReceivedAt  time.Time `ch:"received_at"`
	Index       uint16    `ch:"receipt_index"`
	EventID     string    `ch:"event_id"`
	UserID      string    `ch:"user_id"`
	AnonymousID string    `ch:"anonymous_id"`
	Properties  string    `ch:"properties"`
	PreviousID  string    `ch:"previous_id"`
}

func (r statementRow) statement() people.Statement {
	return people.Statement{
		Type: r.Type, At: r.Time.UTC(), ReceivedAt: r.ReceivedAt.UTC(), Index: r.Index, EventID: r.EventID,
		UserID: r.UserID, AnonymousID: r.AnonymousID, Properties: object(r.Properties),
	}
}

// Statements implements people.Store.
func (s People) Statements(ctx context.Context, tenant tenants.ID, ids []string, last time.Time) (said []people.Statement, aliases []people.Alias, err error) {
	_, err = s.query(ctx, saidOf(tenant, ids, last), func(rows driver.Rows) error {
		var r statementRow
		if err := rows.ScanStruct(&r); err != nil {
			return err
		}
		if r.Type == "alias" {
			aliases = append(aliases, people.Alias{PreviousID: r.PreviousID, UserID: r.UserID, At: r.Time.UTC(), EventID: r.EventID})
		} else {
			said = append(said, r.statement())
		}
		return nil
	})
	return said, aliases, err
}

const statementColumns = `SELECT
    type,
    time,
    received_at,
    receipt_index,
    event_id,
    user_id,
    anonymous_id,
    properties,
    ` + previousID + ` AS previous_id
`

// saidOf writes the query for what was said of IDs, newest first.
func saidOf(tenant tenants.ID, ids []string, last time.Time) *statement {
	s := newStatement(tenant)
	list := s.bind("ids", "Array(String)", ids)
	s.sql = statementColumns + s.telling(everyStatement) + `
WHERE time < ` + s.bindTime("to", until(last).To) + `
  AND type IN ` + everyStatement + `
  AND (` + identity + ` IN ` + list + ` OR (type = 'alias' AND previous_id IN ` + list + `))
ORDER BY time DESC, received_at DESC, receipt_index DESC, event_id DESC
LIMIT ` + s.bind("limit", "UInt32", people.MaxStatements)
	return s
}

// telling writes the FROM clause for the events whose name is that of some event of these types. Names stand at the front of the sorting
// key: all other events are passed over.
func (s *statement) telling(types string) string {
	return s.fromByKey("event IN (SELECT event " + s.from("events", "type IN "+types) + " GROUP BY event)")
}

// names returns what IDs were last called.
func (s People) names(ctx context.Context, tenant tenants.ID, ids []string) (map[string][]people.Statement, error) {
	said := map[string][]people.Statement{}
	_, err := s.query(ctx, newestIdentifies(tenant, ids), func(rows driver.Rows) error {
		var r statementRow
		if err := rows.ScanStruct(&r); err != nil {
			return err
		}
		id := r.UserID
		if id == "" {
			id = r.AnonymousID
		}
		said[id] = append(said[id], r.statement())
		return nil
	})
	return said, err
}

// newestIdentifies writes the query for the newest identify events of each of the IDs.
func newestIdentifies(tenant tenants.ID, ids []string) *statement {
	s := newStatement(tenant)
	s.sql = statementColumns + s.telling("('identify')") + `
WHERE type = 'identify'
  AND ` + identity + ` IN ` + s.bind("ids", "Array(String)", ids) + `
ORDER BY time DESC, received_at DESC, receipt_index DESC, event_id DESC
LIMIT 10 BY ` + identity
	return s
}
