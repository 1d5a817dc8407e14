package tenants_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestInviteSomebodyNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, owner := w.signUp(t, "ada@example.com")

	sent, err := w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: "Bob@Example.com", Role: tenants.RoleAnalyst})
	require.NoError(t, err)
	require.Equal(t, w.Clock.Now().Add(7*24*time.Hour).UTC().Truncate(time.Microsecond), sent.ExpiresAt)
	open, err := w.Members.Invitations(t.Context(), ada.Tenant.ID)
	require.NoError(t, err)
	require.Equal(t, []tenants.Invitation{sent}, open)

	token := w.mailedToken(t, "Bob@Example.com")
	preview, err := w.Members.Preview(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, tenants.InvitationPreview{Organisation: ada.Tenant.Name, Email: "Bob@Example.com", Role: tenants.RoleAnalyst}, preview)

	_, err = w.Members.Accept(t.Context(), tenants.AcceptInput{Token: token, Password: "short", Address: home})
	require.ErrorIs(t, err, tenants.ErrPasswordInvalid)
	in, err := w.Members.Accept(t.Context(), tenants.AcceptInput{Token: token, Password: password, Name: "Bob", Address: home})
	require.NoError(t, err)
	require.Equal(t, tenants.RoleAnalyst, by(t, in.Session).Principal.Role)
	require.NotNil(t, in.Session.User.EmailVerifiedAt)
	_, err = w.Members.Accept(t.Context(), tenants.AcceptInput{Token: token, Password: password, Address: home})
	require.ErrorIs(t, err, tenants.ErrInvitationInvalid, "once")
	_, err = w.Members.Preview(t.Context(), token)
	require.ErrorIs(t, err, tenants.ErrInvitationInvalid)

	members, err := w.Members.List(t.Context(), ada.Tenant.ID)
	require.NoError(t, err)
	require.Len(t, members, 2)
	require.Equal(t, in.Session.User, members[1].User)
	_, err = w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "bob@example.com", Password: password, Address: home})
	require.NoError(t, err)
	_, err = w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: "BOB@example.com", Role: tenants.RoleViewer})
	require.ErrorIs(t, err, tenants.ErrAlreadyMember)
	require.Equal(t, []string{"invitation.created", "invitation.accepted", "member.joined"}, w.actions(t, ada.Tenant.ID)[5:])
	w.verifyAudit(t, ada.Tenant.ID)
}

func TestInviteSomebodyWithAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, owner := w.signUp(t, "ada@example.com")
	bob, _ := w.signUp(t, "bob@example.com")
	eve, _ := w.signUp(t, "eve@example.com")
	_, err := w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: "bob@example.com", Role: tenants.RoleAdmin})
	require.NoError(t, err)
	token := w.mailedToken(t, "bob@example.com")
	preview, err := w.Members.Preview(t.Context(), token)
	require.NoError(t, err)
	require.True(t, preview.HasAccount)

	accept := func(in tenants.AcceptInput) error {
		in.Token, in.Address = token, home
		_, err := w.Members.Accept(t.Context(), in)
		return err
	}
	require.ErrorIs(t, accept(tenants.AcceptInput{Password: "a password of eve's choice"}), tenants.ErrLogInFailed, "an invitation does not set the password of an account")
	require.ErrorIs(t, accept(tenants.AcceptInput{SessionToken: eve.Token}), tenants.ErrInvitationForOther)
	require.ErrorIs(t, accept(tenants.AcceptInput{}), tenants.ErrLogInFailed)
	require.NoError(t, accept(tenants.AcceptInput{SessionToken: bob.Token}))
}

func TestInvitationsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, owner := w.signUp(t, "ada@example.com")
	invite := func(email string) (tenants.Invitation, string) {
		i, err := w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: email, Role: tenants.RoleViewer})
		require.NoError(t, err)
		return i, w.mailedToken(t, email)
	}
	accept := func(token string) error {
		_, err := w.Members.Accept(t.Context(), tenants.AcceptInput{Token: token, Password: password, Address: home})
		return err
	}
	withdrawn, token := invite("a@example.com")
	require.NoError(t, w.Members.Withdraw(t.Context(), owner, withdrawn.ID))
	require.ErrorIs(t, accept(token), tenants.ErrInvitationInvalid)
	require.ErrorIs(t, w.Members.Withdraw(t.Context(), owner, withdrawn.ID), tenants.ErrInvitationNotFound)

	_, first := invite("b@example.com")
	_, second := invite("B@example.com")
	require.ErrorIs(t, accept(first), tenants.ErrInvitationInvalid, "a newer one replaces it")
	require.NoError(t, accept(second))

	_, late := invite("c@example.com")
	w.Clock.Advance(7 * 24 * time.Hour)
	require.ErrorIs(t, accept(late), tenants.ErrInvitationInvalid)
	open, err := w.Members.Invitations(t.Context(), ada.Tenant.ID)
	require.NoError(t, err)
	require.Empty(t, open)
}

func TestRolesOfMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, owner := w.signUp(t, "ada@example.com")
	adminIn := w.join(t, owner, "admin@example.com", tenants.RoleAdmin)
	viewerIn := w.join(t, owner, "viewer@example.com", tenants.RoleViewer)
	admin, viewer := by(t, adminIn.Session), by(t, viewerIn.Session)
	change := func(by tenants.By, user tenants.UserID, role tenants.Role) error {
		_, err := w.Members.ChangeRole(t.Context(), by, user, role)
		return err
	}
	invite := func(by tenants.By, role tenants.Role) error {
		_, err := w.Members.Invite(t.Context(), by, tenants.InviteInput{Email: "new@example.com", Role: role})
		return err
	}

	require.ErrorIs(t, change(viewer, adminIn.Session.User.ID, tenants.RoleViewer), tenants.ErrPermissionDenied)
	require.ErrorIs(t, invite(viewer, tenants.RoleViewer), tenants.ErrPermissionDenied)
	require.ErrorIs(t, w.Members.Remove(t.Context(), viewer, adminIn.Session.User.ID), tenants.ErrPermissionDenied)
	require.ErrorIs(t, invite(admin, tenants.RoleOwner), tenants.ErrOwnersOnly)
	require.ErrorIs(t, invite(admin, "king"), tenants.ErrRoleUnknown)
	require.ErrorIs(t, change(admin, admin.Principal.User, tenants.RoleOwner), tenants.ErrOwnersOnly)
	require.ErrorIs(t, change(admin, ada.User.ID, tenants.RoleViewer), tenants.ErrOwnersOnly)
	require.ErrorIs(t, w.Members.Remove(t.Context(), admin, ada.User.ID), tenants.ErrOwnersOnly)
	require.ErrorIs(t, change(owner, ada.User.ID, tenants.RoleAdmin), tenants.ErrLastOwner)
	require.ErrorIs(t, w.Members.Remove(t.Context(), owner, ada.User.ID), tenants.ErrLastOwner)
	require.ErrorIs(t, change(owner, tenants.NewUserID(), tenants.RoleAdmin), tenants.ErrMemberNotFound)

	require.NoError(t, change(admin, viewerIn.Session.User.ID, tenants.RoleAnalyst))
	session, err := w.Accounts.Session(t.Context(), viewerIn.Token)
	require.NoError(t, err)
	require.Equal(t, tenants.RoleAnalyst, by(t, session).Principal.Role, "in force with the next request")

	require.NoError(t, change(owner, admin.Principal.User, tenants.RoleOwner))
	require.NoError(t, w.Members.Remove(t.Context(), owner, ada.User.ID), "an owner may leave who is not the last")
	session, err = w.Accounts.Session(t.Context(), ada.Token)
	require.NoError(t, err)
	_, err = session.Principal()
	require.ErrorIs(t, err, tenants.ErrNoMembership)

	require.NoError(t, w.Members.Remove(t.Context(), viewer, viewer.Principal.User), "anybody may leave")
	require.ErrorIs(t, change(owner, admin.Principal.User, tenants.RoleViewer), tenants.ErrOwnersOnly, "a session from before being removed has no power")
	w.verifyAudit(t, ada.Tenant.ID)
}

func TestTwoOwnersCannotUnmakeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, adaBy := w.signUp(t, "ada@example.com")
	bobIn := w.join(t, adaBy, "bob@example.com", tenants.RoleOwner)
	bobBy := by(t, bobIn.Session)

	for range 10 {
		errs := make([]error, 2)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, errs[0] = w.Members.ChangeRole(t.Context(), adaBy, bobIn.Session.User.ID, tenants.RoleViewer)
		})
		wg.Go(func() { _, errs[1] = w.Members.ChangeRole(t.Context(), bobBy, ada.User.ID, tenants.RoleViewer) })
		wg.Wait()
		if errs[0] != nil {
			errs[0], errs[1] = errs[1], errs[0]
			adaBy, bobBy, ada.User.ID, bobIn.Session.User.ID = bobBy, adaBy, bobIn.Session.User.ID, ada.User.ID
		}
		require.NoError(t, errs[0])
		require.True(t, errors.Is(errs[1], tenants.ErrOwnersOnly) || errors.Is(errs[1], tenants.ErrLastOwner), "%v", errs[1])
		_, err := w.Members.ChangeRole(t.Context(), adaBy, bobIn.Session.User.ID, tenants.RoleOwner)
		require.NoError(t, err)
	}
}
