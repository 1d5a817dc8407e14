package tenants

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/observatory/observatory/internal/fault"
)

// PasswordConfig is the cost of a password hash (Argon2id, RFC 9106) and how many may be computed at a time. Zero values
// mean the defaults; only tests have a reason to set anything else.
type PasswordConfig struct {
	MemoryKiB uint32 // default 65,536 (64 MiB) each
	Passes    uint32 // default 3
	AtATime   int    // default 2
	Waiting   int    // default 32: how many may wait for their turn before others are turned away
}

// The lengths of a password in bytes. The upper bound keeps a request from making the server hash megabytes.
const (
	MinPasswordLength = 10
	MaxPasswordLength = 1024
)

// The faults of passwords.
var (
	ErrPasswordInvalid = fault.New(fault.Invalid, "password_invalid", "A password has at least 10 characters and at most 1,024 bytes.")
	ErrPasswordsBusy   = fault.New(fault.Unavailable, "passwords_busy", "Too many people are logging in at this moment. Try again in a few seconds.").After(3 * time.Second)
)

const (
	argonLanes   = 1
	saltLength   = 16
	digestLength = 32
)

// passwords hashes and checks. Each hash takes a tenth of a second and 64 MiB, hence the turns.
type passwords struct {
	cfg     PasswordConfig
	turns   chan struct{}
	waiting atomic.Int64
	decoy   string // a hash that no password has, for people who do not exist
}

func newPasswords(cfg PasswordConfig) *passwords {
	if cfg.MemoryKiB == 0 {
		cfg.MemoryKiB = 64 << 10
	}
	if cfg.Passes == 0 {
		cfg.Passes = 3
	}
	if cfg.AtATime <= 0 {
		cfg.AtATime = 2
	}
	if cfg.Waiting <= 0 {
		cfg.Waiting = 32
	}
	p := &passwords{cfg: cfg, turns: make(chan struct{}, cfg.AtATime)}
	p.decoy = p.encode(make([]byte, saltLength), make([]byte, digestLength))
	return p
}

func checkPassword(password string) error {
	if len(password) > MaxPasswordLength || utf8.RuneCountInString(password) < MinPasswordLength {
		return ErrPasswordInvalid
	}
	return nil
}

// hash returns the hash of a new password in PHC string format, or ErrPasswordInvalid or ErrPasswordsBusy.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer p.release()
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	return p.encode(salt, argon2.IDKey([]byte(password), salt, p.cfg.Passes, p.cfg.MemoryKiB, argonLanes, digestLength)), nil
}

// matches tells whether the password has this hash; it takes as long when it does not, and for the empty hash of somebody
// who does not exist. It returns ErrPasswordsBusy when there are too many at a time.
func (p *passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	if len(password) > MaxPasswordLength {
		return false, nil // no password is that long
	}
	if hash == "" {
		hash = p.decoy
	}
	h, err := decodePHC(hash)
	if err != nil {
		return false, err
	}
	if err := p.acquire(ctx); err != nil {
		return false, err
	}
	defer p.release()
	digest := argon2.IDKey([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, uint32(len(h.digest)))
	return subtle.ConstantTimeCompare(digest, h.digest) == 1 && hash != p.decoy, nil
}

// outdated tells whether a hash was made at another cost than today's.
func (p *passwords) outdated(hash string) bool {
	h, err := decodePHC(hash)
	return err != nil || h.passes != p.cfg.Passes || h.memoryKiB != p.cfg.MemoryKiB
}

func (p *passwords) acquire(ctx context.Context) error {
	select {
	case p.turns <- struct{}{}:
		return nil
	default:
	}
	if p.waiting.Add(1) > int64(p.cfg.Waiting) {
		p.waiting.Add(-1)
		return ErrPasswordsBusy
	}
	defer p.waiting.Add(-1)
	select {
	case p.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ErrPasswordsBusy.Because(ctx.Err())
	}
}

func (p *passwords) release() { <-p.turns }

func (p *passwords) encode(salt, digest []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cfg.MemoryKiB, p.cfg.Passes, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(digest))
}

type phc struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, digest      []byte
}

func decodePHC(s string) (phc, error) {
	var (
		h       phc
		version int
	)
	parts := strings.Split(s, "$") // "", "argon2id", "v=19", "m=65536,t=3,p=1", salt, digest
	if len(parts) != 6 || parts[1] != "argon2id" {
		return phc{}, errors.New("stored password hash is not Argon2id in PHC string format")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return phc{}, fmt.Errorf("stored password hash has version %q, want %d", parts[2], argon2.Version)
	}
	_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memoryKiB, &h.passes, &h.lanes)
	if err != nil || h.passes < 1 || h.lanes < 1 {
		return phc{}, fmt.Errorf("stored password hash has parameters %q", parts[3])
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return phc{}, fmt.Errorf("stored password hash: salt: %w", err)
	}
	if h.digest, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return phc{}, fmt.Errorf("stored password hash: digest: %w", err)
	}
	return h, nil
}
