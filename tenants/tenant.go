package tenants

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/observatory/observatory/internal/fault"
)

// Tenant is one organisation.
type Tenant struct {
	ID        ID
	Name      string
	Timezone  string // IANA name, such as Europe/Berlin; the default of its charts
	Residency string // where its data is kept, such as eu; empty: anywhere
	CreatedAt time.Time
	ClosingAt *time.Time // since when it is leaving: nothing is accepted for it, and it will be erased; nil: it stays
}

// TenantRows are the tenant's own row. Update returns ErrTenantNotFound when there is none.
type TenantRows interface {
	Tenant(ctx context.Context) (Tenant, error)
	AddTenant(ctx context.Context, t Tenant) error
	UpdateTenant(ctx context.Context, t Tenant) error
}

// The faults of a tenant.
var (
	ErrTenantNotFound  = fault.New(fault.NotFound, "tenant_not_found", "There is no such organisation, or you are not a member of it.")
	ErrNameInvalid     = fault.New(fault.Invalid, "name_invalid", "A name has 1 to 120 characters and no control characters.")
	ErrTimezoneUnknown = fault.New(fault.Invalid, "timezone_unknown", "The time zone must be an IANA name such as Europe/Berlin or UTC.")
)

// Organisation is the service for the tenant itself.
type Organisation struct {
	service
	region string // of this server; empty: unknown
}

// Get returns the tenant, or ErrTenantNotFound.
func (o *Organisation) Get(ctx context.Context, tenant ID) (Tenant, error) {
	var t Tenant
	err := o.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		t, err = tx.Tenant(ctx)
		return err
	})
	return t, err
}

// UpdateTenantInput changes what is not nil.
type UpdateTenantInput struct {
	Name      *string
	Timezone  *string
	Residency *string
}

// Update changes the name or time zone, or chooses the residency. It needs ManageTenant and returns ErrNameInvalid, ErrTimezoneUnknown, or one
// of the faults of a residency.
func (o *Organisation) Update(ctx context.Context, by By, in UpdateTenantInput) (Tenant, error) {
	if err := by.Principal.Require(ManageTenant); err != nil {
		return Tenant{}, err
	}
	var t Tenant
	err := o.change(ctx, by, func(tx TenantTx, record recorder) error {
		before, err := tx.Tenant(ctx)
		if err != nil {
			return err
		}
		if t, err = before.with(in, o.region); err != nil || t == before {
			return err
		}
		if err := tx.UpdateTenant(ctx, t); err != nil {
			return err
		}
		return record("tenant.updated", targetTenant(t.ID), changed("name", before.Name, t.Name).and("timezone", before.Timezone, t.Timezone).and("residency", before.Residency, t.Residency))
	})
	return t, err
}

func (t Tenant) with(in UpdateTenantInput, region string) (Tenant, error) {
	var err error
	if in.Name != nil {
		if t.Name, err = cleanName(*in.Name); err != nil {
			return t, err
		}
	}
	if in.Timezone != nil {
		if err := checkTimezone(*in.Timezone); err != nil {
			return t, err
		}
		t.Timezone = *in.Timezone
	}
	if in.Residency != nil && *in.Residency != t.Residency {
		if t.Residency != "" {
			return t, ErrResidencyFixed
		}
		if err = checkResidency(*in.Residency, region); err != nil {
			return t, err
		}
		t.Residency = *in.Residency
	}
	return t, nil
}

// cleanName trims a name that people gave to something.
func cleanName(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > 120 || strings.ContainsFunc(s, unicode.IsControl) {
		return "", ErrNameInvalid
	}
	return s, nil
}

func checkTimezone(name string) error {
	// LoadLocation takes "" and "Local" too, which would mean whatever the server's clock is set to.
	if name == "" || name == "Local" || len(name) > 64 {
		return ErrTimezoneUnknown
	}
	if _, err := time.LoadLocation(name); err != nil {
		return ErrTimezoneUnknown.Because(err)
	}
	return nil
}
