package mail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/observatory/observatory/tenants"
)

// files is tenants.Mailer for installations without a mail server: each mail is a file that any mail program opens.
type files struct {
	folder string
	log    *slog.Logger
}

// written is the form of the time in the name of a file.
const written = "20060102T150405Z"

var _ tenants.Shelf = (*files)(nil)

// Forget implements tenants.Shelf.
func (f *files) Forget(ctx context.Context, kind tenants.MailKind, before time.Time) error {
	entries, err := os.ReadDir(f.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look through the mail folder: %w", err)
	}
	for _, e := range entries {
		text, rest, _ := strings.Cut(e.Name(), "-")
		at, err := time.Parse(written, text)
		if err != nil || !at.Before(before) || !strings.HasPrefix(rest, string(kind)+"-") {
			continue // not ours, still of use, or of another kind
		}
		if err := os.Remove(filepath.Join(f.folder, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a mail: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// Send writes <time>-<kind>-<id>.eml, which only the server's user may read, and names it in the log. The same message
// again replaces its own file.
func (f *files) Send(ctx context.Context, m tenants.Message) error {
	msg, err := build(m, &mail.Address{Name: "Observatory", Address: "observatory@localhost"}, "localhost")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return fmt.Errorf("make the mail folder: %w", err)
	}
	name := fmt.Sprintf("%s-%s-%s.eml", m.CreatedAt.UTC().Format(written), m.Kind, m.ID)
	path := filepath.Join(f.folder, name)
	partial, err := os.CreateTemp(f.folder, ".partial-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	defer func() { _ = os.Remove(partial.Name()) }() // gone already when all went well
	_, err = msg.WriteTo(partial)
	if closing := partial.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(partial.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	f.log.InfoContext(ctx, "no mail server is configured; a mail was written to a file", "kind", m.Kind, "file", path)
	return nil
}
