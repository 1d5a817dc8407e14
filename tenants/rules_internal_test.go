package tenants

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// However people change each other's roles and remove each other, an owner remains, and nobody but an owner has ever made
// or unmade one.
func TestOwnersRemain(t *testing.T) {
	t.Parallel()
	roles := []Role{RoleOwner, RoleAdmin, RoleAnalyst, RoleViewer}
	rapid.Check(t, func(t *rapid.T) {
		people := []Member{{User: User{ID: NewUserID()}, Role: RoleOwner}}
		for range rapid.IntRange(0, 5).Draw(t, "others") {
			people = append(people, Member{User: User{ID: NewUserID()}, Role: rapid.SampledFrom(roles).Draw(t, "role")})
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			actor := rapid.IntRange(0, len(people)-1).Draw(t, "actor")
			target := rapid.IntRange(0, len(people)-1).Draw(t, "target")
			to := rapid.SampledFrom(append(roles, "")).Draw(t, "to")
			asOwner := people[actor].Role == RoleOwner
			owners, before := countOwners(people), people[target].Role

			_, err := mayChange(people, people[actor].User.ID, people[target].User.ID, to)
			if err != nil {
				aboutOwners := before == RoleOwner || to == RoleOwner
				if !aboutOwners || !errors.Is(err, ErrOwnersOnly) && !errors.Is(err, ErrLastOwner) {
					t.Fatalf("%s to %q by owner %t was refused: %v", before, to, asOwner, err)
				}
				continue
			}
			if to == "" {
				people = append(people[:target:target], people[target+1:]...)
			} else {
				people[target].Role = to
			}
			if countOwners(people) == 0 {
				t.Fatal("nobody owns the organisation")
			}
			if countOwners(people) != owners && !asOwner {
				t.Fatal("an owner was made or unmade by somebody who is none")
			}
		}
	})
}

// Scopes and permissions tell the same story: whoever counts as having a scope has the permissions that come with it.
func TestRolesAndScopesAgree(t *testing.T) {
	t.Parallel()
	permissions := []Permission{Query, ManageDashboards, ManageAlerts, ManageChannels, ManageSources, ManageKeys, ManageMembers, ManagePrivacy, ManageData, ManageTenant, ViewAudit, ViewBilling, ManageBilling}
	for _, role := range []Role{RoleOwner, RoleAdmin, RoleAnalyst, RoleViewer, ""} {
		person := Principal{Role: role}
		for _, scope := range AllScopes() {
			key := Principal{Key: &APIKey{}, Scopes: Scopes{scope}}
			if !key.Has(scope) || key.Can(ManageMembers) || key.Can(ManageTenant) {
				t.Errorf("a key with %s", scope)
			}
			for _, p := range permissions {
				if person.Has(scope) && key.Can(p) && !person.Can(p) {
					t.Errorf("%s counts as having %s, which allows %s, and is not allowed it", role, scope, p)
				}
			}
		}
		if person.Has(ScopeEventsWrite) {
			t.Errorf("%s can write events without a source", role)
		}
	}
	// Each role includes the next.
	for _, p := range permissions {
		ladder := []bool{RoleOwner.Allows(p), RoleAdmin.Allows(p), RoleAnalyst.Allows(p), RoleViewer.Allows(p), Role("").Allows(p)}
		for i := range ladder[1:] {
			if ladder[i+1] && !ladder[i] {
				t.Errorf("%s: a lesser role is allowed what a greater one is not", p)
			}
		}
	}
	if (Principal{}).Can(Query) || (Principal{}).Has(ScopeQueryRead) {
		t.Error("the zero principal may do something")
	}
}
