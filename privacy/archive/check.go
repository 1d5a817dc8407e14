package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"

	"github.com/observatory/observatory/tenants"
)

// Checked is what a verification has shown of a day.
type Checked struct {
	Date   string
	Files  int
	Rows   int64
	Bytes  int64
	Stray  []string // files that no manifest names: left by who died while he wrote
	Faults []string // what is wrong, in words
}

// Check verifies a tenant's archive by itself: every file that a manifest names is there, its bytes have that SHA-256, and, where it can be
// read, it holds as many events, and those, that the manifest says. Files that are encrypted are read only with their key.
func Check(ctx context.Context, storage Storage, tenant tenants.ID, identity age.Identity, done func(Checked)) error {
	dates, err := Days(ctx, storage, tenant)
	if err != nil {
		return err
	}
	for _, date := range dates {
		c := Checked{Date: date}
		m, err := readManifest(ctx, storage, tenant, date)
		if errors.Is(err, ErrBroken) {
			c.Faults = append(c.Faults, err.Error())
		} else if err != nil {
			return err
		}
		for _, f := range m.Files {
			if f.Name == "" {
				continue
			}
			c.Files, c.Rows, c.Bytes = c.Files+1, c.Rows+f.Rows, c.Bytes+f.Bytes
			if err := checkFile(ctx, storage, dayFolder(tenant, date)+f.Name, f, identity); err != nil {
				c.Faults = append(c.Faults, f.Name+": "+err.Error())
			}
		}
		for o, err := range storage.List(ctx, dayFolder(tenant, date)) {
			if err != nil {
				return err
			}
			name := o.Key[len(dayFolder(tenant, date)):]
			if _, ours := generationOf(name); ours && !m.names(name) {
				c.Stray = append(c.Stray, name)
			}
		}
		slices.Sort(c.Stray)
		done(c)
	}
	return nil
}

func checkFile(ctx context.Context, storage Storage, key string, f File, identity age.Identity) error {
	if err := verifyBytes(ctx, storage, key, f); err != nil {
		return err
	}
	if f.Recipient != "" && identity == nil {
		return nil
	}
	file, err := openFile(ctx, storage, key, f, identity)
	if err != nil {
		return err
	}
	var found Digest
	if err := eachEvent(file.RowGroups(), found.addAll); err != nil {
		return err
	}
	want, ok := digest(f.Digest, f.Rows)
	if !ok || !found.Same(want) {
		return ErrBroken.Because(fmt.Errorf("it holds %d events with the checksum %s", found.Rows, found.String()))
	}
	return nil
}

// verifyBytes compares a file with its SHA-256. Errors: ErrBroken.
func verifyBytes(ctx context.Context, storage Storage, key string, f File) error {
	in, err := storage.Open(ctx, key)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, in)
	if err = errors.Join(err, in.Close()); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	if n != f.Bytes || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%s: %w", key, ErrBroken.Because(errors.New("its bytes are not those that the manifest names")))
	}
	return nil
}
