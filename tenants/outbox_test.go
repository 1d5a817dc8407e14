package tenants_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestMailsSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, owner := w.signUp(t, "ada@example.com")
	token := w.mailedToken(t, "ada@example.com")
	m := w.Mail.last("ada@example.com")
	require.Equal(t, "Verify your e-mail address", m.Subject)
	require.Contains(t, m.Text, "https://observatory.example/verify?token="+token)
	require.Contains(t, m.HTML, `href="https://observatory.example/verify?token=`+token+`"`)

	name := `<script>"Acme" & Sons</script>`
	_, err := w.Organisation.Update(t.Context(), owner, tenants.UpdateTenantInput{Name: &name})
	require.NoError(t, err)
	_, err = w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: "bob@example.com", Role: tenants.RoleViewer})
	require.NoError(t, err)
	token = w.mailedToken(t, "bob@example.com")
	m = w.Mail.last("bob@example.com")
	require.Contains(t, m.Subject, name)
	require.Contains(t, m.Text, "/invite?token="+token)
	require.NotContains(t, m.HTML, "<script>")

	require.NoError(t, w.Accounts.RequestPasswordReset(t.Context(), tenants.RequestPasswordResetInput{Email: "ada@example.com", Address: home}))
	token = w.mailedToken(t, "ada@example.com")
	require.Contains(t, w.Mail.last("ada@example.com").Text, "/reset?token="+token)
}

func TestMailIsRetriedAndGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(t, "ada@example.com")
	deliver := func() tenants.Delivery {
		d, err := w.Outbox.Deliver(t.Context(), 10)
		require.NoError(t, err)
		return d
	}
	w.Mail.failWith(errors.New("connection refused"))
	require.Equal(t, tenants.Delivery{Postponed: 1}, deliver())
	require.Zero(t, deliver(), "not before its time")
	w.Clock.Advance(30 * time.Second)
	require.Equal(t, tenants.Delivery{Postponed: 1}, deliver())
	w.Clock.Advance(30 * time.Second)
	require.Zero(t, deliver(), "twice as long")
	w.Clock.Advance(30 * time.Second)
	w.Mail.failWith(nil)
	require.Equal(t, tenants.Delivery{Sent: 1}, deliver())
	w.Clock.Advance(24 * time.Hour)
	require.Zero(t, deliver(), "once")
	require.Equal(t, 1, w.Mail.count())

	w.signUp(t, "bob@example.com")
	w.Mail.failWith(tenants.ErrMailRefused)
	require.Equal(t, tenants.Delivery{GivenUp: 1}, deliver())

	w.signUp(t, "eve@example.com")
	w.Mail.failWith(errors.New("connection refused"))
	tries := 0
	for range 60 {
		d := deliver()
		if tries += d.Postponed; d.GivenUp > 0 {
			break
		}
		w.Clock.Advance(time.Hour)
	}
	require.Equal(t, 11, tries, "the twelfth is the last")

	require.NoError(t, w.Accounts.RequestPasswordReset(t.Context(), tenants.RequestPasswordResetInput{Email: "ada@example.com", Address: home}))
	w.Clock.Advance(2 * time.Hour)
	w.Mail.failWith(nil)
	require.Equal(t, tenants.Delivery{GivenUp: 1}, deliver(), "nobody needs a link that has expired")
	require.Equal(t, 1, w.Mail.count())
}

func TestMailOfACrashedSenderIsSentByAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(t, "ada@example.com")
	claim := func() int {
		var rows []tenants.MailRow
		err := w.Store.System(t.Context(), func(sys tenants.SystemTx) (err error) {
			now := w.Clock.Now()
			rows, err = sys.ClaimMail(t.Context(), now, now.Add(time.Minute), 10)
			return err
		})
		require.NoError(t, err)
		return len(rows)
	}
	require.Equal(t, 1, claim()) // and then it dies
	require.Equal(t, 0, claim())
	w.Clock.Advance(time.Minute)
	require.Equal(t, 1, claim())
}

func TestManySendersSendEachMailOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		w.signUp(t, nobody(i))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if _, err := w.Outbox.Deliver(t.Context(), 3); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, 20, w.Mail.count())
	for i := range 20 {
		require.NotNil(t, w.Mail.last(nobody(i)))
	}
}

// Nothing that was mailed, shown once or chosen by somebody stands in the database as it is.
func TestDatabaseHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	_, err := w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: "bob@example.com", Role: tenants.RoleViewer})
	require.NoError(t, err)
	before := w.dump(t)
	invitation, verification := w.mailedToken(t, "bob@example.com"), w.mailedToken(t, "ada@example.com")
	after := w.dump(t)
	require.Contains(t, before, made.User.ID.String(), "the dump holds something")
	for _, secret := range []string{
		password, made.Token, made.Publishable.Token, made.Secret.Token, invitation, verification,
		strings.Split(made.Secret.Token, ".")[2],
	} {
		for _, spelling := range []string{secret, hex.EncodeToString([]byte(secret))} { // as text, and inside a bytea
			require.NotContains(t, before, spelling)
			require.NotContains(t, after, spelling)
		}
	}
	var letters int
	err = w.Pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT count(sealed) FROM mail_outbox").Scan(&letters)
	})
	require.NoError(t, err)
	require.Zero(t, letters, "letters are gone once they are sent")
}

// dump is every row of every table as text.
func (w *world) dump(t *testing.T) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	var all strings.Builder
	for _, table := range tables {
		name := pgx.Identifier{table}.Sanitize()
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "ALTER TABLE "+name+" NO FORCE ROW LEVEL SECURITY")
		require.NoError(t, err)
		rows, err := tx.Query(t.Context(), "SELECT row_to_json(r)::text FROM "+name+" r")
		require.NoError(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		all.WriteString(strings.Join(texts, "\n"))
		require.NoError(t, tx.Rollback(t.Context()))
	}
	return all.String()
}

func TestMailOfAnotherPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row, err := w.Outbox.Enclose(tenants.Notice{
		Kind: "privacy", To: "ada@example.com", Subject: "Is this you?", Before: []string{"Somebody asks."}, Action: "It is", Link: w.Outbox.Page("privacy", "x").String(),
	}, w.Clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.NotContains(t, string(row.Sealed), "ada@example.com")
	require.NoError(t, w.Store.System(t.Context(), func(sys tenants.SystemTx) error { return sys.AddMail(t.Context(), row) }))
	done, err := w.Outbox.Deliver(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, tenants.Delivery{Sent: 1}, done)
	m := w.Mail.last("ada@example.com")
	require.Equal(t, row.ID, m.ID)
	require.Equal(t, "Is this you?", m.Subject)
	require.Contains(t, m.Text, "It is:\nhttps://observatory.example/privacy/x\n")
}
