package api_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/tests/harness"
)

// access says who may call an operation, in words of the documentation and not of the implementation.
type access int

const (
	anybody   access = iota
	people           // somebody logged in
	asking           // a member, or a key with query:read
	receiving        // as asking, or a key with events:write
	writing          // a key with events:write
	settingUp        // an owner or admin, or a key with the scope admin
	lookingUp        // a member, or a key with schemas:read, schemas:write, query:read or admin
	declaring        // an owner or admin, or a key with schemas:write or admin
	alerting         // an owner, admin or analyst, or a key with the scope admin
	answering        // an owner or admin, or a key with privacy:write
	following        // as asking, or a key with privacy:write
	managing         // an owner or admin
	owning           // an owner
	paying           // an owner, admin or analyst, or a key with billing:read
	operating        // whoever runs the installation
)

// operation is a valid request to an operation of the contract.
type operation struct {
	id     string
	method string
	path   string
	body   any
	may    access
	status int    // for those who may
	theirs string // code for another tenant, where the request names something of this one; empty: they are answered with what is their own
}

// subjects is what the requests are about: one of everything that a tenant can have.
type subjects struct {
	account harness.Account
	marker  string // is part of everything that the tenant named

	tenant, source, spareSource, key, spareKey, user, invitation string
	event, receipt                                               string
	eventsCursor, quarantineCursor, auditCursor                  string
	person, peopleCursor                                         string
	verifyToken, resetToken, invitationToken                     string
	registry                                                     registered
	replays                                                      replays
	jobs                                                         work
	checks                                                       checks
	alerts                                                       alerts
	notices                                                      notices
	forms                                                        forms
	left                                                         left
	billed                                                       billed
	requests                                                     requests
	proofs                                                       proofs
}

// operations has a request for every operation. In this order each of them succeeds for the tenant whose subjects it is about.
func (x subjects) operations() []operation {
	escape := url.PathEscape
	period := map[string]any{"measure": "count", "interval": "day", "from": "2026-01-01T00:00:00Z", "to": "2026-01-15T00:00:00Z", "breakdown": "properties.plan"}
	track := map[string]any{"event": "sale", "userId": "u-1", "type": "track"}
	theSame := map[string]any{"property": "event_id", "operator": "equals", "value": x.event}
	newcomer := "newcomer-" + uuid.NewString() + "@example.com"
	stubs := []operation{
		{id: "getSchemaStub", method: "GET", path: "/v1/schemas/" + escape(x.registry.subject) + "/stub?lang=go", may: lookingUp, status: 200, theirs: "schema_subject_not_found"},
	}
	stubs = append(append(stubs, x.replays.operations()...), x.jobs.operations()...)
	stubs = append(append(stubs, x.checks.operations()...), x.alerts.operations()...)
	stubs = append(append(stubs, x.notices.operations()...), x.forms.operations()...)
	stubs = append(stubs, x.lifecycle()...)
	stubs = append(append(stubs, subscribing()...), quotas()...)
	stubs = append(append(stubs, x.requests.operations()...), x.proofs.operations()...)
	stubs = append(append(stubs, x.suppressions()...), x.payment()...)
	stubs = append(stubs, usage()...)
	stubs = append(append(stubs, x.operator()...), x.billed.operations()...)
	all := append(append(stubs, x.registry.operations()...), []operation{ // these delete the subject at last
		{id: "healthz", method: "GET", path: "/healthz", status: 200},
		{id: "readyz", method: "GET", path: "/readyz", status: 200},
		{id: "getJWKS", method: "GET", path: "/.well-known/jwks.json", status: 200},

		{id: "ingestEvents", method: "POST", path: "/v1/events", body: map[string]any{"event": "sale", "event_id": x.event}, may: writing, status: 202},
		{id: "ingestPayload", method: "POST", path: "/v1/events/sale?event_id=" + x.event + "-payload", body: "\x00\x00\x00\x00\x01", may: writing, status: 202},
		{id: "segmentTrack", method: "POST", path: "/v1/track", body: track, may: writing, status: 200},
		{id: "segmentIdentify", method: "POST", path: "/v1/identify", body: map[string]any{"userId": "u-1", "traits": map[string]any{"plan": "pro"}}, may: writing, status: 200},
		{id: "segmentPage", method: "POST", path: "/v1/page", body: map[string]any{"anonymousId": "a-1", "name": "Home"}, may: writing, status: 200},
		{id: "segmentScreen", method: "POST", path: "/v1/screen", body: map[string]any{"anonymousId": "a-1", "name": "Home"}, may: writing, status: 200},
		{id: "segmentGroup", method: "POST", path: "/v1/group", body: map[string]any{"userId": "u-1", "groupId": "g-1"}, may: writing, status: 200},
		{id: "segmentAlias", method: "POST", path: "/v1/alias", body: map[string]any{"userId": "u-1", "previousId": "a-1"}, may: writing, status: 200},
		{id: "segmentBatch", method: "POST", path: "/v1/batch", body: map[string]any{"batch": []any{track}}, may: writing, status: 200},
		{id: "segmentSettings", method: "GET", path: "/v1/projects/" + x.account.Keys.Publishable + "/settings", status: 200},

		{id: "getReceipt", method: "GET", path: "/v1/receipts/" + x.receipt, may: receiving, status: 200, theirs: "receipt_not_found"},
		{id: "getLedger", method: "GET", path: "/v1/ledger", may: asking, status: 200},
		{id: "getPipeline", method: "GET", path: "/v1/pipeline", may: asking, status: 200},
		{id: "getBreakdowns", method: "GET", path: "/v1/rollups/breakdowns", may: asking, status: 200},
		{id: "chooseBreakdowns", method: "PUT", path: "/v1/rollups/breakdowns", body: map[string]any{"chosen": []string{"properties.plan"}}, may: declaring, status: 200},
		{id: "backfillRollups", method: "POST", path: "/v1/rollups/backfill", body: map[string]any{"from": "2026-01-01T00:00:00Z"}, may: declaring, status: 202},
		{id: "getArchive", method: "GET", path: "/v1/archive", may: following, status: 200},
		{id: "putArchive", method: "PUT", path: "/v1/archive", body: map[string]any{"encrypted": true}, may: answering, status: 200},
		{id: "listQuarantine", method: "GET", path: "/v1/quarantine?limit=500", may: asking, status: 200},
		{id: "listQuarantine", method: "GET", path: "/v1/quarantine?cursor=" + x.quarantineCursor, may: asking, status: 200},
		{id: "getPolicy", method: "GET", path: "/v1/policies/redaction", may: asking, status: 200},
		{id: "rehearsePolicy", method: "POST", path: "/v1/policies/redaction/rehearsal", body: map[string]any{"document": map[string]any{"rules": []any{}}, "last": 10}, may: asking, status: 200},
		{id: "publishPolicy", method: "PUT", path: "/v1/policies/quarantine", body: map[string]any{"document": map[string]any{"keep_days": 30}, "base_version": 0, "note": "note-" + x.marker}, may: declaring, status: 200},
		{id: "listPolicyVersions", method: "GET", path: "/v1/policies/quarantine/versions", may: asking, status: 200},
		{id: "listDetectors", method: "GET", path: "/v1/redaction/detectors", may: asking, status: 200},
		{id: "listRedactionSecrets", method: "GET", path: "/v1/redaction/secrets", may: asking, status: 200},
		{id: "rotateRedactionSecret", method: "POST", path: "/v1/redaction/secrets", may: declaring, status: 201},
		{id: "revealTokens", method: "POST", path: "/v1/redaction/reveal", body: map[string]any{"tokens": []string{"t1_of_nobody"}}, may: managing, status: 200},
		{id: "inferSchema", method: "POST", path: "/v1/schemas/inference", body: map[string]any{"event": "event-" + x.marker}, may: asking, status: 200, theirs: "nothing_seen"},
		{id: "rehearseSchema", method: "POST", path: "/v1/schemas/" + escape(x.registry.subject) + "/rehearsal", body: map[string]any{"schema": `{}`, "schemaType": "JSON", "event": "sale"}, may: asking, status: 200},
		{id: "queryTrends", method: "POST", path: "/v1/query/trends", body: period, may: asking, status: 200},
		{id: "queryEvents", method: "POST", path: "/v1/query/events", body: map[string]any{"limit": 500}, may: asking, status: 200},
		{id: "queryEvents", method: "POST", path: "/v1/query/events", body: map[string]any{"filters": theSame}, may: asking, status: 200},
		{id: "queryEvents", method: "POST", path: "/v1/query/events", body: map[string]any{"cursor": x.eventsCursor}, may: asking, status: 200},
		{id: "getEvent", method: "GET", path: "/v1/events/" + escape(x.event), may: asking, status: 200, theirs: "event_not_found"},
		{id: "getCatalog", method: "GET", path: "/v1/catalog", may: asking, status: 200},
		{id: "listPeople", method: "GET", path: "/v1/people?limit=1", may: asking, status: 200},
		{id: "listPeople", method: "GET", path: "/v1/people?id=" + escape(x.person), may: asking, status: 200},
		{id: "listPeople", method: "GET", path: "/v1/people?cursor=" + x.peopleCursor, may: asking, status: 200},
		{id: "getPerson", method: "GET", path: "/v1/people/" + escape(x.person), may: asking, status: 200, theirs: "person_not_found"},
		{id: "listPersonEvents", method: "GET", path: "/v1/people/" + escape(x.person) + "/events", may: asking, status: 200, theirs: "person_not_found"},
		{id: "getPersonHistory", method: "GET", path: "/v1/people/" + escape(x.person) + "/history", may: asking, status: 200, theirs: "person_not_found"},

		{id: "getMe", method: "GET", path: "/v1/me", may: people, status: 200},
		{id: "getTenant", method: "GET", path: "/v1/tenant", may: asking, status: 200},
		{id: "listSources", method: "GET", path: "/v1/sources", may: asking, status: 200},
		{id: "listKeys", method: "GET", path: "/v1/keys", may: settingUp, status: 200},
		{id: "listMembers", method: "GET", path: "/v1/members", may: asking, status: 200},
		{id: "listInvitations", method: "GET", path: "/v1/invitations", may: managing, status: 200},
		{id: "listAudit", method: "GET", path: "/v1/audit?limit=500", may: settingUp, status: 200},
		{id: "listAudit", method: "GET", path: "/v1/audit?cursor=" + x.auditCursor, may: settingUp, status: 200},
		{id: "verifyAudit", method: "GET", path: "/v1/audit/verification", may: settingUp, status: 200},

		{id: "signUp", method: "POST", path: "/v1/signup", body: map[string]string{"email": newcomer, "password": harness.Password, "organization": "Newcomer"}, status: 201},
		{id: "logIn", method: "POST", path: "/v1/login", body: map[string]string{"email": newcomer, "password": harness.Password}, status: 200},
		{id: "logOut", method: "POST", path: "/v1/logout", status: 204},
		{id: "requestPasswordReset", method: "POST", path: "/v1/password-resets", body: map[string]string{"email": newcomer}, status: 202},
		{id: "previewInvitation", method: "POST", path: "/v1/invitations/preview", body: map[string]string{"token": x.invitationToken}, status: 200},
		{id: "acceptInvitation", method: "POST", path: "/v1/invitations/accept", body: map[string]string{"token": x.invitationToken, "password": harness.Password}, status: 200},
		{id: "requestEmailVerification", method: "POST", path: "/v1/email-verifications", may: people, status: 202},
		{id: "confirmEmailVerification", method: "POST", path: "/v1/email-verifications/confirm", body: map[string]string{"token": x.verifyToken}, status: 204},
		{id: "switchTenant", method: "PUT", path: "/v1/me/tenant", body: map[string]string{"tenant_id": x.tenant}, may: people, status: 200, theirs: "tenant_not_found"},
		{id: "changePassword", method: "PUT", path: "/v1/me/password", body: map[string]string{"current_password": harness.Password, "new_password": harness.Password}, may: people, status: 204},

		{id: "updateTenant", method: "PATCH", path: "/v1/tenant", body: map[string]string{"timezone": "Europe/Berlin"}, may: owning, status: 200},
		{id: "createSource", method: "POST", path: "/v1/sources", body: map[string]string{"name": "Sensors", "kind": "sensor"}, may: settingUp, status: 201},
		{id: "updateSource", method: "PATCH", path: "/v1/sources/" + x.spareSource, body: map[string]string{"name": "Renamed"}, may: settingUp, status: 200, theirs: "source_not_found"},
		{id: "createKey", method: "POST", path: "/v1/keys", body: map[string]any{"source_id": x.source, "kind": "secret", "name": "Another", "scopes": []string{"events:write"}}, may: settingUp, status: 201, theirs: "source_not_found"},
		{id: "updateKey", method: "PATCH", path: "/v1/keys/" + x.spareKey, body: map[string]string{"name": "Renamed"}, may: settingUp, status: 200, theirs: "key_not_found"},
		{id: "rotateKey", method: "POST", path: "/v1/keys/" + x.spareKey + "/rotate", body: map[string]int{"grace_seconds": 60}, may: settingUp, status: 201, theirs: "key_not_found"},
		{id: "revokeKey", method: "DELETE", path: "/v1/keys/" + x.spareKey, may: settingUp, status: 204, theirs: "key_not_found"},
		{id: "createInvitation", method: "POST", path: "/v1/invitations", body: map[string]string{"email": "guest-" + uuid.NewString() + "@example.com", "role": "viewer"}, may: managing, status: 201},
		{id: "withdrawInvitation", method: "DELETE", path: "/v1/invitations/" + x.invitation, may: managing, status: 204, theirs: "invitation_not_found"},
		{id: "updateMember", method: "PATCH", path: "/v1/members/" + x.user, body: map[string]string{"role": "viewer"}, may: managing, status: 200, theirs: "member_not_found"},
		{id: "removeMember", method: "DELETE", path: "/v1/members/" + x.user, may: managing, status: 204, theirs: "member_not_found"},
		{id: "archiveSource", method: "DELETE", path: "/v1/sources/" + x.spareSource, may: settingUp, status: 204, theirs: "source_not_found"},
		{id: "confirmPasswordReset", method: "POST", path: "/v1/password-resets/confirm", body: map[string]string{"token": x.resetToken, "password": harness.Password}, status: 204},
		{id: "streamEvents", method: "GET", path: "/v1/events/stream", may: asking, status: 200},
	}...)
	return append(append(all, x.leaving()...), x.suspending()...) // for some seconds no key works then
}

// nothing is about things that nobody has.
func nothing() subjects {
	id := uuid.NewString
	x := subjects{
		tenant: id(), source: id(), spareSource: id(), key: id(), spareKey: id(), user: id(), invitation: id(), event: id(), person: id(),
		receipt: "rcp_" + id(), verifyToken: id(), resetToken: id(), invitationToken: id(), registry: unregistered(), replays: noReplays(), jobs: noWork(), checks: noChecks(), alerts: noAlerts(), forms: noForms(), left: nobodyLeft(), billed: nobodyBilled(), requests: noRequests(), proofs: noProofs(),
	}
	x.account.Keys.Publishable = "nobody's"
	x.notices = noNotices(x.alerts.incident)
	return x
}

// seed makes a tenant that has one of everything, all of it marked.
func seed(t *testing.T, server *harness.Server) subjects {
	t.Helper()
	x := subjects{marker: "zq" + strings.ReplaceAll(uuid.NewString(), "-", "")}
	name := func(what string) string { return what + "-" + x.marker }
	mail := func(what string) string { return name(what) + "@example.com" }
	x.account = server.SignUpAs(t, client.SignUpInput{Email: mail("owner"), Password: harness.Password, Organization: name("organization")})
	a := x.account
	x.tenant, x.source = a.Tenant.ID, a.Source.ID
	created := func(path string, body any) string {
		var made struct {
			ID  string
			Key struct{ ID string }
		}
		a.Session.Post(t, path, body).Want(t, http.StatusCreated).JSON(t, &made)
		return made.ID + made.Key.ID
	}
	x.spareSource = created("/v1/sources", map[string]string{"name": name("source"), "kind": "app"})
	x.key = created("/v1/keys", map[string]any{"source_id": x.source, "kind": "publishable", "name": name("key"), "origins": []string{"https://" + x.marker + ".example.com"}})
	x.spareKey = created("/v1/keys", map[string]any{"source_id": x.source, "kind": "secret", "name": name("spare")})

	x.registry = register(t, a, x.marker)

	x.event = name("id")
	sent := harness.As[client.Ack](t, a.Secret.Post(t, "/v1/events", []any{
		map[string]any{"event": name("event"), "event_id": x.event, "user_id": name("user"), "properties": map[string]any{"plan": name("plan")}},
		map[string]any{"event": name("event"), "anonymous_id": name("anonymous"), "context": map[string]any{"page": name("page")}},
		map[string]any{"event": name("bad"), "timestamp": name("never")},
		map[string]any{"event": name("bad"), "oops": name("oops")},
	}, "X-Correlation-ID", name("correlation")).Want(t, http.StatusAccepted))
	require.Len(t, sent.Rejected, 2)
	x.receipt = sent.Receipt
	a.Secret.Settled(t, x.receipt)
	x.replays = seedReplays(t, a)
	x.jobs = seedWork(t, server, a, x.marker)
	x.checks = seedChecks(t, a, x.marker)
	x.alerts = seedAlerts(t, server, a, x.marker)
	x.notices = seedNotices(t, a, x.alerts.incident, x.marker)
	x.forms = seedForms(t, server, a, x.marker)
	x.left = seedLeft(t, server)
	x.billed = seedBilled(t, server, x.tenant, time.Now().Add(time.Hour))
	x.requests = seedRequests(t, a, x.marker)
	x.proofs = seedProofs(t, a, x.marker)

	x.invitation = created("/v1/invitations", map[string]string{"email": mail("guest"), "role": "viewer"})
	created("/v1/invitations", map[string]string{"email": mail("another"), "role": "viewer"})
	x.invitationToken = mailToken(t, server, "invitation", mail("another"))
	member := join(t, server, a, mail("member"), "analyst")
	x.user = harness.As[struct{ User struct{ ID string } }](t, member.Get(t, "/v1/me")).User.ID
	server.Anonymous(t).Post(t, "/v1/password-resets", map[string]string{"email": mail("member")}).Want(t, http.StatusAccepted)
	x.resetToken, x.verifyToken = mailToken(t, server, "reset", mail("member")), mailToken(t, server, "verification", mail("owner"))

	cursor := func(r harness.Response) string {
		next := harness.As[struct {
			Next string `json:"next_cursor"`
		}](t, r.Want(t, http.StatusOK)).Next
		require.NotEmpty(t, next)
		return next
	}
	x.eventsCursor = cursor(a.Session.Post(t, "/v1/query/events", map[string]int{"limit": 1}))
	x.person, x.peopleCursor = name("user"), cursor(a.Session.Get(t, "/v1/people?limit=1"))
	x.quarantineCursor = cursor(a.Session.Get(t, "/v1/quarantine?limit=1"))
	x.auditCursor = cursor(a.Session.Get(t, "/v1/audit?limit=1"))
	return x
}

// betrays tells what of the subjects an answer gives away; empty for nothing.
func (x subjects) betrays(r harness.Response) string {
	text := strings.ToLower(string(r.Body) + fmt.Sprint(r.Header))
	for _, secret := range []string{x.marker, x.tenant, x.source, x.spareSource, x.key, x.spareKey, x.user, x.invitation, x.receipt, x.registry.schema.GUID} {
		if strings.Contains(text, strings.ToLower(secret)) {
			return secret
		}
	}
	return ""
}

// call sends the request as somebody. Of a stream only the first line is read.
func (o operation) call(t *testing.T, as *harness.Caller) harness.Response {
	t.Helper()
	if o.id == "ingestPayload" {
		as = as.With("Content-Type", "application/x-protobuf")
	}
	if o.ofRegistry() {
		return as.Do(t, o.method, o.path, o.body, "Accept", "application/json") // its errors have a code then
	}
	if o.id != "streamEvents" {
		return as.Do(t, o.method, o.path, o.body)
	}
	res := as.Stream(t.Context(), t, o.path)
	defer res.Body.Close()
	line, err := bufio.NewReader(res.Body).ReadBytes('\n')
	if !errors.Is(err, io.EOF) {
		require.NoError(t, err)
	}
	return harness.Response{Response: res, Body: line}
}

// TestEveryOperation calls every operation as somebody who may, and again with something wrong.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	contract := newContract(t)
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Transport: contract, Env: stripeOf(t).env()})
	x := seed(t, server)
	all := x.operations()
	for _, o := range all {
		as := x.account.Session
		switch o.may {
		case writing:
			as = x.account.Publishable
		case anybody:
			as = server.Anonymous(t)
		case operating:
			as = server.WithKey(t, operatorToken)
		default: // the owner's session may do everything else
		}
		o.call(t, as).Want(t, o.status)
	}
	for _, o := range nothing().operations() {
		if o.body != nil {
			o.body = "{"
		}
		o.call(t, server.Anonymous(t))
	}
	for id := range operations(contract.doc) {
		good, bad := 0, 0
		for _, status := range contract.statuses(id) {
			if status < http.StatusBadRequest {
				good++
			} else {
				bad++
			}
		}
		require.Positive(t, good, "%s never succeeded", id)
		switch id {
		case "healthz", "readyz", "getJWKS", "getCertificateKeys", "logOut": // cannot fail as long as the server is well
		default:
			require.Positive(t, bad, "%s never failed", id)
		}
	}
}

// TestTheTableIsComplete keeps the tests from overlooking an operation.
func TestTheTableIsComplete(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, o := range nothing().operations() {
		listed[o.id] = true
	}
	require.ElementsMatch(t, keys(operations(newContract(t).doc)), keys(listed))
}

// soon is a time that lies ahead.
func soon(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
