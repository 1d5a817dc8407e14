package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/tenants"
)

func (s *server) ListChannels(ctx context.Context, _ gen.ListChannelsRequestObject) (gen.ListChannelsResponseObject, error) {
	all, err := s.deps.Notify.Channels(ctx, in(ctx).principal.Tenant)
	return gen.ListChannels200JSONResponse{Channels: each(all, channelOut)}, err
}

func (s *server) GetChannel(ctx context.Context, r gen.GetChannelRequestObject) (gen.GetChannelResponseObject, error) {
	found, err := s.deps.Notify.Channel(ctx, in(ctx).principal.Tenant, notify.ChannelID(r.ChannelId))
	return gen.GetChannel200JSONResponse(channelOut(found)), err
}

func (s *server) CreateChannel(ctx context.Context, r gen.CreateChannelRequestObject) (gen.CreateChannelResponseObject, error) {
	made, secret, err := s.deps.Notify.CreateChannel(ctx, in(ctx).by(), notify.ChannelInput{
		Name: r.Body.Name, Kind: notify.Kind(r.Body.Kind), URL: deref(r.Body.Url), Members: users(deref(r.Body.Members)),
	})
	return gen.CreateChannel201JSONResponse{Channel: channelOut(made), Secret: orNil(secret.Reveal())}, err
}

func (s *server) UpdateChannel(ctx context.Context, r gen.UpdateChannelRequestObject) (gen.UpdateChannelResponseObject, error) {
	change := notify.ChannelChange{Name: r.Body.Name, URL: r.Body.Url}
	if r.Body.Members != nil {
		change.Members = users(*r.Body.Members)
	}
	changed, err := s.deps.Notify.ChangeChannel(ctx, in(ctx).by(), notify.ChannelID(r.ChannelId), change)
	return gen.UpdateChannel200JSONResponse(channelOut(changed)), err
}

func (s *server) DeleteChannel(ctx context.Context, r gen.DeleteChannelRequestObject) (gen.DeleteChannelResponseObject, error) {
	return gen.DeleteChannel204Response{}, s.deps.Notify.DeleteChannel(ctx, in(ctx).by(), notify.ChannelID(r.ChannelId))
}

func (s *server) RotateChannelSecret(ctx context.Context, r gen.RotateChannelSecretRequestObject) (gen.RotateChannelSecretResponseObject, error) {
	changed, secret, err := s.deps.Notify.RotateSecret(ctx, in(ctx).by(), notify.ChannelID(r.ChannelId))
	return gen.RotateChannelSecret200JSONResponse{Channel: channelOut(changed), Secret: orNil(secret.Reveal())}, err
}

func (s *server) TestChannel(ctx context.Context, r gen.TestChannelRequestObject) (gen.TestChannelResponseObject, error) {
	sent, err := s.deps.Notify.TestChannel(ctx, in(ctx).by(), notify.ChannelID(r.ChannelId))
	return gen.TestChannel200JSONResponse{Deliveries: each(sent, deliveryOut)}, err
}

func (s *server) ListDeliveries(ctx context.Context, r gen.ListDeliveriesRequestObject) (gen.ListDeliveriesResponseObject, error) {
	q := notify.DeliveriesQuery{
		Incident: r.Params.IncidentId, Channel: (*notify.ChannelID)(r.Params.ChannelId), State: notify.DeliveryState(deref(r.Params.State)), Limit: pageSize(r.Params.Limit),
	}
	if cursor := deref(r.Params.Cursor); cursor != "" {
		id, err := uuid.Parse(cursor)
		if err != nil {
			return nil, tenants.ErrCursorInvalid
		}
		q.Before = (*notify.DeliveryID)(&id)
	}
	found, err := s.deps.Notify.Deliveries(ctx, in(ctx).principal.Tenant, q)
	if err != nil {
		return nil, err
	}
	out := gen.ListDeliveries200JSONResponse{Deliveries: each(found, deliveryOut)}
	if len(found) == q.Limit {
		out.NextCursor = orNil(found[q.Limit-1].ID.String())
	}
	return out, nil
}

func users(ids []uuid.UUID) []tenants.UserID {
	return each(ids, func(id uuid.UUID) tenants.UserID { return tenants.UserID(id) })
}

func userIDOut(id tenants.UserID) uuid.UUID { return uuid.UUID(id) }

func channelOut(c notify.Channel) gen.Channel {
	out := gen.Channel{
		Id: uuid.UUID(c.ID), Name: c.Name, Kind: gen.ChannelKind(c.Kind), UrlHint: c.URLHint, Members: each(c.Members, userIDOut),
		CreatedAt: shown(c.CreatedAt), CreatedBy: c.CreatedBy, SecretRotatedAt: shownOrNil(c.SecretRotatedAt),
		OldSecretUntil: shownOrNil(c.OldSecretUntil),
	}
	return out
}

func deliveryOut(d notify.Delivery) gen.Delivery {
	out := gen.Delivery{
		Id: uuid.UUID(d.ID), Kind: gen.DeliveryKind(d.Kind), IncidentId: d.Incident, ChannelId: (*uuid.UUID)(d.Channel), ChannelName: orNil(d.ChannelName),
		Member: (*uuid.UUID)(d.Member), RotationId: (*uuid.UUID)(d.Rotation), State: gen.DeliveryState(d.State), CreatedAt: shown(d.CreatedAt),
		EndedAt: shownOrNil(d.EndedAt), NextAttemptAt: shownOrNil(d.NextAt), CorrelationId: d.Notice.CorrelationID,
		Attempts: each(d.Attempts, deliveryAttemptOut),
	}
	if d.Step > 0 {
		out.Step, out.Round = &d.Step, &d.Round
	}
	return out
}

func deliveryAttemptOut(a notify.Attempt) gen.DeliveryAttempt {
	out := gen.DeliveryAttempt{
		Attempt: a.Number, At: shown(a.At), Outcome: gen.DeliveryAttemptOutcome(a.Outcome), Status: a.Status, Answer: a.Answer, Error: a.Error,
	}
	if a.Elapsed != nil {
		ms := a.Elapsed.Milliseconds()
		out.ElapsedMs = &ms
	}
	return out
}
