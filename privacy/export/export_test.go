package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/copytest"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is a service on a database and a folder, with a store of records of which everybody has some.
type house struct {
	*export.Service
	pool    *pg.Pool
	folder  string
	now     *atomic.Int64 // Unix seconds
	records *records
}

func newHouse(t *testing.T) house {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	keys, err := suppress.NewKeys(make([]byte, 32))
	require.NoError(t, err)
	h := house{pool: pool, folder: t.TempDir(), now: &atomic.Int64{}, records: &records{each: 2}}
	h.now.Store(time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC).Unix())
	store, err := objects.Open(t.Context(), h.folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	h.Service = export.New(export.Deps{
		Store: privacypg.New(pool, keys, slog.New(slog.DiscardHandler)), Records: h.records, Profiles: h.records, Objects: store,
		PublicURL: &url.URL{Scheme: "https", Host: "events.example.com"}, Now: func() time.Time { return time.Unix(h.now.Load(), 0) },
	})
	return h
}

func (h house) later(d time.Duration) { h.now.Add(int64(d / time.Second)) }

// ask files a request for an export, whose tenant may be new.
func (h house) ask(t testing.TB, tenant tenants.ID, s privacy.Subjects) privacy.Operation {
	t.Helper()
	op := privacy.Operation{ID: uuid.New(), Subjects: s}
	require.NoError(t, h.pool.WithTenant(t.Context(), uuid.UUID(tenant), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Acme', 'UTC', now()) ON CONFLICT DO NOTHING", uuid.UUID(tenant)); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO privacy_requests (id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, body, deadline_at, changed_at)
			VALUES ($1, $2, 'export', 'verified', '', true, 1, 'member', now(), 'user', '', '', $3, now(), now())`, op.ID, uuid.UUID(tenant), make([]byte, 16))
		return err
	}))
	return op
}

func (h house) export(t testing.TB, tenant tenants.ID, s privacy.Subjects) privacy.Operation {
	t.Helper()
	op := h.ask(t, tenant, s)
	_, err := h.Export(t.Context(), tenant, op)
	require.NoError(t, err)
	return op
}

// by is somebody who may do everything in the tenant.
func by(tenant tenants.ID) tenants.By {
	return tenants.By{Principal: tenants.Principal{Tenant: tenant, Role: tenants.RoleOwner, Actor: tenants.Actor{Kind: tenants.ActorUser, ID: "1", Label: "owner@example.com"}}, CorrelationID: "c1"}
}

// token makes a link to the file of a request, and takes out of it what Download wants.
func (h house) token(t *testing.T, tenant tenants.ID, request uuid.UUID) string {
	t.Helper()
	link, err := h.NewLink(t.Context(), by(tenant), request)
	require.NoError(t, err)
	token, ok := strings.CutPrefix(link.URL, "https://events.example.com/v1/privacy/exports/")
	require.True(t, ok, link.URL)
	return token
}

func (h house) download(t *testing.T, token string) (export.File, []byte) {
	t.Helper()
	d, err := h.Download(t.Context(), token, "c2")
	require.NoError(t, err)
	body, err := io.ReadAll(d)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	return d.File, body
}

// records has so many events of each user ID, one of them of somebody else as well, and half as many held and quarantined.
type records struct {
	each int
	also []export.Event
	stop atomic.Pointer[func()] // called in the middle of writing
}

func (r *records) Events(_ context.Context, _ tenants.ID, s privacy.Subjects, each func(export.Event) error) error {
	if stop := r.stop.Load(); stop != nil {
		(*stop)()
	}
	for _, id := range s.UserIDs {
		for n := range r.each {
			e := export.Event{
				EventID: fmt.Sprint(id, n), Event: "page_view", Type: "track", Time: time.Unix(int64(n), 0).UTC(), ReceivedAt: time.Unix(int64(n), 0).UTC(), UserID: id, AnonymousID: "somebody's",
				SourceID: uuid.New(), Properties: json.RawMessage(`{"plan":"` + strings.Repeat("x", 400) + `"}`), Context: json.RawMessage(`{}`), Facts: json.RawMessage(`{}`),
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
	for _, e := range r.also {
		e.Properties, e.Context, e.Facts = json.RawMessage(`{}`), json.RawMessage(`{}`), json.RawMessage(`{}`)
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *records) Held(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(export.HeldEvent) error) error {
	return (&records{each: r.each / 2, also: r.also}).Events(ctx, tenant, s, func(e export.Event) error {
		return each(export.HeldEvent{Event: e, Reason: "restricted", HeldAt: e.Time, ExpiresAt: e.Time})
	})
}

func (r *records) Quarantined(_ context.Context, _ tenants.ID, s privacy.Subjects, each func(export.DeadLetter) error) error {
	for _, id := range s.UserIDs {
		if err := each(export.DeadLetter{Type: "unknown", UserID: id, SourceID: uuid.New(), Code: "too_large", Message: "It is too large.", Payload: "{"}); err != nil {
			return err
		}
	}
	return nil
}

func (r *records) Profile(_ context.Context, _ tenants.ID, id string) (export.Profile, bool, error) {
	ids := []export.ProfileID{{ID: id, Kind: "user", Events: 2}}
	switch {
	case id == "tablet": // it is Bob's
		ids = []export.ProfileID{{ID: "bob", Kind: "user"}, {ID: id, Kind: "anonymous"}}
	case id == "phone" || strings.HasPrefix(id, "anonymous-"):
		ids[0].Kind = "anonymous"
	}
	return export.Profile{
		Person: strings.ToUpper(id), IDs: ids, Traits: map[string]json.RawMessage{"name": json.RawMessage(`"x"`)},
		Groups: []export.ProfileGroup{{GroupID: "g", Traits: map[string]json.RawMessage{}}}, Events: 2,
	}, !strings.HasPrefix(id, "un"), nil
}

func TestAnExportIsCompleteAndSaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := tenants.NewID()
	op := h.ask(t, tenant, privacy.Subjects{UserIDs: []string{"ada", "Ada", "unknown"}})
	evidence, err := h.Export(t.Context(), tenant, op)
	require.NoError(t, err)
	again, err := h.Export(t.Context(), tenant, op)
	require.NoError(t, err)
	require.Equal(t, evidence, again)
	require.Equal(t, map[string]int64{"events.jsonl": 6, "held.jsonl": 3, "quarantine.jsonl": 3, "profile.json": 1}, evidence["records"])

	file, body := h.download(t, h.token(t, tenant, op.ID))
	require.Equal(t, hashOf(body), file.SHA256)
	require.EqualValues(t, len(body), file.Bytes)
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, f := range archive.File {
		files[f.Name] = contentOf(t, f)
	}
	var manifest export.Manifest
	require.NoError(t, json.Unmarshal(files["manifest.json"], &manifest))
	require.Equal(t, op.ID, manifest.RequestID)
	require.Len(t, manifest.Files, len(files)-1)
	for _, entry := range manifest.Files {
		require.Equal(t, hashOf(files[entry.Name]), entry.SHA256, entry.Name)
		require.EqualValues(t, len(files[entry.Name]), entry.Bytes, entry.Name)
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".jsonl") {
			for line := range bytes.Lines(text) {
				requireConforms(t, files["schema.json"], name, line)
			}
		}
	}
	requireConforms(t, files["schema.json"], "profile.json", files["profile.json"])
	require.NotContains(t, string(files["events.jsonl"]), "somebody's", "IDs of others are left out")
}

// A file holds nothing of anybody who is not among its subjects: whoever is erased later is looked for by its subjects.
func TestAnExportIsOfNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.records.also = []export.Event{
		{EventID: "hers-on-a-kiosk", UserID: "ada", AnonymousID: "booth"},
		{EventID: "on-her-phone", AnonymousID: "phone"},
		{EventID: "of-nobody"}, // who has a property of hers
		{EventID: "his-on-her-phone", UserID: "bob", AnonymousID: "phone"},
		{EventID: "with-her-address", UserID: "bob"},
		{EventID: "with-her-address-on-a-kiosk", AnonymousID: "booth"},
	}
	tenant := tenants.NewID()
	op := h.ask(t, tenant, privacy.Subjects{UserIDs: []string{"ada"}, AnonymousIDs: []string{"phone", "tablet"}})
	_, err := h.Export(t.Context(), tenant, op)
	require.NoError(t, err)
	_, body := h.download(t, h.token(t, tenant, op.ID))
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	for _, f := range archive.File {
		text := string(contentOf(t, f))
		for _, others := range []string{"booth", "bob", "his-", "with-her"} {
			require.NotContains(t, text, others, f.Name)
		}
		if f.Name == "events.jsonl" || f.Name == "held.jsonl" {
			for _, hers := range []string{"hers-on-a-kiosk", "on-her-phone", "of-nobody"} {
				require.Contains(t, text, hers, f.Name)
			}
		}
		if f.Name == "profile.json" {
			var all struct{ People []export.Profile }
			require.NoError(t, json.Unmarshal([]byte(text), &all))
			require.Len(t, all.People, 2, "the tablet is Bob's by now")
		}
	}
}

func requireConforms(t *testing.T, schema []byte, name string, text []byte) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("schema.json", document))
	compiled, err := c.Compile("schema.json#/$defs/" + name)
	require.NoError(t, err)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, compiled.Validate(instance), name)
	object, ok := instance.(map[string]any)
	require.True(t, ok)
	clear(object)
	require.Error(t, compiled.Validate(object), "the schema asks for something")
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func contentOf(t testing.TB, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	require.NoError(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	return text
}

func TestALinkWorksOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := tenants.NewID()
	op := h.export(t, tenant, privacy.Subjects{UserIDs: []string{"ada"}})
	refused := func(token string) {
		t.Helper()
		_, err := h.Download(t.Context(), token, "c2")
		require.ErrorIs(t, err, export.ErrLink)
	}
	first := h.token(t, tenant, op.ID)
	second := h.token(t, tenant, op.ID)
	refused(first)
	refused(strings.Repeat("A", 43))
	refused("")
	h.download(t, second)
	refused(second)
	file, err := h.Find(t.Context(), tenant, op.ID)
	require.NoError(t, err)
	require.Equal(t, 1, file.Downloads)
	require.False(t, file.LinkOpen)

	_, err = h.NewLink(t.Context(), by(tenants.NewID()), op.ID)
	require.ErrorIs(t, err, export.ErrNotFound, "of another tenant")
	analyst := by(tenant)
	analyst.Principal.Role = tenants.RoleAnalyst
	_, err = h.NewLink(t.Context(), analyst, op.ID)
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)

	third := h.token(t, tenant, op.ID)
	h.later(export.Lives)
	refused(third)
	_, err = h.NewLink(t.Context(), by(tenant), op.ID)
	require.ErrorIs(t, err, export.ErrGone)

	var actions []string
	require.NoError(t, h.pool.WithTenant(t.Context(), uuid.UUID(tenant), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), "SELECT action FROM audit_log ORDER BY seq")
		if err != nil {
			return err
		}
		actions, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	require.Equal(t, []string{"privacy_export.link_made", "privacy_export.link_made", "privacy_export.downloaded", "privacy_export.link_made"}, actions)
}

func TestOfManyWhoUseALinkAtOnceOneGetsTheFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := tenants.NewID()
	token := h.token(t, tenant, h.export(t, tenant, privacy.Subjects{UserIDs: []string{"ada"}}).ID)
	answers := make(chan error)
	for range 8 {
		go func() {
			d, err := h.Download(context.Background(), token, "c2")
			if err == nil {
				err = d.Close()
			}
			answers <- err
		}()
	}
	got := 0
	for range 8 {
		if err := <-answers; err == nil {
			got++
		} else {
			require.ErrorIs(t, err, export.ErrLink)
		}
	}
	require.Equal(t, 1, got)
}

func TestFilesGoWhenTheyExpire(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := tenants.NewID()
	op := h.export(t, tenant, privacy.Subjects{UserIDs: []string{"ada"}})
	n, err := h.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Len(t, h.files(t), 1)
	h.later(export.Lives)
	n, err = h.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Empty(t, h.files(t))
	file, err := h.Find(t.Context(), tenant, op.ID)
	require.NoError(t, err)
	require.NotNil(t, file.ErasedAt)
	n, err = h.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

// files are the paths of all that lies in the folder.
func (h house) files(t testing.TB) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(h.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	}))
	return paths
}

// Who is erased while their file is being written is not in it afterwards: it is not there.
func TestAFileIsErasedWhileItIsWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant, ada := tenants.NewID(), privacy.Subjects{UserIDs: []string{"ada"}}
	op := h.ask(t, tenant, ada)
	erase := func() {
		h.records.stop.Store(nil)
		_, err := h.Copy().Erase(context.Background(), tenant, privacy.Operation{ID: uuid.New(), Subjects: ada})
		require.NoError(t, err) // in this goroutine
	}
	h.records.stop.Store(&erase)
	evidence, err := h.Export(t.Context(), tenant, op)
	require.NoError(t, err)
	require.Equal(t, privacy.Evidence{"erased": true}, evidence)
	require.Empty(t, h.files(t))
	_, err = h.NewLink(t.Context(), by(tenant), op.ID)
	require.ErrorIs(t, err, export.ErrGone)
}

// A file is written as records come, and takes no more memory when there are many of them.
func TestWritingTakesLittleMemory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.records.each = 100_000 // 60 MB of lines
	var peak uint64
	measure := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
	}
	measure()
	before := peak
	counted := 0
	many := &counting{records: h.records, each: func() {
		if counted++; counted%10_000 == 0 {
			measure()
		}
	}}
	store, err := objects.Open(t.Context(), h.folder)
	require.NoError(t, err)
	defer store.Close()
	keys, err := suppress.NewKeys(make([]byte, 32))
	require.NoError(t, err)
	s := export.New(export.Deps{Store: privacypg.New(h.pool, keys, slog.New(slog.DiscardHandler)), Records: many, Profiles: many, Objects: store, PublicURL: &url.URL{}, Now: time.Now})
	tenant := tenants.NewID()
	_, err = s.Export(t.Context(), tenant, h.ask(t, tenant, privacy.Subjects{UserIDs: []string{"ada"}}))
	require.NoError(t, err)
	require.Equal(t, 100_000, counted)
	require.Less(t, peak-before, uint64(40<<20))
}

// counting tells of every event.
type counting struct {
	*records
	each func()
}

func (c *counting) Events(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(export.Event) error) error {
	return c.records.Events(ctx, tenant, s, func(e export.Event) error {
		c.each()
		return each(e)
	})
}

func TestExportsAreACopy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	copytest.Run(t, copytest.House{
		Copy: h.Copy(), Timeless: true,
		Put: func(t testing.TB, tenant tenants.ID, person privacy.Subjects, _ time.Time) {
			t.Helper()
			h.export(t, tenant, person)
		},
		Search: func(t testing.TB, text string) (found []string) {
			t.Helper()
			for _, path := range h.files(t) {
				archive, err := zip.OpenReader(path)
				if os.IsNotExist(err) {
					continue // it went meanwhile
				}
				require.NoError(t, err)
				for _, f := range archive.File {
					if bytes.Contains(contentOf(t, f), []byte(text)) {
						found = append(found, path+"/"+f.Name)
					}
				}
				require.NoError(t, archive.Close())
			}
			slices.Sort(found)
			return found
		},
	})
}
