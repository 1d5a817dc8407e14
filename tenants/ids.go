package tenants

import (
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
)

// ErrIDMalformed is returned for a text that is not a UUID.
var ErrIDMalformed = fault.New(fault.Invalid, "id_malformed", "This is not a valid ID: expected a UUID such as 01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11.")

type (
	// ID names a tenant, which is one organisation with its people, sources and events.
	ID uuid.UUID
	// UserID names a person. One person may be a member of several tenants.
	UserID uuid.UUID
	// SourceID names a site, an app or a sensor of a tenant.
	SourceID uuid.UUID
	// KeyID names an API key; it is the key's `jti` claim.
	KeyID uuid.UUID
	// InvitationID names an invitation of a person into a tenant.
	InvitationID uuid.UUID
	// MailID names a row of the mail outbox.
	MailID uuid.UUID
)

// The New functions make IDs that sort by the time they were made (UUIDv7).

func NewID() ID                     { return ID(newUUID()) }
func NewUserID() UserID             { return UserID(newUUID()) }
func NewSourceID() SourceID         { return SourceID(newUUID()) }
func NewKeyID() KeyID               { return KeyID(newUUID()) }
func NewInvitationID() InvitationID { return InvitationID(newUUID()) }
func NewMailID() MailID             { return MailID(newUUID()) }

// The Parse functions read the canonical text of an ID, or return ErrIDMalformed.

func ParseID(s string) (ID, error)             { return parseUUID[ID](s) }
func ParseSourceID(s string) (SourceID, error) { return parseUUID[SourceID](s) }
func ParseKeyID(s string) (KeyID, error)       { return parseUUID[KeyID](s) }

func (id ID) String() string           { return uuid.UUID(id).String() }
func (id UserID) String() string       { return uuid.UUID(id).String() }
func (id SourceID) String() string     { return uuid.UUID(id).String() }
func (id KeyID) String() string        { return uuid.UUID(id).String() }
func (id InvitationID) String() string { return uuid.UUID(id).String() }
func (id MailID) String() string       { return uuid.UUID(id).String() }

// IsZero tells the ID that names nothing.

func (id ID) IsZero() bool           { return id == ID{} }
func (id UserID) IsZero() bool       { return id == UserID{} }
func (id SourceID) IsZero() bool     { return id == SourceID{} }
func (id KeyID) IsZero() bool        { return id == KeyID{} }
func (id InvitationID) IsZero() bool { return id == InvitationID{} }
func (id MailID) IsZero() bool       { return id == MailID{} }

func (id ID) MarshalText() ([]byte, error)           { return uuid.UUID(id).MarshalText() }
func (id UserID) MarshalText() ([]byte, error)       { return uuid.UUID(id).MarshalText() }
func (id SourceID) MarshalText() ([]byte, error)     { return uuid.UUID(id).MarshalText() }
func (id KeyID) MarshalText() ([]byte, error)        { return uuid.UUID(id).MarshalText() }
func (id InvitationID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }
func (id MailID) MarshalText() ([]byte, error)       { return uuid.UUID(id).MarshalText() }

func (id *ID) UnmarshalText(text []byte) error           { return unmarshalUUID(id, text) }
func (id *UserID) UnmarshalText(text []byte) error       { return unmarshalUUID(id, text) }
func (id *SourceID) UnmarshalText(text []byte) error     { return unmarshalUUID(id, text) }
func (id *KeyID) UnmarshalText(text []byte) error        { return unmarshalUUID(id, text) }
func (id *InvitationID) UnmarshalText(text []byte) error { return unmarshalUUID(id, text) }
func (id *MailID) UnmarshalText(text []byte) error       { return unmarshalUUID(id, text) }

func newUUID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// parseUUID takes the 36-character form only: uuid.Parse would also take braces, URNs and missing dashes, and one thing
// should have one name.
func parseUUID[T ~[16]byte](s string) (T, error) {
	if len(s) != 36 {
		return T{}, ErrIDMalformed
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return T{}, ErrIDMalformed.Because(err)
	}
	return T(u), nil
}

func unmarshalUUID[T ~[16]byte](id *T, text []byte) error {
	parsed, err := parseUUID[T](string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
