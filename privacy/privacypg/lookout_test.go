package privacypg_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Owners are told once that a request is overdue, however many look, and again after its deadline was moved.
func TestOwnersAreToldOnce(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	secret := make([]byte, seal.KeyLength)
	post := &post{}
	house, err := tenants.New(
		tenants.Config{PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"}, SecretKey: secret, Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1}},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: post, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, house.SigningKeys.Ensure(t.Context()))
	signedUp, err := house.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: "owner@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	principal, err := signedUp.Session.Principal()
	require.NoError(t, err)

	keys, err := suppress.NewKeys(secret)
	require.NoError(t, err)
	sealer, err := seal.New(secret, "privacy requests")
	require.NoError(t, err)
	store := privacypg.New(pool, keys, testkit.Logger(t))
	now := time.Now().UTC()
	service := privacy.NewService(store.Requests(sealer), nil, nil, func() time.Time { return now })
	by := tenants.By{Principal: principal}
	r, err := service.File(t.Context(), by, privacy.Filing{
		Type: privacy.Erase, Confirm: true, Origin: privacy.ByMember, Subjects: []privacy.Identifier{{Kind: privacy.UserID, Value: "ada-lovelace"}},
	})
	require.NoError(t, err)
	lookout := store.Lookout(house.Outbox)
	overdue := func(at time.Time, want int) {
		untold, n, err := lookout.Overdue(t.Context(), at)
		require.NoError(t, err)
		require.Equal(t, want, n)
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				for _, ref := range untold {
					errs[i] = lookout.Tell(t.Context(), ref, at)
				}
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		_, err = house.Outbox.Deliver(t.Context(), 100)
		require.NoError(t, err)
	}
	overdue(r.Deadline, 0)
	require.Empty(t, post.about("overdue"))
	overdue(r.Deadline.Add(time.Second), 1)
	overdue(r.Deadline.Add(time.Minute), 1)
	require.Len(t, post.about("overdue"), 1)
	mail := post.about("overdue")[0]
	require.Equal(t, "owner@example.com", mail.To)
	require.Contains(t, mail.Text, "https://observatory.example/privacy/requests/"+r.ID.String())
	require.NotContains(t, mail.Text, "ada-lovelace")

	r, err = service.Extend(t.Context(), by, r.ID, r.Deadline.AddDate(0, 1, 0), "Many copies.")
	require.NoError(t, err)
	overdue(r.Deadline.Add(-time.Second), 0)
	overdue(r.Deadline.Add(time.Second), 1)
	require.Len(t, post.about("overdue"), 2)
}

// post keeps mail.
type post struct {
	mu  sync.Mutex
	all []tenants.Message
}

func (p *post) Send(_ context.Context, m tenants.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, m)
	return nil
}

func (p *post) about(word string) (found []tenants.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.all {
		if strings.Contains(m.Subject, word) {
			found = append(found, m)
		}
	}
	return found
}
