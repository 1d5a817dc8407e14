package billingpg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// mailManagers adds a mail to each of those who manage the billing of a tenant to the outbox, in a transaction across tenants. letter is what it
// says, but for whom it is to; until is when it is not worth sending any more.
func mailManagers(ctx context.Context, tx pgx.Tx, mails *tenants.Outbox, tenant tenants.ID, until time.Time, letter func(organisation string) tenants.Notice) error {
	people, err := db.New(tx).ListBillingManagers(ctx, uuid.UUID(tenant))
	if err != nil {
		return err
	}
	for _, p := range people {
		notice := letter(p.Organisation)
		notice.To = p.Email
		row, err := mails.Enclose(notice, until)
		if err != nil {
			return err
		}
		if err := tenantspg.AddMail(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}
