package api

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/tenants"
)

// draftID is how callers name the invoice of the month that runs, which has no ID yet.
const draftID = "draft"

func (s *server) ListInvoices(ctx context.Context, r gen.ListInvoicesRequestObject) (gen.ListInvoicesResponseObject, error) {
	var before uuid.UUID
	if cursor := deref(r.Params.Cursor); cursor != "" {
		var err error
		if before, err = uuid.Parse(cursor); err != nil {
			return nil, tenants.ErrCursorInvalid
		}
	}
	limit := pageSize(r.Params.Limit)
	tenant := in(ctx).principal.Tenant
	found, err := s.deps.Invoices.List(ctx, tenant, before, limit)
	if err != nil {
		return nil, err
	}
	balance, err := s.deps.Invoices.Balance(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := gen.ListInvoices200JSONResponse{Invoices: each(found, invoiceHeadOut), Credit: balanceOut(balance)}
	if len(found) == limit {
		out.NextCursor = orNil(found[limit-1].ID.String())
	}
	return out, nil
}

// invoice finds the draft, or an invoice by its ID with the credit notes about it.
func (s *server) invoice(ctx context.Context, id string) (billing.Invoice, []billing.Invoice, error) {
	tenant := in(ctx).principal.Tenant
	if id == draftID {
		draft, err := s.deps.Invoices.Draft(ctx, tenant)
		return draft, nil, err
	}
	parsed, err := invoiceID(id)
	if err != nil {
		return billing.Invoice{}, nil, err
	}
	return s.deps.Invoices.Invoice(ctx, tenant, parsed)
}

// invoiceID reads an ID; that of the draft is Nil.
func invoiceID(text string) (uuid.UUID, error) {
	if text == draftID {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(text)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, invoicing.ErrNotFound
	}
	return id, nil
}

func (s *server) GetInvoice(ctx context.Context, r gen.GetInvoiceRequestObject) (gen.GetInvoiceResponseObject, error) {
	invoice, notes, err := s.invoice(ctx, r.InvoiceId)
	if err != nil {
		return nil, err
	}
	h := invoiceHeadOut(invoice)
	return gen.GetInvoice200JSONResponse{
		Id: h.Id, Kind: h.Kind, Number: h.Number, Corrects: h.Corrects, TenantName: h.TenantName, Period: h.Period, Currency: h.Currency, Total: h.Total,
		State: h.State, IssuedAt: h.IssuedAt, DueAt: h.DueAt, PaidAt: h.PaidAt,
		Lines: each(invoice.Lines, invoiceLineOut), CreditNotes: each(notes, invoiceHeadOut),
	}, nil
}

func (s *server) DownloadInvoice(ctx context.Context, r gen.DownloadInvoiceRequestObject) (gen.DownloadInvoiceResponseObject, error) {
	invoice, _, err := s.invoice(ctx, r.InvoiceId)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if err := invoicing.WriteCSV(&file, invoice); err != nil {
		return nil, fmt.Errorf("write an invoice as CSV: %w", err)
	}
	name := invoice.Number
	if name == "" {
		name = invoice.Period.String() + "-draft"
	}
	return gen.DownloadInvoice200TextcsvResponse{
		Body: &file, ContentLength: int64(file.Len()),
		Headers: gen.DownloadInvoice200ResponseHeaders{ContentDisposition: orNil(`attachment; filename="` + name + `.csv"`)},
	}, nil
}

func (s *server) ListInvoiceLineHours(ctx context.Context, r gen.ListInvoiceLineHoursRequestObject) (gen.ListInvoiceLineHoursResponseObject, error) {
	id, err := invoiceID(r.InvoiceId)
	if err != nil {
		return nil, err
	}
	hours, err := s.deps.Invoices.Hours(ctx, in(ctx).principal.Tenant, id, r.LineId)
	if err != nil {
		return nil, err
	}
	out := gen.ListInvoiceLineHours200JSONResponse{
		Meter: string(hours.Line.Meter), Quantity: hours.Line.Quantity, Metered: hours.Metered, Days: []gen.InvoiceLineDay{},
	}
	for _, d := range hours.Days {
		day := gen.InvoiceLineDay{Day: openapi_types.Date{Time: d.Day}, Quantity: d.Quantity, Metered: d.Metered}
		if r.Params.Day != nil {
			if !d.Day.Equal(r.Params.Day.Time) {
				continue
			}
			of := each(d.Hours, invoiceLineHourOut)
			day.Hours = &of
		}
		out.Days = append(out.Days, day)
	}
	return out, nil
}

func (s *server) ListInvoiceLineEvents(ctx context.Context, r gen.ListInvoiceLineEventsRequestObject) (gen.ListInvoiceLineEventsResponseObject, error) {
	const sample = 20
	id, err := invoiceID(r.InvoiceId)
	if err != nil {
		return nil, err
	}
	limit := sample
	if r.Params.Limit != nil {
		limit = *r.Params.Limit
	}
	ids, err := s.deps.Invoices.Events(ctx, in(ctx).principal.Tenant, id, r.LineId, r.Params.Hour, limit)
	if ids == nil {
		ids = []string{}
	}
	return gen.ListInvoiceLineEvents200JSONResponse{Hour: shown(r.Params.Hour), EventIds: ids}, err
}

func (s *server) ListCredits(ctx context.Context, _ gen.ListCreditsRequestObject) (gen.ListCreditsResponseObject, error) {
	const newest = 500
	tenant := in(ctx).principal.Tenant
	entries, err := s.deps.Invoices.Credits(ctx, tenant, newest)
	if err != nil {
		return nil, err
	}
	balance, err := s.deps.Invoices.Balance(ctx, tenant)
	return gen.ListCredits200JSONResponse{Credit: balanceOut(balance), Entries: each(entries, func(c invoicing.Credit) gen.CreditEntry {
		return gen.CreditEntry{
			Id: c.ID, At: shown(c.At), Currency: string(c.Currency), Amount: int64(c.Amount), Kind: gen.CreditEntryKind(c.Kind), InvoiceId: c.Document, Note: c.Note,
		}
	})}, err
}

func (s *server) CompareReceipts(ctx context.Context, r gen.CompareReceiptsRequestObject) (gen.CompareReceiptsResponseObject, error) {
	const few = 50
	tenant := in(ctx).principal.Tenant
	if named := deref(r.Params.Receipt); len(named) > 0 {
		found, err := s.deps.Invoices.Compare(ctx, tenant, named)
		return gen.CompareReceipts200JSONResponse{Receipts: each(found, comparedOut)}, err
	}
	limit := few
	if r.Params.Limit != nil {
		limit = *r.Params.Limit
	}
	to := s.deps.Now()
	if r.Params.To != nil {
		to = *r.Params.To
	}
	from := to.Add(-time.Hour)
	if r.Params.From != nil {
		from = *r.Params.From
	}
	found, next, err := s.deps.Invoices.CompareRange(ctx, tenant, from.UTC(), to.UTC(), deref(r.Params.Cursor), limit)
	return gen.CompareReceipts200JSONResponse{Receipts: each(found, comparedOut), NextCursor: orNil(next)}, err
}
