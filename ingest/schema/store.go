package schema

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Store opens transactions. Each function runs in one, which sees and changes one tenant only: committed when fn returns
// nil and rolled back otherwise, and fn's error comes back. A database that cannot be reached is an Unavailable fault.
type Store interface {
	Tenant(ctx context.Context, tenant tenants.ID, fn func(Tx) error) error
}

// Tx is a transaction inside one tenant.
type Tx interface {
	// Change makes other changes of this tenant's registry wait until the transaction ends, and tells every node of it
	// when it is committed. Every change calls it first.
	Change(ctx context.Context) error
	SchemaRows
	VersionRows
	SettingRows
	// Audit adds an entry to the tenant's audit log. It comes last.
	Audit(ctx context.Context, e tenants.AuditEntry) error
}

// SchemaRows are a tenant's texts. What is looked up and not there is ErrSchemaNotFound.
type SchemaRows interface {
	Size(ctx context.Context) (Size, error)
	AddSchema(ctx context.Context, s Schema, digest [sha256.Size]byte) (ID, error) // the ID is the database's; a missing reference is ErrReferenceMissing
	SchemaByID(ctx context.Context, id ID) (Schema, error)
	SchemaByUUID(ctx context.Context, id uuid.UUID) (Schema, error)
	SchemaByDigest(ctx context.Context, digest [sha256.Size]byte) (Schema, error)
	SchemaByFingerprint(ctx context.Context, f Fingerprint) (Schema, error) // the oldest that has it
	Newest(ctx context.Context) (ID, error)                                 // 0 when there is none
}

// VersionRows are a tenant's subjects.
type VersionRows interface {
	Subjects(ctx context.Context, f Filter) ([]string, error)             // in order
	AllVersions(ctx context.Context, f Filter) ([]Version, error)         // in order
	VersionsOf(ctx context.Context, subject string) ([]Version, error)    // deleted ones as well, oldest first
	VersionsWith(ctx context.Context, schema ID) ([]Version, error)       // deleted ones as well, in order
	AddVersion(ctx context.Context, v Version) error                      //
	HideVersion(ctx context.Context, v Version, at time.Time) error       // deletes it softly
	RemoveVersion(ctx context.Context, v Version) error                   // and its schema, once nothing else uses it; ErrReferenced
	Referrers(ctx context.Context, v Version, deleted bool) ([]ID, error) // schemas of live versions that refer to it; or of all
	UsedBytes(ctx context.Context, schemas []ID) (map[ID]int, error)      // length of each text
	SchemasByID(ctx context.Context, schemas []ID) (map[ID]Schema, error) // those that are there
}

// SettingRows are what a tenant has set for its subjects, and under the empty name for all of them.
type SettingRows interface {
	Settings(ctx context.Context, subject string) (Settings, error) // zero when nothing is set
	SetSettings(ctx context.Context, subject string, s Settings) error
}

// Size is what a tenant's registry holds.
type Size struct {
	Schemas, Bytes, Versions, Settings int64
}

// Bounds of a tenant's registry.
const (
	MaxSchemas         = 10_000
	MaxBytes           = 8 << 20 // of all texts: every node holds them
	MaxVersions        = 50_000  // of all subjects, deleted ones included
	MaxSubjectVersions = 1_000   // of one subject, deleted ones included
	MaxSettings        = 10_000  // subjects with settings of their own
)

// Show says which versions count.
type Show string

// What may be shown.
const (
	ShowLive    Show = "live"
	ShowAll     Show = "all"
	ShowDeleted Show = "deleted"
)

// shows tells whether the version is among them.
func (s Show) shows(v Version) bool {
	return s == ShowAll || v.Live() == (s != ShowDeleted)
}

// Filter picks subjects or versions.
type Filter struct {
	Prefix     string // of the subject
	Show       Show   // empty is ShowLive
	LatestOnly bool   // the newest version of each subject, of those that are shown
	Offset     int    // from 0
	Limit      int    // 0: no limit
}
