package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/resolve"
	"github.com/observatory/observatory/tenants"
)

// What domains tell each other about people, as the program has it.

type kin struct {
	store   people.KinStore
	looking *sync.RWMutex
}

func (k kin) Kin(ctx context.Context, tenant tenants.ID, ids []string) ([]resolve.Kin, error) {
	k.looking.RLock()
	defer k.looking.RUnlock()
	found, err := k.store.Kin(ctx, tenant, ids, resolve.MaxIDs)
	all := make([]resolve.Kin, 0, len(found))
	for _, p := range found {
		all = append(all, resolve.Kin{UserIDs: p.UserIDs, AnonymousIDs: p.AnonymousIDs, Events: p.Events, FirstAt: p.FirstAt, LastAt: p.LastAt})
	}
	return all, err
}

func (k kin) Carriers(ctx context.Context, tenant tenants.ID, values []privacy.Identifier) ([]resolve.Carrier, error) {
	wanted := make([]people.Carried, 0, len(values))
	for _, v := range values {
		wanted = append(wanted, people.Carried{Path: v.Path, Value: v.Value, Folded: resolve.Folded(v.Path)})
	}
	k.looking.RLock()
	defer k.looking.RUnlock()
	found, err := k.store.Carriers(ctx, tenant, wanted, resolve.MaxIDs)
	all := make([]resolve.Carrier, 0, len(found))
	for _, c := range found {
		all = append(all, resolve.Carrier{Value: privacy.Identifier{Kind: privacy.Property, Path: c.Path, Value: c.Value}, ID: c.ID, User: c.User})
	}
	return all, err
}

type pseudonyms struct{ h *house }

func (p pseudonyms) Forms(ctx context.Context, tenant tenants.ID) (func(string) []string, error) {
	later, err := p.h.declared.SecretVersions(ctx, tenant)
	if err != nil {
		return nil, err
	}
	secrets, err := redact.DeriveSecrets(p.h.secret, tenant, 1+len(later))
	if err != nil {
		return nil, err
	}
	forms, err := redact.NewPseudonyms(secrets)
	return forms.Forms, err
}

type profiles struct{ people *people.Service }

func (p profiles) Profile(ctx context.Context, tenant tenants.ID, id string) (export.Profile, bool, error) {
	found, err := p.people.Profile(ctx, tenant, id, time.Time{})
	if errors.Is(err, people.ErrPersonNotFound) {
		return export.Profile{}, false, nil
	}
	out := export.Profile{Person: found.Person, Traits: map[string]json.RawMessage{}}
	for _, id := range found.IDs {
		out.IDs = append(out.IDs, export.ProfileID{ID: id.ID})
	}
	return out, true, err
}
