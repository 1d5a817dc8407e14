package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/inventory"
	"github.com/observatory/observatory/tests/harness"
	"github.com/observatory/observatory/tests/search"
)

// lifecycle are the operations about how long data lives. They change nothing for good: who leaves stays after all.
func (x subjects) lifecycle() []operation {
	return []operation{
		{id: "previewRetention", method: "POST", path: "/v1/privacy/retention/preview", body: map[string]any{"document": map[string]any{"keep_days": 30}}, may: answering, status: 200},
		{id: "runRetention", method: "POST", path: "/v1/privacy/retention/runs", may: answering, status: 202},
		{id: "listRetentionRuns", method: "GET", path: "/v1/privacy/retention/runs", may: following, status: 200},
		{id: "getMinimisation", method: "GET", path: "/v1/privacy/minimisation?days=7", may: following, status: 200},
	}
}

// leaving are the operations of an organization that leaves and stays after all, and of one that has left.
func (x subjects) leaving() []operation {
	const path = "/v1/tenant/offboarding"
	return []operation{
		{id: "startOffboarding", method: "POST", path: path, body: map[string]string{"name": x.account.Tenant.Name}, may: owning, status: 202, theirs: "name_mismatch"},
		{id: "getOffboarding", method: "GET", path: path, may: owning, status: 200, theirs: "not_leaving"},
		{id: "cancelOffboarding", method: "DELETE", path: path, may: owning, status: 200, theirs: "not_leaving"},
		{id: "downloadOffboardingExport", method: "GET", path: "/v1/offboardings/" + x.left.export + "/export", may: anybody, status: 200},
		{id: "downloadOffboardingCertificate", method: "GET", path: "/v1/offboardings/" + x.left.certificate + "/certificate", may: anybody, status: 200},
	}
}

// left are the tokens of the links of an organization that has left.
type left struct{ export, certificate string }

func nobodyLeft() left { return left{export: uuid.NewString(), certificate: uuid.NewString()} }

// seedLeft makes what is kept of an organization that has left. TestAnOrganizationLeaves has one leave.
func seedLeft(t *testing.T, server *harness.Server) left {
	t.Helper()
	x, id := nobodyLeft(), uuid.New()
	tenant := uuid.MustParse(server.SignUp(t).Tenant.ID)
	published := harness.As[struct{ Keys []struct{ Kid string } }](t, server.Anonymous(t).Get(t, "/.well-known/observatory-certificates.json").Want(t, http.StatusOK))
	folder := filepath.Join(server.DataDir, "archive", "offboardings")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, id.String()+".zip"), []byte("PK"), 0o600))
	pool, err := pg.Open(t.Context(), server.Engines.Postgres, pg.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	hash := func(token string) []byte { sum := sha256.Sum256([]byte(token)); return sum[:] }
	require.NoError(t, pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO offboardings (id, tenant_id, tenant_name, state, asked_at, asked_by, erase_at, changed_at, ended_at,
				export_object, export_bytes, export_digest, export_until, export_token, certificate_token)
			VALUES ($1, $2, 'Gone', 'completed', now(), 'somebody', now(), now(), now(), $5, 2, '00', now() + interval '1 day', $3, $4)`,
			id, tenant, hash(x.export), hash(x.certificate), "offboardings/"+id.String()+".zip")
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "INSERT INTO privacy_certificates (request_id, tenant_id, kid, jws, issued_at) VALUES ($1, $2, $3, 'a.b.c', now())", id, tenant, published.Keys[0].Kid)
		return err
	}))
	return x
}

func events(t *testing.T, server *harness.Server) driver.Conn {
	t.Helper()
	conn, err := ch.Open(t.Context(), server.Engines.ClickHouse)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

// age makes all events of a tenant seem received so many days earlier.
func age(t *testing.T, conn driver.Conn, tenant string, days int) {
	t.Helper()
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 2}))
	require.NoError(t, conn.Exec(ctx, "ALTER TABLE events UPDATE received_at = received_at - toIntervalDay({days:UInt32}) WHERE tenant_id = {tenant:UUID}",
		clickhouse.Named("tenant", tenant), clickhouse.Named("days", uint32(days)))) //nolint:gosec // a few
}

func TestRetention(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "--archive-quiet", "1s")
	account, other := server.SignUp(t), server.SignUp(t)
	for _, a := range []harness.Account{account, other} {
		ack := a.Secret.Send(t,
			harness.Event{Name: "viewed", ID: "v-1", Timestamp: time.Now().Add(-6 * time.Hour), Properties: map[string]any{"page": "nobody-needs-it"}},
			harness.Event{Name: "bought", ID: "b-1", Timestamp: time.Now().Add(-3 * time.Hour), Properties: map[string]any{"phone": "+49 30 1234", "plan": "eastwind-pro"}},
		)
		require.Equal(t, 2, a.Secret.Settled(t, ack.Receipt).Counts.Stored)
		age(t, events(t, server), a.Tenant.ID, 10)
	}
	for _, a := range []harness.Account{account, other} {
		require.ElementsMatch(t, []string{"nobody-needs-it", "30 1234", "eastwind-pro"}, awaitArchived(t, server, a, 2, "nobody-needs-it", "30 1234", "eastwind-pro"))
	}
	document := map[string]any{
		"keep_days": 400, "events": []any{map[string]any{"event": "viewed", "keep_days": 5}},
		"properties": []any{map[string]any{"path": "properties.phone", "keep_days": 9}},
	}
	publish := map[string]any{"document": document, "base_version": 0}
	account.Session.Do(t, "PUT", "/v1/policies/retention", map[string]any{"document": map[string]any{"keep_days": 0}, "base_version": 0}).WantProblem(t, http.StatusBadRequest, "invalid_policy")
	// It removes data, so it is for those who answer for people, and not for whoever declares schemas.
	for scope, status := range map[string]int{"schemas:write": http.StatusForbidden, "admin": http.StatusForbidden} {
		key := server.WithKey(t, account.CreateKey(t, "secret", map[string]any{"scopes": []string{scope}}).Token)
		key.Do(t, "PUT", "/v1/policies/retention", publish).Want(t, status)
	}
	key := server.WithKey(t, account.CreateKey(t, "secret", map[string]any{"scopes": []string{"privacy:write"}}).Token)
	key.Do(t, "PUT", "/v1/policies/quarantine", map[string]any{"document": map[string]any{}, "base_version": 0}).WantProblem(t, http.StatusForbidden, "scope_missing")
	account.Session.Post(t, "/v1/policies/retention/rehearsal", map[string]any{"document": document}).WantProblem(t, http.StatusBadRequest, "nothing_to_rehearse")

	type rules struct {
		Rules []struct {
			Event, Path *string
			Counts      []struct {
				Copy  string
				Items int64
			}
		}
		Hours int64
	}
	counted := func(r rules) map[string]int64 {
		found := map[string]int64{}
		for _, rule := range r.Rules {
			name := ""
			if rule.Event != nil {
				name += *rule.Event
			}
			if rule.Path != nil {
				name += *rule.Path
			}
			for _, c := range rule.Counts {
				found[name] += c.Items
			}
		}
		return found
	}
	preview := harness.As[rules](t, key.Post(t, "/v1/privacy/retention/preview", map[string]any{"document": document}).Want(t, http.StatusOK))
	want := map[string]int64{"": 0, "viewed": 1, "properties.phone": 1}
	require.Equal(t, want, counted(preview))
	require.Equal(t, int64(2), preview.Hours)
	require.Empty(t, counted(harness.As[rules](t, key.Post(t, "/v1/privacy/retention/preview", map[string]any{}).Want(t, http.StatusOK))), "by the default policy nothing goes")

	key.Do(t, "PUT", "/v1/policies/retention", publish).Want(t, http.StatusOK)
	key.Post(t, "/v1/privacy/retention/runs", nil).Want(t, http.StatusAccepted)
	type run struct {
		rules
		State         string
		PolicyVersion int `json:"policy_version"`
		Evidence      map[string]any
	}
	var done run
	testkit.Eventually(t, harness.Patience, func() error {
		all := harness.As[struct{ Runs []run }](t, key.Get(t, "/v1/privacy/retention/runs").Want(t, http.StatusOK)).Runs
		if len(all) == 0 || all[0].State == "running" {
			return context.DeadlineExceeded
		}
		done = all[0]
		return nil
	})
	require.Equal(t, "done", done.State)
	require.Equal(t, 1, done.PolicyVersion)
	require.Equal(t, want, counted(done.rules))
	require.EqualValues(t, 0, done.Evidence["left"])
	require.Contains(t, string(account.Session.Get(t, "/v1/audit").Body), `"retention.done"`)

	account.Session.Get(t, "/v1/events/v-1").WantProblem(t, http.StatusNotFound, "event_not_found")
	body := string(account.Session.Get(t, "/v1/events/b-1").Want(t, http.StatusOK).Body)
	require.NotContains(t, body, "30 1234")
	require.Contains(t, body, `"plan"`)
	other.Session.Get(t, "/v1/events/v-1").Want(t, http.StatusOK)
	require.Contains(t, string(other.Session.Get(t, "/v1/events/b-1").Body), "30 1234", "another organization's")

	// The archive follows: the file of the hour in which everything goes, and that of the hour from which a property goes.
	require.Equal(t, []string{"eastwind-pro"}, awaitArchived(t, server, account, 1, "nobody-needs-it", "30 1234", "eastwind-pro"))
	require.Len(t, awaitArchived(t, server, other, 2, "nobody-needs-it", "30 1234", "eastwind-pro"), 3, "another organization's")
}

// awaitArchived waits until as many events of a tenant are archived, and nothing of theirs waits to be. It returns which of the texts stand in any
// file of theirs.
func awaitArchived(t *testing.T, server *harness.Server, a harness.Account, n int, texts ...string) (found []string) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		res := a.Session.Get(t, "/v1/archive").Want(t, http.StatusOK)
		state := harness.As[struct {
			Events  int
			Waiting int `json:"waiting_hours"`
		}](t, res)
		if state.Events != n || state.Waiting > 0 {
			return fmt.Errorf("%s", res.Body)
		}
		return nil
	})
	hits, err := search.Below(filepath.Join(server.DataDir, "archive", "events", "tenant="+a.Tenant.ID), texts...)
	require.NoError(t, err)
	for _, h := range hits {
		if !slices.Contains(found, h.Text) {
			found = append(found, h.Text)
		}
	}
	return found
}

func TestMinimisation(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	ack := account.Secret.Send(t, harness.Event{Name: "bought", Properties: map[string]any{"plan": "pro", "phone": "1"}}, harness.Event{Name: "bought", Properties: map[string]any{"plan": "pro"}})
	account.Secret.Settled(t, ack.Receipt)
	now := time.Now().UTC()
	account.Session.Post(t, "/v1/query/trends", map[string]any{
		"event": "bought", "measure": "count", "interval": "hour", "from": now.Add(-time.Hour), "to": now, "breakdown": "properties.plan",
		"filters": map[string]any{"not": map[string]any{"property": "user_id", "operator": "is_set"}},
	}).Want(t, http.StatusOK)
	server.Stop(t) // which writes down what was used
	server.Start(t)
	report := harness.As[struct {
		Events []struct {
			Event      string
			Events     int64
			Properties []struct {
				Path, Action string
				Share        float64
				Bytes, Uses  int64
			}
		}
	}](t, account.Session.Get(t, "/v1/privacy/minimisation").Want(t, http.StatusOK))
	require.Len(t, report.Events, 1)
	require.Equal(t, int64(2), report.Events[0].Events)
	actions, shares := map[string]string{}, map[string]float64{}
	for _, p := range report.Events[0].Properties {
		actions[p.Path], shares[p.Path] = p.Action, p.Share
		require.Positive(t, p.Bytes)
	}
	require.Equal(t, map[string]string{"properties.plan": "none", "properties.phone": "redact"}, actions)
	require.Equal(t, map[string]float64{"properties.plan": 1, "properties.phone": 0.5}, shares)
}

func TestResidency(t *testing.T) {
	t.Parallel()
	engines, env := harness.SharedEngines(t), map[string]string{"OBSERVATORY_SECRET_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32))}
	eu := harness.Start(t, harness.Config{Engines: engines, Env: env, Flags: []string{"--region", "eu"}})
	nowhere := harness.Start(t, harness.Config{Engines: engines, Env: env})
	account := eu.SignUp(t)
	event := harness.Event{Name: "sale"}
	patch := func(s *harness.Caller, region string) harness.Response {
		return s.Do(t, "PATCH", "/v1/tenant", map[string]string{"residency": region})
	}
	elsewhere := nowhere.WithKey(t, account.Keys.Secret)
	testkit.Eventually(t, harness.Patience, func() error { // nothing is said yet; a key reaches every node within 5 s
		if res := elsewhere.Post(t, "/v1/events", map[string]any{"event": event.Name}); res.StatusCode != http.StatusAccepted {
			return fmt.Errorf("%d: %s", res.StatusCode, res.Body)
		}
		return nil
	})

	patch(account.Session, "E U").Want(t, http.StatusBadRequest)
	patch(nowhere.LogIn(t, account.Email, harness.Password), "eu").WantProblem(t, http.StatusBadRequest, "region_unknown")
	patch(account.Session, "eu").Want(t, http.StatusOK)
	patch(account.Session, "us").WantProblem(t, http.StatusConflict, "residency_fixed")
	tenant := harness.As[struct{ Residency, Region string }](t, account.Session.Get(t, "/v1/tenant").Want(t, http.StatusOK))
	require.Equal(t, "eu", tenant.Residency)
	require.Equal(t, "eu", tenant.Region)
	account.Secret.Send(t, event)
	testkit.Eventually(t, harness.Patience, func() error { // within 5 seconds
		res, err := elsewhere.Try(t.Context(), "POST", "/v1/events", map[string]any{"event": "sale"})
		if err == nil && res.StatusCode == http.StatusAccepted {
			err = context.DeadlineExceeded
		}
		return err
	})
	elsewhere.Post(t, "/v1/events", map[string]any{"event": "sale"}).WantProblem(t, http.StatusForbidden, "wrong_region")
	elsewhere.Post(t, "/v1/track", map[string]any{"event": "sale", "userId": "u"}).Want(t, http.StatusForbidden)
	elsewhere.Get(t, "/v1/catalog").Want(t, http.StatusOK) // what is stored may be asked for
}

// leavingLink waits for the mail to an owner of somebody who leaves, and returns the path that its link leads to.
func leavingLink(t *testing.T, server *harness.Server, what, to string) (path string) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		files, err := filepath.Glob(filepath.Join(server.DataDir, "mail", "*-offboarding-*.eml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			mail := strings.NewReplacer("=\r\n", "", "=\n", "", "=3D", "=").Replace(string(text)) // quoted-printable
			if found := regexp.MustCompile(`/v1/offboardings/[\w-]+/` + what).FindString(mail); found != "" && strings.Contains(mail, "<"+to+">") {
				path = found
				return nil
			}
		}
		return os.ErrNotExist
	})
	return path
}

// tablesWithRows are the tables of the control plane in which there is something of a tenant.
func tablesWithRows(t *testing.T, url, tenant string) map[string]int {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, pg.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	found := map[string]int{}
	require.NoError(t, pool.WithTenant(t.Context(), uuid.MustParse(tenant), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `
			SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
			WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND has_any_column_privilege(c.oid, 'SELECT')`)
		require.NoError(t, err)
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Greater(t, len(tables), 30)
		for _, table := range tables {
			var there bool
			require.NoError(t, tx.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM "+table+")").Scan(&there), table)
			if there {
				found[table] = 1
			}
		}
		return nil
	}))
	return found
}

func TestAnOrganizationLeaves(t *testing.T) {
	t.Parallel()
	engines := harness.SharedEngines(t)
	server := harness.Start(t, harness.Config{Engines: engines, Transport: newContract(t), Flags: []string{"--offboarding-grace", "3s"}})
	account, other := server.SignUp(t), server.SignUp(t)
	name := harness.As[struct{ Name string }](t, account.Session.Get(t, "/v1/tenant")).Name
	for _, a := range []harness.Account{account, other} {
		ack := a.Secret.Send(t, harness.Event{Name: "sale", ID: "s-1", UserID: "u-1", Properties: map[string]any{"plan": "pro \"x\""}})
		require.Equal(t, 1, a.Secret.Settled(t, ack.Receipt).Counts.Stored)
		a.Session.Do(t, "PUT", "/v1/policies/retention", map[string]any{"document": map[string]any{"keep_days": 30}, "base_version": 0}).Want(t, http.StatusOK)
	}
	account.Session.Do(t, "PUT", "/v1/billing/subscription", map[string]any{"plan": "scale"}).Want(t, http.StatusOK)
	admin := join(t, server, account, "admin-"+account.Email, "admin")
	shared := join(t, server, account, "shared-"+account.Email, "viewer") // belongs to another organization as well
	other.Session.Post(t, "/v1/invitations", map[string]string{"email": "shared-" + account.Email, "role": "viewer"}).Want(t, http.StatusCreated)

	account.Session.Get(t, "/v1/tenant/offboarding").WantProblem(t, http.StatusNotFound, "not_leaving")
	account.Session.Post(t, "/v1/tenant/offboarding", map[string]string{"name": "another"}).WantProblem(t, http.StatusBadRequest, "name_mismatch")
	admin.Post(t, "/v1/tenant/offboarding", map[string]string{"name": name}).WantProblem(t, http.StatusForbidden, "permission_denied")
	account.Session.Post(t, "/v1/tenant/offboarding", map[string]string{"name": name}).Want(t, http.StatusAccepted)
	account.Session.Post(t, "/v1/tenant/offboarding", map[string]string{"name": name}).WantProblem(t, http.StatusConflict, "already_leaving")
	refused := func(want int) {
		testkit.Eventually(t, harness.Patience, func() error {
			res, err := account.Secret.Try(t.Context(), "POST", "/v1/events", map[string]any{"event": "late"})
			if err == nil && res.StatusCode != want {
				err = context.DeadlineExceeded
			}
			return err
		})
	}
	refused(http.StatusForbidden)
	account.Secret.Post(t, "/v1/events", map[string]any{"event": "late"}).WantProblem(t, http.StatusForbidden, "tenant_closing")
	account.Secret.Get(t, "/v1/catalog").WantProblem(t, http.StatusForbidden, "tenant_closing")
	account.Session.Do(t, "DELETE", "/v1/tenant/offboarding", nil).Want(t, http.StatusOK)
	account.Session.Do(t, "DELETE", "/v1/tenant/offboarding", nil).WantProblem(t, http.StatusNotFound, "not_leaving")
	refused(http.StatusAccepted) // it stays after all

	account.Session.Post(t, "/v1/tenant/offboarding", map[string]string{"name": name}).Want(t, http.StatusAccepted)
	anybody := server.Anonymous(t)
	export := leavingLink(t, server, "export", account.Email)
	file := anybody.Get(t, export).Want(t, http.StatusOK).Body
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	contents := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		contents[f.Name] = string(text)
	}
	require.Contains(t, contents["data/events.jsonl"], `"event_id":"s-1"`)
	require.Contains(t, contents["control/policies.jsonl"], `"keep_days"`)
	require.Contains(t, contents["control/people.jsonl"], account.Email)
	require.Contains(t, contents["manifest.json"], name)
	for member, text := range contents {
		require.NotContains(t, text, other.Tenant.ID, member)
	}

	path := leavingLink(t, server, "certificate", account.Email)
	jws := strings.TrimSpace(string(anybody.Get(t, path).Want(t, http.StatusOK).Body))
	written := filepath.Join(t.TempDir(), "certificate.jws")
	require.NoError(t, os.WriteFile(written, []byte(jws), 0o600))
	said, err := exec.CommandContext(t.Context(), harness.Binary(t), "verify-certificate", written, "--keys", server.URL+"/.well-known/observatory-certificates.json").CombinedOutput()
	require.NoError(t, err, string(said))
	require.Contains(t, string(said), "to erase the whole organisation")
	require.NotContains(t, string(said), account.Email)
	anybody.Get(t, export).Want(t, http.StatusOK) // for two weeks more
	anybody.Get(t, strings.Replace(path, "certificate", "export", 1)).WantProblem(t, http.StatusNotFound, "link_invalid")

	// Nothing is left but what must stay.
	conn := events(t, server)
	var tables []string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT groupArray(table) FROM system.columns WHERE database = currentDatabase() AND name = 'tenant_id'").Scan(&tables))
	require.Greater(t, len(tables), 10)
	for _, table := range tables {
		var n uint64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM "+table+" WHERE tenant_id = {tenant:UUID}", clickhouse.Named("tenant", account.Tenant.ID)).Scan(&n))
		require.Zero(t, n, table)
	}
	left := tablesWithRows(t, engines.Postgres, account.Tenant.ID)
	require.Subset(t, left, map[string]int{"audit_log": 1, "offboardings": 1, "privacy_certificates": 1, "invoices": 1, "invoice_lines": 1})
	for _, table := range inventory.Postgres() {
		if !table.Stays && table.Name != "jobs" && table.Name != "job_attempts" {
			require.NotContains(t, left, table.Name)
		}
	}
	require.Contains(t, tablesWithRows(t, engines.Postgres, other.Tenant.ID), "api_keys", "it would be seen")
	plane, err := pgx.Connect(t.Context(), engines.Postgres)
	require.NoError(t, err)
	defer plane.Close(t.Context())
	var kinds []string // what is owed is looked after still
	require.NoError(t, plane.QueryRow(t.Context(), "SELECT coalesce(array_agg(DISTINCT kind), '{}') FROM jobs WHERE tenant_id = $1", account.Tenant.ID).Scan(&kinds))
	require.Subset(t, []string{"payment:look", "payment:meter", "billing:close-tenant", "usage:count", "usage:month"}, kinds)
	for email, there := range map[string]int{account.Email: 0, "admin-" + account.Email: 0, "shared-" + account.Email: 0, other.Email: 1} {
		var n int
		require.NoError(t, plane.QueryRow(t.Context(), "SELECT count(*) FROM users WHERE email = $1", email).Scan(&n))
		require.Equal(t, there, n, email)
	}
	var state, currency, called string
	var total int64
	require.NoError(t, plane.QueryRow(t.Context(), "SELECT state, currency, total, tenant_name FROM invoices WHERE tenant_id = $1", account.Tenant.ID).Scan(&state, &currency, &total, &called))
	require.Equal(t, []string{"issued", "USD", name}, []string{state, currency, called}, "what is owed outlives who owes it")
	require.Positive(t, total)
	invoices, err := filepath.Glob(filepath.Join(server.DataDir, "mail", "*-invoice-*.eml"))
	require.NoError(t, err)
	require.Len(t, invoices, 2, "the owner and the admin have it by mail")
	account.Session.Get(t, "/v1/tenant").Want(t, http.StatusUnauthorized)
	shared.Get(t, "/v1/tenant").Want(t, http.StatusUnauthorized) // the invitation was not accepted
	other.Session.Get(t, "/v1/events/s-1").Want(t, http.StatusOK)
	other.Secret.Send(t, harness.Event{Name: "sale"})
}
