package analyticsch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

// Carriers implements people.KinStore. It reads the events once, whatever is looked for.
func (k Kin) Carriers(ctx context.Context, tenant tenants.ID, wanted []people.Carried, limit int) ([]people.Carrier, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	paths, list, err := carriedList(wanted)
	if err != nil {
		return nil, err
	}
	st, err := carriers(tenant, paths, limit+1)
	if err != nil {
		return nil, err
	}
	var found []people.Carrier
	_, err = k.store.query(clickhouse.Context(ctx, clickhouse.WithExternalTable(list)), st, func(rows driver.Rows) error {
		var place uint16
		var c people.Carrier
		err := rows.Scan(&place, &c.Value, &c.ID, &c.User)
		if err == nil {
			c.Path, c.Folded = paths[place].Path, paths[place].Folded
		}
		found = append(found, c)
		return err
	})
	if len(found) > limit {
		return nil, people.ErrTooMany
	}
	return found, err
}

// carriedList lists the paths, and makes the table of what is looked for at which.
func carriedList(wanted []people.Carried) ([]people.Carried, *ext.Table, error) {
	list, err := ext.NewTable("wanted", ext.Column("place", "UInt16"), ext.Column("value", "String"))
	if err != nil {
		return nil, nil, fmt.Errorf("make a list: %w", err)
	}
	var paths []people.Carried
	for _, w := range wanted {
		place := slices.IndexFunc(paths, func(p people.Carried) bool { return p.Path == w.Path })
		if place < 0 {
			place = len(paths)
			paths = append(paths, people.Carried{Path: w.Path, Folded: w.Folded})
		}
		if err := list.Append(uint16(place), w.Value); err != nil { //nolint:gosec // as many as subjects
			return nil, nil, fmt.Errorf("make a list: %w", err)
		}
	}
	if len(paths) > people.MaxCarriedPaths {
		return nil, nil, people.ErrTooMany
	}
	return paths, list, nil
}

// carriers writes the query for the identities of events that carry a value of the list wanted.
func carriers(tenant tenants.ID, paths []people.Carried, limit int) (*statement, error) {
	s := newStatement(tenant)
	var texts, conditions []string
	for place, p := range paths {
		o, err := s.operand(p.Path)
		if err != nil {
			return nil, err
		}
		text := "ifNull(" + o.text() + ", '')"
		if p.Folded {
			text = "lowerUTF8(trimBoth(" + text + "))"
		}
		texts = append(texts, fmt.Sprintf("(toUInt16(%d), %s)", place, text))
		conditions = append(conditions, fmt.Sprintf("%s IN (SELECT value FROM wanted WHERE place = %d)", text, place))
	}
	known := []string{"(user_id != '' OR anonymous_id != '')", "(" + strings.Join(conditions, "\n    OR ") + ")"}
	columns := "SELECT " + identity + " AS id, user_id != '' AS user, [" + strings.Join(texts, ", ") + "] AS has\n"
	s.sql = `SELECT DISTINCT carried.1 AS place, carried.2 AS value, id, user
FROM
(
` + indent(columns+s.from(eventsTable, known...)+"\nUNION ALL\n"+columns+s.from(heldTable, known...)) + `
)
ARRAY JOIN has AS carried
WHERE (carried.1, carried.2) IN (SELECT place, value FROM wanted)
LIMIT ` + s.bind("limit", "UInt32", limit)
	return s, nil
}
