package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/resolve"
	"github.com/observatory/observatory/tenants"
)

// People tells resolvers what analytics knows of who goes by which ID.
func People(store people.KinStore) resolve.People { return kin{store} }

type kin struct{ store people.KinStore }

// Kin implements resolve.People.
func (k kin) Kin(ctx context.Context, tenant tenants.ID, ids []string) ([]resolve.Kin, error) {
	found, err := k.store.Kin(ctx, tenant, ids, resolve.MaxIDs)
	all := make([]resolve.Kin, 0, len(found))
	for _, p := range found {
		all = append(all, resolve.Kin{UserIDs: p.UserIDs, AnonymousIDs: p.AnonymousIDs, Events: p.Events, FirstAt: p.FirstAt, LastAt: p.LastAt})
	}
	return all, tooBroad(err)
}

// Carriers implements resolve.People.
func (k kin) Carriers(ctx context.Context, tenant tenants.ID, values []privacy.Identifier) ([]resolve.Carrier, error) {
	wanted := make([]people.Carried, 0, len(values))
	for _, v := range values {
		wanted = append(wanted, people.Carried{Path: v.Path, Value: v.Value, Folded: resolve.Folded(v.Path)})
	}
	found, err := k.store.Carriers(ctx, tenant, wanted, resolve.MaxIDs)
	all := make([]resolve.Carrier, 0, len(found))
	for _, c := range found {
		value := privacy.Identifier{Kind: privacy.Property, Path: c.Path, Value: c.Value}
		all = append(all, resolve.Carrier{Value: value, ID: c.ID, User: c.User})
	}
	return all, tooBroad(err)
}

func tooBroad(err error) error {
	if errors.Is(err, people.ErrTooMany) {
		return resolve.ErrTooBroad
	}
	return err
}

// SecretVersions lists the secrets that a tenant has made its pseudonyms with after the first.
type SecretVersions interface {
	SecretVersions(ctx context.Context, tenant tenants.ID) ([]redact.SecretVersion, error)
}

// Forms tells resolvers what redaction makes of values, under a node's secret key.
func Forms(versions SecretVersions, key []byte) resolve.Forms { return pseudonyms{versions, key} }

type pseudonyms struct {
	versions SecretVersions
	key      []byte
}

// Forms implements resolve.Forms.
func (p pseudonyms) Forms(ctx context.Context, tenant tenants.ID) (func(string) []string, error) {
	later, err := p.versions.SecretVersions(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("list redaction secrets: %w", err)
	}
	secrets, err := redact.DeriveSecrets(p.key, tenant, 1+len(later))
	if err != nil {
		return nil, err
	}
	forms, err := redact.NewPseudonyms(secrets)
	return forms.Forms, err
}

// Profiles tells exports what is known about people.
func Profiles(known *people.Service) export.Profiles { return profiles{known} }

type profiles struct{ people *people.Service }

// Profile implements export.Profiles.
func (p profiles) Profile(ctx context.Context, tenant tenants.ID, id string) (export.Profile, bool, error) {
	found, err := p.people.Profile(ctx, tenant, id, time.Time{})
	if errors.Is(err, people.ErrPersonNotFound) {
		return export.Profile{}, false, nil
	}
	if err != nil {
		return export.Profile{}, false, err
	}
	out := export.Profile{
		Person: found.Person, IDs: []export.ProfileID{}, Traits: map[string]json.RawMessage{}, Groups: []export.ProfileGroup{},
		Events: found.Events, FirstAt: found.FirstAt, LastAt: found.LastAt,
	}
	for _, id := range found.IDs {
		kind := "anonymous"
		if id.User {
			kind = "user"
		}
		out.IDs = append(out.IDs, export.ProfileID{ID: id.ID, Kind: kind, LinkedAt: id.LinkedAt, FirstAt: id.FirstAt, LastAt: id.LastAt, Events: id.Events})
	}
	for key, trait := range found.Traits {
		out.Traits[key] = trait.Value
	}
	for _, g := range found.Groups {
		out.Groups = append(out.Groups, export.ProfileGroup{GroupID: g.ID, Since: g.Since, Traits: g.Traits})
	}
	return out, true, nil
}
