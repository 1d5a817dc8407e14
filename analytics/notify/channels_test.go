package notify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	smtpd "github.com/emersion/go-smtp"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/analytics/notify/safehttp"
	"github.com/observatory/observatory/tenants"
)

func ids(all ...tenants.UserID) []tenants.UserID { return all }

// For a day after a change both secrets are good, so that a receiver can change over whenever it likes.
func TestRotatingASecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, first := h.webhook("ops")
	verifies := func(secret notify.Secret) bool {
		_, err := h.service.TestChannel(t.Context(), h.by, channel.ID)
		require.NoError(t, err)
		got := h.hooks.take()
		require.Len(t, got, 1)
		verifier, err := webhooks.NewWebhook(secret.Reveal())
		require.NoError(t, err)
		return verifier.VerifyIgnoringTimestamp(got[0].body, got[0].header) == nil
	}
	require.True(t, verifies(first))
	changed, second, err := h.service.RotateSecret(t.Context(), h.by, channel.ID)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.Equal(t, h.now().Add(24*time.Hour), *changed.OldSecretUntil)
	require.True(t, verifies(first))
	require.True(t, verifies(second))
	h.pass(24 * time.Hour)
	require.False(t, verifies(first))
	require.True(t, verifies(second))

	_, third, err := h.service.RotateSecret(t.Context(), h.by, channel.ID)
	require.NoError(t, err)
	_, fourth, err := h.service.RotateSecret(t.Context(), h.by, channel.ID)
	require.NoError(t, err)
	require.False(t, verifies(second), "a second change ends the oldest at once")
	require.True(t, verifies(third))
	require.True(t, verifies(fourth))
}

// Nothing of a URL but its host, and nothing of a secret, is in what is stored in the clear, answered, printed or logged.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, secret := h.webhook("ops")
	_, err := h.service.ChangeChannel(t.Context(), h.by, channel.ID, notify.ChannelChange{Name: ptr("new name")})
	require.NoError(t, err)
	_, err = h.service.TestChannel(t.Context(), h.by, channel.ID)
	require.NoError(t, err)
	require.NotEmpty(t, h.hooks.take())
	again, err := h.service.Channel(t.Context(), h.tenant(), channel.ID)
	require.NoError(t, err)
	var seen strings.Builder
	slog.New(slog.NewJSONHandler(&seen, nil)).Info("text", "secret", secret, "channel", again)
	asJSON, err := json.Marshal(again)
	require.NoError(t, err)
	fmt.Fprintf(&seen, "%v %+v %#v %s %v %s", again, again, secret, secret, struct{ S notify.Secret }{secret}, asJSON)
	for _, table := range []string{"channels", "deliveries", "delivery_attempts", "audit_log"} {
		var rows string
		require.NoError(t, h.conn.QueryRow(t.Context(), "SELECT coalesce(string_agg(t::text, ' '), '') FROM "+table+" t").Scan(&rows))
		require.NotEmpty(t, rows, table)
		seen.WriteString(rows)
	}
	require.NotContains(t, seen.String(), strings.TrimPrefix(secret.Reveal(), "whsec_"))
	require.NotContains(t, seen.String(), "hunter2=")
	require.NotContains(t, seen.String(), "token=hunter2")
	require.Equal(t, h.hooks.URL+"/…ter2", again.URLHint)
}

func TestSendATest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.hooks.answers(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = w.Write([]byte("ok"))
	})
	good, secret := h.webhook("good")
	sent, err := h.service.TestChannel(t.Context(), h.by, good.ID)
	require.NoError(t, err)
	require.Len(t, sent, 1)
	require.Equal(t, notify.Sent, sent[0].State)
	require.Equal(t, "ok", sent[0].Attempts[0].Answer)
	require.Equal(t, "good", sent[0].ChannelName)
	require.Equal(t, h.by.CorrelationID, sent[0].Notice.CorrelationID)
	got := h.hooks.take()
	checkWebhook(t, got[0], secret, sent[0].ID)
	require.Contains(t, string(got[0].body), `"type":"test"`)

	bad, _ := h.webhook("bad")
	sent, err = h.service.TestChannel(t.Context(), h.by, bad.ID)
	require.NoError(t, err)
	require.Equal(t, notify.Failed, sent[0].State)
	require.Equal(t, http.StatusTeapot, *sent[0].Attempts[0].Status)
	h.pass(time.Hour)
	h.work()
	require.Len(t, h.hooks.take(), 1, "a test is tried once")

	slack, none, err := h.service.CreateChannel(t.Context(), h.by, notify.ChannelInput{Name: "slack", Kind: notify.Slack, URL: h.hooks.URL + "/services/T/B/x"})
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = h.service.TestChannel(t.Context(), h.by, slack.ID)
	require.NoError(t, err)
	got = h.hooks.take()
	require.Contains(t, string(got[0].body), `"blocks"`)
	require.Empty(t, got[0].header.Get("webhook-signature"))

	email, _, err := h.service.CreateChannel(t.Context(), h.by, notify.ChannelInput{Name: "mail", Kind: notify.Email, Members: ids(h.ada, h.bob)})
	require.NoError(t, err)
	sent, err = h.service.TestChannel(t.Context(), h.by, email.ID)
	require.NoError(t, err)
	require.Len(t, sent, 2)
	require.Len(t, h.mails.take(), 2)
	h.mails.refuse = &smtpd.SMTPError{Code: 550, Message: "no such bob@example.com"}
	sent, err = h.service.TestChannel(t.Context(), h.by, email.ID)
	require.NoError(t, err)
	require.Equal(t, notify.Failed, sent[0].State)
	require.NotContains(t, sent[0].Attempts[0].Error, "@")

	for range notify.MaxTests {
		h.pass(time.Second)
		if _, err = h.service.TestChannel(t.Context(), h.by, good.ID); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, notify.ErrTooManyTests)
}

// With the setting for development off, nothing that is not public is called: neither when a channel is made nor when a name leads inside later.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	strict := notify.NewService(h.deps(false))
	for _, address := range []string{h.hooks.URL, "https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/", "http://hooks.example.com/"} {
		_, _, err := strict.CreateChannel(t.Context(), h.by, notify.ChannelInput{Name: "x", Kind: notify.Webhook, URL: address})
		require.Error(t, err, address)
		require.True(t, errors.Is(err, safehttp.ErrNotPublic) || errors.Is(err, safehttp.ErrURL))
	}
	inside, _, err := strict.CreateChannel(t.Context(), h.by, notify.ChannelInput{Name: "inside", Kind: notify.Webhook, URL: "https://localhost/"})
	require.NoError(t, err, "what a name stands for is known when it is dialled")
	sent, err := strict.TestChannel(t.Context(), h.by, inside.ID)
	require.NoError(t, err)
	require.Equal(t, notify.Failed, sent[0].State)
	require.Equal(t, safehttp.ErrNotPublic.Message, sent[0].Attempts[0].Error)

	id := h.incident(h.policy(notify.Plan{Steps: []notify.Step{
		{Targets: []notify.Target{channelTarget(inside)}}, {Delay: time.Hour, Targets: []notify.Target{channelTarget(inside)}},
	}}))
	require.NoError(t, h.escalator.Run(t.Context()))
	require.NoError(t, h.courier(false).Run(t.Context()))
	require.Contains(t, h.timeline(id)[1], "could not be reached in one attempt. "+safehttp.ErrNotPublic.Message+" The next step is taken at once.")
}

func TestSettingsRefuseWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	create := func(in notify.ChannelInput) error {
		_, _, err := h.service.CreateChannel(ctx, h.by, in)
		return err
	}
	require.ErrorIs(t, create(notify.ChannelInput{Name: " ", Kind: notify.Webhook, URL: h.hooks.URL}), notify.ErrName)
	require.ErrorIs(t, create(notify.ChannelInput{Name: "x", Kind: "pigeon", URL: h.hooks.URL}), notify.ErrChannelContents)
	require.ErrorIs(t, create(notify.ChannelInput{Name: "x", Kind: notify.Email, URL: h.hooks.URL, Members: ids(h.ada)}), notify.ErrChannelContents)
	require.ErrorIs(t, create(notify.ChannelInput{Name: "x", Kind: notify.Email, Members: ids(tenants.NewUserID())}), notify.ErrNotMember)
	channel, _ := h.webhook("ops")
	require.ErrorIs(t, create(notify.ChannelInput{Name: "ops", Kind: notify.Slack, URL: h.hooks.URL}), notify.ErrNameTaken)
	_, err := h.service.ChangeChannel(ctx, h.by, channel.ID, notify.ChannelChange{Members: ids(h.ada)})
	require.ErrorIs(t, err, notify.ErrChannelContents)

	analyst := h.by
	analyst.Principal.Role = tenants.RoleAnalyst
	_, _, err = h.service.CreateChannel(ctx, analyst, notify.ChannelInput{Name: "y", Kind: notify.Slack, URL: h.hooks.URL})
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = h.service.CreatePolicy(ctx, analyst, "theirs", notify.Plan{RepeatAfter: time.Minute, Steps: []notify.Step{{Targets: []notify.Target{channelTarget(channel)}}}})
	require.NoError(t, err)

	require.ErrorIs(t, h.service.DeleteChannel(ctx, h.by, channel.ID), notify.ErrChannelInUse)
	all, err := h.service.Policies(ctx, h.tenant())
	require.NoError(t, err)
	require.NoError(t, h.service.DeletePolicy(ctx, h.by, all[0].ID))
	require.NoError(t, h.service.DeleteChannel(ctx, h.by, channel.ID))
	require.ErrorIs(t, h.service.DeleteChannel(ctx, h.by, channel.ID), notify.ErrNoSuchChannel)
	var sealed *string
	require.NoError(t, h.conn.QueryRow(ctx, "SELECT sealed::text FROM channels WHERE id = $1", channel.ID.String()).Scan(&sealed))
	require.Nil(t, sealed, "nothing is left of its secrets")
	_, err = h.service.CreatePolicy(ctx, h.by, "gone", notify.Plan{RepeatAfter: time.Minute, Steps: []notify.Step{{Targets: []notify.Target{channelTarget(channel)}}}})
	require.ErrorIs(t, err, notify.ErrNoSuchTarget)

	// Another tenant sees none of it.
	stranger := h.by
	stranger.Principal.Tenant = tenants.NewID()
	_, err = h.service.Channel(ctx, stranger.Principal.Tenant, channel.ID)
	require.ErrorIs(t, err, notify.ErrNoSuchChannel)
}

func ptr[T any](v T) *T { return &v }
