package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 32 // Standard Webhooks: 24 to 64
)

// Secret signs the messages of a webhook. Its text is whsec_ and the key in base64; logs and errors get none of it.
type Secret string

func newSecret() Secret {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return Secret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

// String hides the secret; Reveal shows it.
func (Secret) String() string { return secretPrefix + "…" }

// GoString hides the secret from %#v as well.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Reveal is the text of the secret, for its owner, once.
func (s Secret) Reveal() string { return string(s) }

// sign is one signature of Standard Webhooks 1.0: "v1," and the base64 of an HMAC-SHA256 over ID, Unix time and body with dots between.
func (s Secret) sign(id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(s), secretPrefix))
	if err != nil || len(key) == 0 {
		return "", fmt.Errorf("a secret that is none") // the error would quote it
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// signatures is the webhook-signature of a message: of the newest secret, and of the one before while it is still good.
func (c contents) signatures(id string, at time.Time, body []byte, oldUntil *time.Time) (string, error) {
	signature, err := c.Secret.sign(id, at, body)
	if err != nil || c.OldSecret == "" || oldUntil == nil || !at.Before(*oldUntil) {
		return signature, err
	}
	old, err := c.OldSecret.sign(id, at, body)
	return signature + " " + old, err
}
