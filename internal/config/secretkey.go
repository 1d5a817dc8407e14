package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const secretKeySize = 32 // bytes

// EnsureSecretKey fills in SecretKey where none was given: from the file secret.key in the data folder, which is made,
// readable for its owner only, when it is not there. Without that file what it protects is lost, so it belongs into
// backups.
func (c *Config) EnsureSecretKey() error {
	if len(c.SecretKey) > 0 {
		return nil
	}
	path := filepath.Join(c.DataDir, "secret.key")
	if err := makeSecretKey(path); err != nil {
		return fmt.Errorf("make a secret key: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the secret key: %w", err)
	}
	if c.SecretKey, err = decodeSecretKey(string(text)); err != nil {
		return fmt.Errorf("%s does not hold 32 bytes in base64: restore it from a backup, or set OBSERVATORY_SECRET_KEY", path)
	}
	return nil
}

// makeSecretKey writes a new key to path unless there is a file already. Several processes may do so at once: linking a
// finished file into place lets one of them win, and none read half a key.
func makeSecretKey(path string) (err error) {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".secret.key-*") // is readable for its owner only
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	key := make([]byte, secretKeySize)
	_, _ = rand.Read(key) // never fails
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
