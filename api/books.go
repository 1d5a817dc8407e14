package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

func (s *server) GetReceipt(ctx context.Context, r gen.GetReceiptRequestObject) (gen.GetReceiptResponseObject, error) {
	receipt, err := s.deps.Books.Receipt(ctx, in(ctx).principal.Tenant, r.ReceiptId)
	if err != nil {
		return nil, err
	}
	out := gen.GetReceipt200JSONResponse{
		Receipt: r.ReceiptId, Status: gen.ReceiptStatusPending, ReceivedAt: receipt.ID.ReceivedAt(), CorrelationId: receipt.CorrelationID,
		Events: each(receipt.Outcomes, func(o ingest.Outcome) gen.ReceiptEvent {
			return gen.ReceiptEvent{Index: o.Index, EventId: o.EventID, Status: gen.EventStatus(o.Status.String()), Code: orNil(o.Code), Message: orNil(o.Message), ExpiresAt: timeOrNil(o.Until)}
		}),
		Counts: receiptCounts(receipt.Counts()),
	}
	if receipt.Settled {
		source := uuid.UUID(receipt.Source)
		out.Status, out.SourceId = gen.ReceiptStatusSettled, &source
	}
	return out, nil
}

func receiptCounts(c ingest.Counts) gen.ReceiptCounts {
	return gen.ReceiptCounts{
		Received: int(c.Received), Stored: int(c.Stored), Duplicate: int(c.Duplicate), Quarantined: int(c.Quarantined), Suppressed: int(c.Suppressed),
		Held: int(c.Held), Pending: int(c.Pending()),
	}
}

func (s *server) GetLedger(ctx context.Context, r gen.GetLedgerRequestObject) (gen.GetLedgerResponseObject, error) {
	const week = 7 * 24 * time.Hour
	to := s.deps.Now()
	if r.Params.To != nil {
		to = *r.Params.To
	}
	from := to.Add(-week)
	if r.Params.From != nil {
		from = *r.Params.From
	}
	hours, err := s.deps.Books.Ledger(ctx, in(ctx).principal.Tenant, from.UTC(), to.UTC())
	if err != nil {
		return nil, err
	}
	var totals ingest.Counts
	for _, h := range hours {
		totals = totals.Plus(h.Counts)
	}
	return gen.GetLedger200JSONResponse{
		Totals: countsOut(totals),
		Hours: each(hours, func(h ingest.LedgerHour) gen.LedgerHour {
			return gen.LedgerHour{Hour: h.Hour.UTC(), Counts: countsOut(h.Counts), Removed: h.Removed.Sum(), Balanced: h.Balanced()}
		}),
	}, nil
}

func countsOut(c ingest.Counts) gen.LedgerCounts {
	return gen.LedgerCounts{
		Received: c.Received, Stored: c.Stored, Duplicate: c.Duplicate, Quarantined: c.Quarantined, Suppressed: c.Suppressed, Held: c.Held,
	}
}

func (s *server) ListQuarantine(ctx context.Context, r gen.ListQuarantineRequestObject) (gen.ListQuarantineResponseObject, error) {
	before, err := openQuarantineCursor(deref(r.Params.Cursor))
	if err != nil {
		return nil, err
	}
	limit := pageSize(r.Params.Limit)
	tenant := in(ctx).principal.Tenant
	found, err := s.deps.Books.Quarantine(ctx, tenant, deref(r.Params.Cause), before, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListQuarantine200JSONResponse{Events: each(found, func(e ingest.QuarantinedEvent) gen.QuarantinedEvent { return s.quarantinedOut(tenant, e) })}
	if len(found) == limit {
		last := found[limit-1]
		out.NextCursor = orNil(quarantineCursor(ingest.QuarantineCursor{ReceivedAt: last.ReceivedAt, Receipt: last.Receipt, Index: last.Index}))
	}
	return out, nil
}

func (s *server) quarantinedOut(tenant tenants.ID, e ingest.QuarantinedEvent) gen.QuarantinedEvent {
	return gen.QuarantinedEvent{
		ReceivedAt: e.ReceivedAt.UTC(), EventId: readable(e.EventID), Event: readable(e.Event), Type: gen.QuarantinedEventType(e.Type),
		UserId: readable(e.UserID), AnonymousId: readable(e.AnonymousID), Time: e.Time.UTC(),
		Code: e.Rejection.Code, Message: e.Rejection.Message, Path: readable(e.Rejection.Path), SchemaId: int(e.Rejection.Schema), Cause: e.Cause,
		Format: gen.QuarantinedEventFormat(e.Format), Payload: readable(e.Payload), SourceId: uuid.UUID(e.Source), SdkName: readable(e.SDK), SdkVersion: readable(e.Version),
		Redactions: each(e.Redactions, readable), ExpiresAt: e.ExpiresAt.UTC(), CorrelationId: e.CorrelationID,
		Receipt: s.deps.Books.SealedReceipt(tenant, e.Receipt), Index: e.Index,
	}
}

// readable replaces what is not UTF-8, which a rejected event may hold.
func readable(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func quarantineCursor(c ingest.QuarantineCursor) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.ReceivedAt.UnixMilli())) //nolint:gosec // after 1970
	b = append(b, c.Receipt[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(c.Index)) //nolint:gosec // at most ingest.MaxEvents
	return base64.RawURLEncoding.EncodeToString(b)
}

func openQuarantineCursor(text string) (c ingest.QuarantineCursor, err error) {
	if text == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 8+16+2 {
		return c, fault.New(fault.Invalid, "cursor_invalid", "This cursor is not one of ours. Start again without a cursor, and pass next_cursor on as it is.")
	}
	c.ReceivedAt = time.UnixMilli(int64(binary.BigEndian.Uint64(b) & (1<<42 - 1)))
	c.Receipt = ingest.ReceiptID(b[8:24])
	c.Index = int(binary.BigEndian.Uint16(b[24:]))
	return c, nil
}
