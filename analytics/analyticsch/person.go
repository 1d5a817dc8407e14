package analyticsch

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/tenants"
)

// identity is the ID by which an event says who it is about; ” when it says nothing about that.
const identity = "if(user_id != '', user_id, anonymous_id)"

// person is who an event is about, ” when it says nothing about that. What is selected from the events afterwards comes with who is who;
// without links (see unlinked) there is nothing to look up, and nothing is.
func (s *statement) person() string {
	if s.unlinked {
		return identity
	}
	s.peopled = true
	return "if(links.known_as != '', links.known_as, " + identity + ")"
}

// table is a table to select from: the events with who is who, once a person was asked for.
func (s *statement) table(name string) string {
	if name == eventsTable && s.peopled {
		return name + linksJoin
	}
	return name
}

// linksJoin looks up who is who. ClickHouse begins with the side that has fewer rows, and reads of the other what can match.
const linksJoin = `
LEFT JOIN
(
    SELECT id, person AS known_as
    FROM identities FINAL
    WHERE tenant_id = {tenant:UUID}
) AS links ON links.id = ` + identity

// unlinked tells whether no ID of the tenant belongs to another.
func (s *Store) unlinked(ctx context.Context, tenant tenants.ID) (bool, error) {
	unlinked := true
	st := newStatement(tenant)
	st.sql = "SELECT 1\n" + st.from("identities", "id != ''") + "\nLIMIT 1"
	_, err := s.query(ctx, st, func(driver.Rows) error {
		unlinked = false
		return nil
	})
	return unlinked, err
}
