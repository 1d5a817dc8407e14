// Package export gives people what there is about them (GDPR, articles 15 and 20): one ZIP archive per request, with JSON Lines, their schema
// and a manifest with hashes. It lies in the object storage for a week, is downloaded by links that work once, and goes earlier when
// somebody whom it is about is erased.
package export

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Lives is how long a file is there, and so its links.
const Lives = 7 * 24 * time.Hour

// The faults of exports.
var (
	ErrNotFound = fault.New(fault.NotFound, "privacy_export_not_found", "There is no exported file of such a request. It is made when a request of the type export is carried out.")
	ErrGone     = fault.New(fault.Conflict, "privacy_export_gone", "The exported file is gone: it expired, or somebody whom it was about was erased. File another request.")
	ErrLink     = fault.New(fault.NotFound, "privacy_link_invalid", "This link does not work: it was used, has expired, or was replaced by another. Ask whoever gave it to you for a new one.")
)

// File is an exported file, or what is known of one that is gone.
type File struct {
	Request      uuid.UUID
	Object       string // its name in the object storage
	Bytes        int64
	SHA256       string           // in hex
	Records      map[string]int64 // by the name of the file within it
	CreatedAt    time.Time
	ExpiresAt    time.Time
	MadeAt       *time.Time // nil: it is being written
	LinkOpen     bool       // there is a link that nobody has used
	Downloads    int
	DownloadedAt *time.Time
	ErasedAt     *time.Time
}

// there tells whether the file can be downloaded.
func (f File) there(now time.Time) bool {
	return f.MadeAt != nil && f.ErasedAt == nil && now.Before(f.ExpiresAt)
}

// TokenHash is what is kept of the secret in a link.
type TokenHash [32]byte

// Owned is a file with the tenant that it belongs to.
type Owned struct {
	Tenant tenants.ID
	File
}

// Store keeps what is known about exported files.
type Store interface {
	// BeginExport keeps a file that is about to be written, and whom it is about, unless the request has one. It returns the one that
	// the request has.
	BeginExport(ctx context.Context, tenant tenants.ID, f File, about []privacy.Identifier) (File, error)
	// FinishExport keeps what was written; false when the file was erased meanwhile.
	FinishExport(ctx context.Context, tenant tenants.ID, f File) (bool, error)
	// Export returns the file of a request, or ErrNotFound.
	Export(ctx context.Context, tenant tenants.ID, request uuid.UUID) (File, error)
	// SetExportLink makes this the only link to a file, and writes the audit entry; ErrGone when there is no file at that time.
	SetExportLink(ctx context.Context, tenant tenants.ID, request uuid.UUID, link TokenHash, entry tenants.AuditEntry) error
	// RedeemExportLink uses a link up: afterwards it does not work any more. The audit entry is made for the file that it leads to. ErrLink.
	RedeemExportLink(ctx context.Context, link TokenHash, at time.Time, entry func(File) tenants.AuditEntry) (Owned, error)
	// ExportsAbout lists the files about any of these, those that are gone as well.
	ExportsAbout(ctx context.Context, tenant tenants.ID, about []privacy.Identifier) ([]File, error)
	// ExportErased says that a file goes, and by which request; nil: it has expired. From then on no link leads to it.
	ExportErased(ctx context.Context, tenant tenants.ID, request uuid.UUID, by *uuid.UUID, at time.Time) error
	// ExpiredExports lists files that have expired and are not erased, at most 100.
	ExpiredExports(ctx context.Context, at time.Time) ([]Owned, error)
}

// Records finds what there is about people. What is written for each of them may not be kept.
type Records interface {
	Events(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(Event) error) error
	Held(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(HeldEvent) error) error
	Quarantined(ctx context.Context, tenant tenants.ID, s privacy.Subjects, each func(DeadLetter) error) error
}

// Profiles tells what is known about people.
type Profiles interface {
	// Profile is that of the person whose ID this is; false when nobody is known by it.
	Profile(ctx context.Context, tenant tenants.ID, id string) (Profile, bool, error)
}
