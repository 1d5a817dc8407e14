package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/observatory/observatory/internal/accesslog"
)

// keyPath is where the visitor key is kept.
func keyPath() (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "observatory", "visitor.key"), nil
}

// readKey reads a kept key. The error matches os.ErrNotExist when there is none.
func readKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the visitor key: %w", err)
	}
	if key = bytes.TrimSpace(key); len(key) < accesslog.MinKey {
		return nil, fmt.Errorf("the visitor key in %s is damaged: restore it, or remove the file and have a new one made", path)
	}
	return key, nil
}

// makeKey keeps a new random key, readable by the user only. Of two imports that start at once the first one's key
// stays, complete, and both use it.
func makeKey(path string) ([]byte, error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("keep the visitor key: %w", err)
	}
	file, err := os.CreateTemp(folder, "visitor.key.*") // 0600
	if err != nil {
		return nil, fmt.Errorf("keep the visitor key: %w", err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // its other name stays
	_, err = file.WriteString(rand.Text() + rand.Text() + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("keep the visitor key: %w", err)
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("keep the visitor key: %w", err)
	}
	return readKey(path)
}
