package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
)

// ID is the number by which messages name their schema. One sequence serves all tenants, but an ID means something only
// inside the tenant that registered it.
type ID int32

// Schema is a registered text. It never changes.
type Schema struct {
	ID           ID
	UUID         uuid.UUID
	Type         Type
	Text         string // as it was first sent, or its canonical form if it was to be normalised
	References   []Reference
	Fingerprints Fingerprints
	CreatedAt    time.Time
}

// Size is what the schema counts against the bounds of caches, in bytes.
func (s Schema) Size() int { return len(s.Text) }

// Version says that a subject had this schema from a moment on.
type Version struct {
	Subject   string
	Number    int // from 1
	Schema    ID
	CreatedAt time.Time
	CreatedBy string     // label of who registered it
	DeletedAt *time.Time // when it was deleted softly: hidden, while what was written with it can still be read
}

// Live tells whether the version was not deleted.
func (v Version) Live() bool { return v.DeletedAt == nil }

// Registered is a version with its schema.
type Registered struct {
	Version
	Schema Schema
}

// Compiled is a schema that is ready for use.
type Compiled struct {
	Schema Schema
	Parsed Parsed
}

// Fingerprint is what a schema can be looked up by: either a SHA-256 or a CRC-64-AVRO.
type Fingerprint struct {
	SHA256 [sha256.Size]byte
	Rabin  uint64
	Short  bool // it is the CRC-64-AVRO
}

// ErrFingerprintMalformed is returned by ParseFingerprint.
var ErrFingerprintMalformed = fault.New(fault.Invalid, "fingerprint_malformed", "A fingerprint is 64 hexadecimal digits (SHA-256) or 16 (CRC-64-AVRO).")

// ParseFingerprint reads 64 hexadecimal digits as a SHA-256 and 16 as a CRC-64-AVRO, most significant first. Others are
// ErrFingerprintMalformed.
func ParseFingerprint(text string) (Fingerprint, error) {
	var f Fingerprint
	b, err := hex.DecodeString(text)
	switch {
	case err == nil && len(b) == sha256.Size:
		copy(f.SHA256[:], b)
		return f, nil
	case err == nil && len(b) == 8:
		f.Rabin, f.Short = binary.BigEndian.Uint64(b), true
		return f, nil
	}
	return f, ErrFingerprintMalformed
}

// digest is what makes two registrations the same schema: type, text without layout, and references.
func digest(t Text, references []Reference) [sha256.Size]byte {
	h := sha256.New()
	field := func(text string) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		h.Write(length[:])
		h.Write([]byte(text))
	}
	field(string(t.Type))
	field(withoutLayout(t))
	for _, r := range references {
		field(r.Name)
		field(r.Subject)
		var version [8]byte
		binary.BigEndian.PutUint64(version[:], uint64(r.Version)) //nolint:gosec // versions count from 1
		h.Write(version[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// withoutLayout takes the space between the tokens of JSON away; in Protobuf space around the text only.
func withoutLayout(t Text) string {
	if t.Type == Protobuf {
		return strings.TrimSpace(t.Schema)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(t.Schema)); err != nil {
		return t.Schema
	}
	return out.String()
}

// MaxSubjectBytes bounds the name of a subject.
const MaxSubjectBytes = 512

// ErrSubjectInvalid is returned for a name that no subject can have.
var ErrSubjectInvalid = fault.New(fault.Invalid, "schema_subject_invalid",
	"The name of a subject is 1 to %d bytes of UTF-8 without control characters, and does not begin with `:.`, since there are no contexts but the default.", MaxSubjectBytes)

// CheckSubject returns ErrSubjectInvalid for a name that no subject can have. Slashes, spaces and all letters are fine.
func CheckSubject(name string) error {
	if name == "" || len(name) > MaxSubjectBytes || !utf8.ValidString(name) || strings.HasPrefix(name, ":.") || strings.ContainsFunc(name, unicode.IsControl) {
		return ErrSubjectInvalid
	}
	return nil
}
