package notify

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Channels lists a tenant's channels, by name.
func (s *Service) Channels(ctx context.Context, tenant tenants.ID) ([]Channel, error) {
	return look(ctx, s, tenant, func(tx Tx) ([]Channel, error) { return tx.Channels(ctx) })
}

// Channel finds one. Errors: ErrNoSuchChannel.
func (s *Service) Channel(ctx context.Context, tenant tenants.ID, id ChannelID) (Channel, error) {
	return look(ctx, s, tenant, func(tx Tx) (Channel, error) { return tx.Channel(ctx, id) })
}

// CreateChannel makes a channel; of a webhook it returns the secret, which is not shown again. It needs ManageChannels.
//
// Errors: ErrName, ErrNameTaken, ErrTooMany, ErrChannelContents, ErrNotMember, members_invalid, safehttp.ErrURL, safehttp.ErrNotPublic.
func (s *Service) CreateChannel(ctx context.Context, by tenants.By, in ChannelInput) (c Channel, secret Secret, err error) {
	err = s.change(ctx, by, tenants.ManageChannels, func(tx Tx) (string, string, tenants.Details, error) {
		c = Channel{ID: ChannelID(newID()), Kind: in.Kind, CreatedAt: s.time(), CreatedBy: by.Principal.Actor.Label}
		if secret, err = s.fill(ctx, tx, &c, in); err != nil {
			return "", "", nil, err
		}
		all, err := tx.Channels(ctx)
		if err != nil {
			return "", "", nil, err
		}
		if len(all) >= MaxChannels {
			return "", "", nil, ErrTooMany
		}
		return "channel.created", "channel:" + c.ID.String(), tenants.Details{"name": c.Name, "kind": string(c.Kind)}, tx.AddChannel(ctx, c)
	})
	return c, secret, err
}

// fill checks the input of a new channel and puts it into c.
func (s *Service) fill(ctx context.Context, tx Tx, c *Channel, in ChannelInput) (secret Secret, err error) {
	if c.Name, err = cleanName(in.Name); err != nil {
		return "", err
	}
	if in.Kind == Email {
		if in.URL != "" {
			return "", ErrChannelContents
		}
		return "", s.setMembers(ctx, tx, c, in.Members)
	}
	if in.URL == "" || len(in.Members) > 0 || in.Kind != Webhook && in.Kind != Slack {
		return "", ErrChannelContents
	}
	inside := contents{}
	if in.Kind == Webhook {
		inside.Secret = newSecret()
		c.SecretRotatedAt = &c.CreatedAt
	}
	return inside.Secret, s.setURL(c, inside, in.URL)
}

func (s *Service) setMembers(ctx context.Context, tx Tx, c *Channel, members []tenants.UserID) error {
	people, err := tx.People(ctx)
	if err != nil {
		return err
	}
	c.Members = members
	return checkMembers(members, people)
}

func (s *Service) setURL(c *Channel, inside contents, address string) error {
	u, err := s.http.CheckURL(address)
	if err != nil {
		return err
	}
	inside.URL, c.URLHint = address, hint(u)
	c.Sealed, err = c.sealed(s.seal, inside)
	return err
}

// ChangeChannel changes a channel. It needs ManageChannels. Errors: ErrNoSuchChannel, and those of CreateChannel.
func (s *Service) ChangeChannel(ctx context.Context, by tenants.By, id ChannelID, change ChannelChange) (c Channel, err error) {
	err = s.change(ctx, by, tenants.ManageChannels, func(tx Tx) (string, string, tenants.Details, error) {
		if c, err = tx.Channel(ctx, id); err != nil {
			return "", "", nil, err
		}
		details := tenants.Details{"name": c.Name, "kind": string(c.Kind)}
		if change.Name != nil {
			if c.Name, err = cleanName(*change.Name); err != nil {
				return "", "", nil, err
			}
			details["name"] = c.Name
		}
		if c.Kind == Email && change.URL != nil || c.Kind != Email && change.Members != nil {
			return "", "", nil, ErrChannelContents
		}
		if change.Members != nil {
			if err := s.setMembers(ctx, tx, &c, change.Members); err != nil {
				return "", "", nil, err
			}
			details["members"] = strconv.Itoa(len(c.Members))
		}
		if change.URL != nil {
			inside, err := c.open(s.seal)
			if err != nil {
				return "", "", nil, err
			}
			if err := s.setURL(&c, inside, *change.URL); err != nil {
				return "", "", nil, err
			}
			details["url"] = "changed"
		}
		return "channel.changed", "channel:" + id.String(), details, tx.SetChannel(ctx, c)
	})
	return c, err
}

// DeleteChannel deletes a channel with its secrets. It needs ManageChannels. Errors: ErrNoSuchChannel, ErrChannelInUse.
func (s *Service) DeleteChannel(ctx context.Context, by tenants.By, id ChannelID) error {
	return s.change(ctx, by, tenants.ManageChannels, func(tx Tx) (string, string, tenants.Details, error) {
		c, err := tx.Channel(ctx, id)
		if err != nil {
			return "", "", nil, err
		}
		used, err := anyUses(ctx, tx, TargetChannel, uuid.UUID(id))
		if err != nil {
			return "", "", nil, err
		}
		if used {
			return "", "", nil, ErrChannelInUse
		}
		return "channel.deleted", "channel:" + id.String(), tenants.Details{"name": c.Name, "kind": string(c.Kind)}, tx.DeleteChannel(ctx, id, s.time())
	})
}

// RotateSecret gives a webhook a new secret. The one before signs as well for SecretGrace; the one before that ends at once. It needs
// ManageChannels. Errors: ErrNoSuchChannel, ErrNoSecret.
func (s *Service) RotateSecret(ctx context.Context, by tenants.By, id ChannelID) (c Channel, secret Secret, err error) {
	err = s.change(ctx, by, tenants.ManageChannels, func(tx Tx) (string, string, tenants.Details, error) {
		if c, err = tx.Channel(ctx, id); err != nil {
			return "", "", nil, err
		}
		if c.Kind != Webhook {
			return "", "", nil, ErrNoSecret
		}
		inside, err := c.open(s.seal)
		if err != nil {
			return "", "", nil, err
		}
		now := s.time()
		until := now.Add(SecretGrace)
		inside.OldSecret, inside.Secret = inside.Secret, newSecret()
		c.SecretRotatedAt, c.OldSecretUntil = &now, &until
		secret = inside.Secret
		if c.Sealed, err = c.sealed(s.seal, inside); err != nil {
			return "", "", nil, err
		}
		return "channel.secret_rotated", "channel:" + id.String(), tenants.Details{"name": c.Name}, tx.SetChannel(ctx, c)
	})
	return c, secret, err
}

// TestChannel sends a message to a channel now, once, and returns what happened. It needs ManageAlerts. Errors: ErrNoSuchChannel,
// ErrTooManyTests; that it could not be delivered is no error.
func (s *Service) TestChannel(ctx context.Context, by tenants.By, id ChannelID) ([]Delivery, error) {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return nil, err
	}
	tenant := by.Principal.Tenant
	made, err := s.beginTest(ctx, by, id)
	if err != nil {
		return nil, err
	}
	const together = 8
	room := make(chan struct{}, together)
	errs := make([]error, len(made))
	var all sync.WaitGroup
	for i := range made {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			errs[i] = s.sendTest(ctx, Claimed{Tenant: tenant, Attempt: 1, Delivery: made[i]})
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return look(ctx, s, tenant, func(tx Tx) ([]Delivery, error) {
		for i := range made {
			if made[i], err = tx.Delivery(ctx, made[i].ID); err != nil {
				return nil, err
			}
		}
		return made, nil
	})
}

// beginTest writes down the deliveries of a test, each with its only attempt begun.
func (s *Service) beginTest(ctx context.Context, by tenants.By, id ChannelID) (made []Delivery, err error) {
	now := s.time()
	err = s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) error {
		if err := tx.Lock(ctx); err != nil { // so that tests at the same moment are counted
			return err
		}
		channel, err := tx.Channel(ctx, id)
		if err != nil {
			return err
		}
		n, err := tx.CountTests(ctx, now.Add(-time.Hour))
		if err != nil {
			return err
		}
		if n >= MaxTests {
			return ErrTooManyTests
		}
		again := now.Add(lease) // when a worker gives it up, should this process die
		for _, d := range channel.deliveries() {
			d = d.with(Notice{Kind: Test, Title: channel.Name, Severity: "info", At: now, OpenedAt: now, CorrelationID: by.CorrelationID})
			d.MaxAttempts, d.NextAt, d.Attempts = 1, &again, []Attempt{{Number: 1, At: now, Outcome: OutcomeUnknown}}
			if _, err := tx.AddDelivery(ctx, d); err != nil {
				return err
			}
			made = append(made, d)
		}
		return nil
	})
	return made, err
}

func (s *Service) sendTest(ctx context.Context, d Claimed) error {
	to, err := destination(ctx, s.store, d)
	if err != nil {
		return err
	}
	r := s.sender.send(ctx, d.Delivery, to)
	r.final = true
	return settle(context.WithoutCancel(ctx), s.store, d, r, s.time(), 0)
}
