package export

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// The forms of the records, as schema.json describes them.

// Event is a stored event.
type Event struct {
	EventID     string          `json:"event_id"`
	Event       string          `json:"event"`
	Type        string          `json:"type"`
	Time        time.Time       `json:"time"`
	ReceivedAt  time.Time       `json:"received_at"`
	UserID      string          `json:"user_id,omitempty"`
	AnonymousID string          `json:"anonymous_id,omitempty"`
	SessionID   string          `json:"session_id,omitempty"`
	SourceID    uuid.UUID       `json:"source_id"`
	SDKName     string          `json:"sdk_name,omitempty"`
	SDKVersion  string          `json:"sdk_version,omitempty"`
	Bot         string          `json:"bot,omitempty"`
	Properties  json.RawMessage `json:"properties"`
	Context     json.RawMessage `json:"context"`
	Facts       json.RawMessage `json:"facts"` // what was found out about it
}

// HeldEvent is an event that is set aside and not used.
type HeldEvent struct {
	Event
	Reason    string    `json:"reason"`
	HeldAt    time.Time `json:"held_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// DeadLetter is an event that broke a rule, as it was sent.
type DeadLetter struct {
	EventID     string    `json:"event_id,omitempty"`
	Event       string    `json:"event,omitempty"`
	Type        string    `json:"type"`
	Time        time.Time `json:"time"`
	ReceivedAt  time.Time `json:"received_at"`
	UserID      string    `json:"user_id,omitempty"`
	AnonymousID string    `json:"anonymous_id,omitempty"`
	SourceID    uuid.UUID `json:"source_id"`
	Code        string    `json:"code"`
	Message     string    `json:"message"`
	Payload     string    `json:"payload"` // the text that was sent
	ExpiresAt   time.Time `json:"expires_at"`
}

// Profile is what is known about a person.
type Profile struct {
	Person  string                     `json:"person"`
	IDs     []ProfileID                `json:"ids"`
	Traits  map[string]json.RawMessage `json:"traits"`
	Groups  []ProfileGroup             `json:"groups"`
	Events  int64                      `json:"events"`
	FirstAt time.Time                  `json:"first_at"`
	LastAt  time.Time                  `json:"last_at"`
}

// ProfileID is an ID of a person.
type ProfileID struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"` // user or anonymous
	LinkedAt *time.Time `json:"linked_at,omitempty"`
	FirstAt  *time.Time `json:"first_at,omitempty"`
	LastAt   *time.Time `json:"last_at,omitempty"`
	Events   int64      `json:"events"`
}

// ProfileGroup is a group that a person is in.
type ProfileGroup struct {
	GroupID string                     `json:"group_id"`
	Since   time.Time                  `json:"since"`
	Traits  map[string]json.RawMessage `json:"traits"`
}

// Manifest names the files of an archive.
type Manifest struct {
	Format    string    `json:"format"` // ManifestFormat
	RequestID uuid.UUID `json:"request_id"`
	CreatedAt time.Time `json:"created_at"`
	Files     []Entry   `json:"files"` // all but the manifest itself
}

// ManifestFormat is the form of manifests.
const ManifestFormat = "observatory-export/1"

// Entry is one file of an archive.
type Entry struct {
	Name    string `json:"name"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Records int64  `json:"records"`
	About   string `json:"about"`
}
