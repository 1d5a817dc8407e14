package ingest

import (
	"context"
	"net/netip"
	"time"
)

// Preparer applies a tenant's rules to what was sent, before anything of it is written: it conforms events to their
// schemas, redacts, and enriches. What breaks the contract becomes a rejection, redacted like everything else.
type Preparer interface {
	// Prepare changes the items in place. What it puts there lives until done is called. Errors: rules_not_loaded (Unavailable), and
	// then nothing may be written.
	Prepare(ctx context.Context, in *Preparation) (done func(), err error)
}

// Preparation is a request whose events are to be prepared. Their times and IDs are set.
type Preparation struct {
	Sender Sender
	Client Client
	Items  []Item
	// Judge knows what holds for the people of the tenant; nil where nothing does. Before anything is found out from an item, Bars or
	// BarsRejected is asked about it.
	Judge      Judge
	ReceivedAt time.Time
	Trial      bool // the events will not be stored, so that nothing is to be remembered of them
	// KeepDays is set: how many days those that are rejected stay in quarantine.
	KeepDays int
}

// Client is what the connection tells about a sender. It is looked at, and not stored.
type Client struct {
	Address   netip.Addr // zero when unknown
	UserAgent string
	Browser   bool // the request was made by a page, so that address and user agent are the end user's
}
