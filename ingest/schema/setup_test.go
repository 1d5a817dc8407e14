package schema_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/ingestpg"
	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	protoformat "github.com/observatory/observatory/ingest/schema/protobuf"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is a registry on a database of its own.
type world struct {
	*schema.Registry
	store   schema.Store
	pool    *pg.Pool
	control *tenantspg.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	log := testkit.Logger(t)
	w := &world{store: ingestpg.New(pool, log).Schemas(), pool: pool, control: tenantspg.New(pool, log)}
	w.Registry = w.node()
	return w
}

// node is another registry on the same database, as another node has it.
func (w *world) node() *schema.Registry {
	return schema.NewRegistry(schema.Deps{
		Store:   w.store,
		Formats: map[schema.Type]schema.Format{schema.Avro: avroformat.Format{}, schema.JSON: jsonformat.Format{}, schema.Protobuf: protoformat.Format{}},
		Now:     time.Now,
	})
}

// tenant makes a tenant, and its owner.
func (w *world) tenant(t *testing.T) tenants.By {
	t.Helper()
	id := tenants.ID(uuid.Must(uuid.NewV7()))
	require.NoError(t, w.control.Tenant(t.Context(), id, func(tx tenants.TenantTx) error {
		return tx.AddTenant(t.Context(), tenants.Tenant{ID: id, Name: "Acme", Timezone: "UTC", CreatedAt: time.Now()})
	}))
	return tenants.By{
		Principal:     tenants.Principal{Tenant: id, Role: tenants.RoleOwner, Actor: tenants.Actor{Kind: tenants.ActorUser, ID: "u", Label: "ada@example.com"}},
		CorrelationID: "c-1",
	}
}

// sql runs a statement inside the tenant, for what no registry would do.
func (w *world) sql(t *testing.T, by tenants.By, sql string, args ...any) {
	t.Helper()
	require.NoError(t, w.pool.WithTenant(t.Context(), uuid.UUID(by.Principal.Tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	}))
}

func (w *world) register(t *testing.T, by tenants.By, subject, text string, refs ...schema.Reference) schema.Registered {
	t.Helper()
	made, err := w.try(t, by, subject, text, refs...)
	require.NoError(t, err)
	return made
}

func (w *world) try(t *testing.T, by tenants.By, subject, text string, refs ...schema.Reference) (schema.Registered, error) {
	t.Helper()
	return w.Register(t.Context(), by, schema.RegisterInput{Proposal: schema.Proposal{Subject: subject, Text: text, References: refs}})
}

// set sets the level of a subject.
func (w *world) set(t *testing.T, by tenants.By, subject string, level schema.Level) {
	t.Helper()
	_, err := w.ChangeSettings(t.Context(), by, subject, func(s schema.Settings) (schema.Settings, error) {
		s.Level = &level
		return s, nil
	})
	require.NoError(t, err)
}

// numbers are the versions of a subject.
func (w *world) numbers(t *testing.T, by tenants.By, subject string, show schema.Show) []int {
	t.Helper()
	versions, err := w.Versions(t.Context(), by.Principal.Tenant, subject, show)
	require.NoError(t, err)
	all := make([]int, len(versions))
	for i, v := range versions {
		all[i] = v.Number
	}
	return all
}

// record is an Avro record with fields such as "a:int" and, with a default, "b:int=1".
func record(fields ...string) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		field, value, has := strings.Cut(f, "=")
		name, kind, _ := strings.Cut(field, ":")
		texts[i] = fmt.Sprintf(`{"name":%q,"type":%q`, name, kind)
		if has {
			texts[i] += `,"default":` + value
		}
		texts[i] += "}"
	}
	return `{"type":"record","name":"R","fields":[` + strings.Join(texts, ",") + "]}"
}
