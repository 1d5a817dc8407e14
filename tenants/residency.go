package tenants

import (
	"strings"

	"github.com/observatory/observatory/internal/fault"
)

// A residency is the name of a region, such as eu, in which a tenant's data is kept. It is chosen once, because data that lies somewhere
// else already would not move with it. Servers of other regions accept no events of the tenant, nor does one that was not told its region.

// The faults of a residency.
var (
	ErrResidencyInvalid = fault.New(fault.Invalid, "residency_invalid", "A residency is the name of a region: 1 to 32 lower-case letters, digits and hyphens, such as eu.")
	ErrRegionUnknown    = fault.New(fault.Invalid, "region_unknown", "This server was not told its region, so it cannot promise one. Whoever runs it sets `region` first.")
	ErrResidencyFixed   = fault.New(fault.Conflict, "residency_fixed", "The residency was chosen before and cannot be changed.")
	ErrWrongRegion      = fault.New(fault.Forbidden, "wrong_region", "The data of this organization is kept in another region than this server's. Send its events to a server of its own region.")
	ErrTenantClosing    = fault.New(fault.Forbidden, "tenant_closing", "This organization is leaving: its keys do not work and its events are not accepted.")
)

const maxRegion = 32

// isRegion tells whether a text can be the name of a region.
func isRegion(name string) bool {
	return name != "" && len(name) <= maxRegion && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// checkResidency refuses what no region is called, and any choice on a server that does not know where it is.
func checkResidency(name, region string) error {
	switch {
	case !isRegion(name):
		return ErrResidencyInvalid
	case region == "":
		return ErrRegionUnknown
	}
	return nil
}

// WritesIn refuses a server of the given region (empty: unknown) the events that are sent with this key, when they must be kept elsewhere.
func (k *APIKey) WritesIn(region string) error {
	if k.Residency != "" && k.Residency != region {
		return ErrWrongRegion
	}
	return nil
}
