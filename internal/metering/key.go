package metering

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"github.com/observatory/observatory/internal/seal"
)

// Key is what users are hashed under. The store has hashes and no key, so that whoever reads them cannot try out guesses.
type Key struct{ k0, k1 uint64 }

// NewKey derives a key (HKDF, RFC 5869) from the secret key of the installation. It fails when that has not seal.KeyLength bytes.
func NewKey(secretKey []byte) (Key, error) {
	if len(secretKey) != seal.KeyLength {
		return Key{}, fmt.Errorf("the secret key has %d bytes, want %d", len(secretKey), seal.KeyLength)
	}
	key, err := hkdf.Key(sha256.New, secretKey, nil, "observatory metering", 16)
	if err != nil {
		return Key{}, fmt.Errorf("derive key: %w", err)
	}
	return Key{binary.BigEndian.Uint64(key[:8]), binary.BigEndian.Uint64(key[8:])}, nil
}

// KeyTable is the table of one row from which a statement with User reads the key.
const KeyTable = "metering_key"

var errNoKey = errors.New("there is no key to hash users under")

// With lets the statements under a context read KeyTable. The key goes along as data: a parameter would stand in the server's log of queries, and a
// constant in what it says of errors.
func (k Key) With(ctx context.Context) (context.Context, error) {
	if k == (Key{}) {
		return nil, errNoKey
	}
	t, err := ext.NewTable(KeyTable, ext.Column("k0", "UInt64"), ext.Column("k1", "UInt64"))
	if err != nil {
		return nil, fmt.Errorf("hand in the key: %w", err)
	}
	if err := t.Append(k.k0, k.k1); err != nil {
		return nil, fmt.Errorf("hand in the key: %w", err)
	}
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(t)), nil
}
