package certificate_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func at(minutes int) time.Time {
	return time.Date(2026, time.November, 21, 9, minutes, 0, 123_456_789, time.FixedZone("elsewhere", 3600))
}

func ptr[T any](v T) *T { return &v }

// finished is a request that is over. Wherever a text of somebody's can stand in one, who stands there.
func finished(who string) privacy.Request {
	return privacy.Request{
		ID: privacy.ID(uuid.New()), Tenant: tenants.NewID(), Type: privacy.Erase, State: privacy.Exceptions, Note: who, Stay: true, Number: 3,
		FiledAt: at(0), FiledBy: tenants.Actor{Label: who}, Deadline: at(0).AddDate(0, 1, 0), Extended: who, Approval: &privacy.Approval{By: who},
		Waiting: who, Error: who, Ended: ptr(at(9)),
		Position: &privacy.Position{ReceivedBefore: at(2), Logs: []privacy.LogPosition{
			{Log: uuid.New(), Host: who, Kind: "local", End: 4711, Clock: at(1)}, {Log: uuid.New(), Host: who, Kind: "local", End: 5, Clock: at(1), Retired: true, Text: who},
		}},
		Steps: []privacy.Step{
			{Copy: "events", State: privacy.StepClear, Before: privacy.Holding{Items: 1204, Unit: "events"}, Began: ptr(at(3)), Erased: ptr(at(4)), Ended: ptr(at(5)), Evidence: privacy.Evidence{"mutation": "mutation_7.txt"}},
			{Copy: "quarantine", State: privacy.StepFailed, Before: privacy.Holding{Items: 3, Unit: "dead letters"}, After: 1, Pending: who, Error: who, Began: ptr(at(3))},
			{Copy: "rollups", State: privacy.StepErased, Pending: who, Error: who},
		},
	}
}

func certified(t require.TestingT, r privacy.Request) certificate.Certificate {
	c, err := certificate.Of(r, certificate.Tenant{ID: uuid.UUID(r.Tenant), Name: "Acme"}, certificate.Issuer{Name: "https://events.example.com", Version: "1"}, at(10))
	require.NoError(t, err)
	return c
}

func newKey(t require.TestingT) (ed25519.PrivateKey, certificate.Keys) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return private, certificate.Keys{tenants.NewJWK(public).KID: public}
}

func TestWhatWasSignedIsReadBack(t *testing.T) {
	t.Parallel()
	private, keys := newKey(t)
	_, others := newKey(t)
	c := certified(t, finished("x"))
	jws, err := certificate.Sign(c, private)
	require.NoError(t, err)
	got, err := certificate.Verify(jws, keys)
	require.NoError(t, err)
	require.Equal(t, c, got)
	again, err := certificate.Sign(c, private)
	require.NoError(t, err)
	require.Equal(t, jws, again)
	_, err = certificate.Verify(jws, others)
	require.ErrorIs(t, err, certificate.ErrKeyUnknown)

	published, err := json.Marshal(keys.JWKS())
	require.NoError(t, err)
	read, err := certificate.ParseKeys(published)
	require.NoError(t, err)
	require.Equal(t, keys, read)
}

// Whatever is changed in it, wherever: it is no certificate any more.
func TestNoByteMayBeDifferent(t *testing.T) {
	t.Parallel()
	private, keys := newKey(t)
	jws, err := certificate.Sign(certified(t, finished("x")), private)
	require.NoError(t, err)
	for i := range jws {
		for _, bit := range []byte{1, 2, 4, 8, 16, 32, 64, 128} {
			changed := []byte(jws)
			changed[i] ^= bit
			_, err := certificate.Verify(string(changed), keys)
			require.Error(t, err, "byte %d, bit %d", i, bit)
		}
	}
	for _, changed := range []string{
		"", jws[1:], jws[:len(jws)-1], jws + "A", jws + ".", jws + "=", jws + "\n", " " + jws, strings.Replace(jws, ".", "\n.", 1), strings.Replace(jws, ".", "..", 1), jws + "\r\n",
	} {
		_, err := certificate.Verify(changed, keys)
		require.Error(t, err)
	}
}

// A certificate that somebody has signed with a key of their own, or not at all, does not hold, whatever its header says.
func TestNoOtherSignatureHolds(t *testing.T) {
	t.Parallel()
	private, keys := newKey(t)
	theirs, _ := newKey(t)
	jws, err := certificate.Sign(certified(t, finished("x")), private)
	require.NoError(t, err)
	parts := strings.Split(jws, ".")
	kid := ""
	for kid = range keys {
	}
	for _, header := range []string{
		`{"alg":"EdDSA","kid":"` + kid + `","typ":"observatory-certificate+jws"}`,
		`{"alg":"none","kid":"` + kid + `","typ":"observatory-certificate+jws"}`,
		`{"alg":"EdDSA","kid":"` + kid + `","typ":"JWT"}`,
		`{"alg":"EdDSA","kid":"` + kid + `","typ":"observatory-certificate+jws","crit":["exp"]}`,
		`{"alg":"EdDSA","kid":"","typ":"observatory-certificate+jws"}`,
	} {
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1]
		for _, signature := range [][]byte{nil, make([]byte, 64), ed25519.Sign(theirs, []byte(signed))} {
			_, err := certificate.Verify(signed+"."+base64.RawURLEncoding.EncodeToString(signature), keys)
			require.Error(t, err, header)
		}
	}
	// Signed by us, and yet no certificate: a key is for one thing only.
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"`+kid+`","typ":"observatory-certificate+jws"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"format":"another/1"}`))
	_, err = certificate.Verify(signed+"."+base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(signed))), keys)
	require.ErrorIs(t, err, certificate.ErrNotSigned)
}

// Nothing of a request that somebody wrote, or that a failure may have quoted, gets into the certificate.
func TestACertificateHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		who := rapid.StringMatching(`[a-z]{8}@[a-z]{5}\.example`).Draw(t, "who")
		r := finished(who)
		r.Type = rapid.SampledFrom(privacy.Types()).Draw(t, "type")
		r.State = rapid.SampledFrom([]privacy.State{privacy.Completed, privacy.Exceptions, privacy.Failed}).Draw(t, "state")
		private, _ := newKey(t)
		c := certified(t, r)
		jws, err := certificate.Sign(c, private)
		require.NoError(t, err)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(jws, ".")[1])
		require.NoError(t, err)
		require.NotContains(t, string(payload), who)
		require.NotContains(t, c.Explain(), who)
	})
}

func TestOnlyWhatIsOverIsCertified(t *testing.T) {
	t.Parallel()
	for _, state := range privacy.States() {
		r := finished("x")
		r.State = state
		_, err := certificate.Of(r, certificate.Tenant{}, certificate.Issuer{}, at(10))
		if state.Final() && state != privacy.Cancelled {
			require.NoError(t, err, state)
		} else {
			require.ErrorIs(t, err, certificate.ErrNotOver, state)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	r := finished("x")
	c := certified(t, r)
	require.Equal(t, fmt.Sprintf(`https://events.example.com certifies for Acme (%s):
Request %s to erase, about 3 people, filed 2026-11-21 08:00:00 UTC, completed with exceptions 2026-11-21 08:10:00 UTC.

All that was received before 2026-11-21 08:02:00 UTC was looked through, whatever time events claim:
  log          local log %s, up to offset 4711: nothing before it is left in it.
  log          local log %s, up to offset 5: its node never came back.

Copies:
  events       1204 events before, none after: looked through on the disk as well.
  quarantine   3 dead letters before, 1 after. It is not clear.
  rollups      It was not counted before, 0 after. It is not clear.

Not done:
  log          The node with the log %s never came back. What lies on its disk before offset 5 could not be reached.
  quarantine   Of 3 dead letters 1 are left.
  rollups      Nobody sees it any more, but it was not seen to be gone from the disk.

Nothing new of them is stored from then on.
`, r.Tenant, r.ID, r.Position.Logs[0].Log, r.Position.Logs[1].Log, r.Position.Logs[1].Log), strings.Split(c.Explain(), "\nBesides:")[0])
}

func FuzzVerify(f *testing.F) {
	private, keys := newKey(f)
	jws, err := certificate.Sign(certified(f, finished("x")), private)
	require.NoError(f, err)
	f.Add(jws)
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := certificate.Verify(text, keys); err == nil {
			require.Equal(t, jws, text)
		}
	})
}

// service is one on a database of its own.
func service(t *testing.T) (*certificate.Service, *pg.Pool) {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	secret := make([]byte, 32)
	keys, err := suppress.NewKeys(secret)
	require.NoError(t, err)
	s, err := certificate.New(certificate.Deps{
		Store: privacypg.New(pool, keys, nil), SecretKey: secret, Issuer: certificate.Issuer{Name: "https://events.example.com", Version: "1"}, Now: func() time.Time { return at(10) },
	})
	require.NoError(t, err)
	return s, pool
}

// file has the request in the database, and its tenant.
func file(t *testing.T, pool *pg.Pool, r privacy.Request) {
	t.Helper()
	require.NoError(t, pool.WithTenant(t.Context(), uuid.UUID(r.Tenant), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Acme', 'UTC', now())", uuid.UUID(r.Tenant)); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO privacy_requests (id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, body, deadline_at, changed_at)
			VALUES ($1, $2, 'erase', 'verifying', '', true, 3, 'member', now(), 'user', '', '', $3, now(), now())`, uuid.UUID(r.ID), uuid.UUID(r.Tenant), make([]byte, 16))
		return err
	}))
}

func TestCertificatesAreKeptAndOutliveTheirKey(t *testing.T) {
	t.Parallel()
	s, pool := service(t)
	ctx := context.Background()
	r := finished("x")
	file(t, pool, r)
	_, err := s.Certify(ctx, r)
	require.Error(t, err, "there is no key yet")
	require.NoError(t, s.EnsureKey(ctx))
	require.NoError(t, s.EnsureKey(ctx))
	_, err = s.Find(ctx, r.Tenant, uuid.UUID(r.ID))
	require.ErrorIs(t, err, certificate.ErrNotFound)

	evidence, err := s.Certify(ctx, r)
	require.NoError(t, err)
	require.NoError(t, s.Rotate(ctx))
	again, err := s.Certify(ctx, r)
	require.NoError(t, err)
	require.Equal(t, evidence, again, "one, and always the same")

	signed, err := s.Find(ctx, r.Tenant, uuid.UUID(r.ID))
	require.NoError(t, err)
	keys, err := s.Keys(ctx)
	require.NoError(t, err)
	require.Len(t, keys, 2)
	c, err := certificate.Verify(signed.JWS, keys)
	require.NoError(t, err)
	require.Equal(t, "Acme", c.Tenant.Name)
	_, err = s.Find(ctx, tenants.NewID(), uuid.UUID(r.ID))
	require.ErrorIs(t, err, certificate.ErrNotFound, "of another tenant")

	next := finished("x")
	file(t, pool, next)
	later, err := s.Certify(ctx, next)
	require.NoError(t, err)
	require.NotEqual(t, evidence["certificate_kid"], later["certificate_kid"])
}
