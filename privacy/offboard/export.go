package offboard

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// manifest says what is in the export.
type manifest struct {
	Tenant     string    `json:"tenant_id"`
	Name       string    `json:"organization"`
	Residency  string    `json:"residency,omitempty"`
	Offboard   string    `json:"offboarding_id"`
	MadeAt     time.Time `json:"made_at"`
	Everything bool      `json:"everything"` // all that was accepted before it was asked for is in it
	Files      []member  `json:"files"`
}

// member is a file in the export: JSON Lines.
type member struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// export writes everything that there is of the tenant into one file, and mails the owners where it is. Done again, it replaces the file.
func (s *Service) export(ctx context.Context, l *Leaving) error {
	object := "offboardings/" + l.ID.String() + ".zip"
	w, err := s.d.Storage.Create(ctx, object)
	if err != nil {
		return fmt.Errorf("make the last export: %w", err)
	}
	if err := s.write(ctx, l, w); err != nil {
		w.Abort()
		return fmt.Errorf("write the last export: %w", err)
	}
	if l.Export.Bytes, l.Export.SHA256, err = w.Close(); err != nil {
		return fmt.Errorf("finish the last export: %w", err)
	}
	until := l.EraseAt.Add(ExportLives)
	l.Export.Object, l.Export.Until = object, &until
	link, address := s.link("export")
	err = s.d.Book.Exported(ctx, *l, link, Letter{
		Subject: l.Name + " is leaving",
		Before: []string{
			l.AskedBy + " asked for " + l.Name + " to be erased. No event is accepted and no API key works any more. It is erased on " + l.EraseAt.Format("2 January 2006 at 15:04 UTC") + ", and can be called off until then.",
			"This is the last export, with everything that there is.",
		},
		Action: "Download the last export", Link: address,
		After: []string{"It can be downloaded until " + until.Format("2 January 2006") + ". Whoever has the link can do so. You get this mail because you are an owner of the organisation."},
	})
	switch {
	case errors.Is(err, ErrNotLeaving):
		return errors.Join(err, s.d.Storage.Delete(ctx, object))
	case err != nil:
		return fmt.Errorf("write down the last export: %w", err)
	}
	return nil
}

func (s *Service) write(ctx context.Context, l *Leaving, w io.Writer) error {
	archive := zip.NewWriter(w)
	m := manifest{Tenant: l.Tenant.String(), Name: l.Name, Residency: l.Residency, Offboard: l.ID.String(), MadeAt: s.time(), Everything: true}
	for _, part := range []struct {
		folder string
		tables Tables
	}{{"data", s.d.Data}, {"control", s.d.Control}} {
		names, err := part.tables.Tables(ctx, l.Tenant)
		if err != nil {
			return err
		}
		for _, name := range names {
			file := member{Name: part.folder + "/" + name + ".jsonl"}
			entry, err := archive.CreateHeader(&zip.FileHeader{Name: file.Name, Method: zip.Deflate, Modified: m.MadeAt})
			if err != nil {
				return err
			}
			sum, counted := sha256.New(), &counter{}
			if file.Rows, err = part.tables.Write(ctx, l.Tenant, name, io.MultiWriter(entry, sum, counted)); err != nil {
				return fmt.Errorf("%s: %w", file.Name, err)
			}
			file.Bytes, file.SHA256 = counted.n, hex.EncodeToString(sum.Sum(nil))
			m.Files = append(m.Files, file)
		}
	}
	entry, err := archive.Create("manifest.json")
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(entry)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return err
	}
	return archive.Close()
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
