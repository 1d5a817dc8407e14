package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/tenants"
)

// Storage is where the archive lies: objects.Store.
type Storage interface {
	Create(ctx context.Context, key string) (*objects.Writer, error)
	Put(ctx context.Context, key string, body io.Reader) (size int64, sum string, err error)
	Read(ctx context.Context, key string) ([]byte, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	OpenRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
	ForgetDead(ctx context.Context, prefix string, dead func(key string) bool) (int, error)
	List(ctx context.Context, prefix string) iter.Seq2[objects.Object, error]
	Folders(ctx context.Context, prefix string) ([]string, error)
}

// ErrBroken is returned for a file or manifest that is not what was written.
var ErrBroken = fault.New(fault.Internal, "archive_broken", "A file of the archive is damaged or missing.")

// manifestFormat is that of Manifest.
const manifestFormat = 1

// Manifest says what there is of a day. It holds no personal data.
type Manifest struct {
	Format     int       `json:"format"`
	Schema     int       `json:"schema"` // SchemaVersion of whoever wrote it
	Tenant     uuid.UUID `json:"tenant"`
	Residency  string    `json:"residency,omitempty"` // where the tenant's data is kept, when it has chosen a region
	Date       string    `json:"date"`                // of the events' time, UTC
	Generation int64     `json:"generation"`          // how many times it was written
	WrittenAt  time.Time `json:"written_at"`
	Rows       int64     `json:"rows"`
	Bytes      int64     `json:"bytes"`
	Files      []File    `json:"files"` // by hour
}

// File is the file of an hour. An hour whose events are gone has an entry without a file.
type File struct {
	Hour      int    `json:"hour"`                // 0 to 23, UTC
	Name      string `json:"name,omitempty"`      // below the day's folder; "" when there are no events
	Rows      int64  `json:"rows"`                //
	Bytes     int64  `json:"bytes"`               // as it lies in the storage
	SHA256    string `json:"sha256,omitempty"`    // of these bytes, in hex
	Aliases   int64  `json:"aliases,omitempty"`   // events of this type, whose other ID no bloom filter knows
	Digest    string `json:"digest,omitempty"`    // of the events, see Digest
	Recipient string `json:"recipient,omitempty"` // for whom it is encrypted with age; "" when it is not
	Marks     []Mark `json:"marks"`               // that it was written from, by log
}

// Mark is how far a log's events in an hour are stored. The zero log stands for changes that came by none.
type Mark struct {
	Log    uuid.UUID `json:"log"`
	Stored uint64    `json:"stored"`
}

// root is where events lie in the storage.
const root = "events/"

func tenantFolder(tenant tenants.ID) string { return root + "tenant=" + tenant.String() + "/" }

func dayFolder(tenant tenants.ID, date string) string {
	return tenantFolder(tenant) + "date=" + date + "/"
}

func manifestKey(tenant tenants.ID, date string) string {
	return dayFolder(tenant, date) + "manifest.json"
}

// day is the date of a time.
func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// start is the beginning of an hour of a day.
func start(date string, hour int) (time.Time, error) {
	at, err := time.Parse(time.DateOnly, date)
	return at.Add(time.Duration(hour) * time.Hour), err
}

// fileName is the name of a new file. It tells by which generation of the manifest it is to be named: one that a manifest of that generation
// or a later one does not name never will be, and can go.
func fileName(hour int, generation int64, encrypted bool) string {
	name := fmt.Sprintf("%02d-%06d-%.16s.parquet", hour, generation, strings.ReplaceAll(uuid.NewString(), "-", ""))
	if encrypted {
		name += ".age"
	}
	return name
}

var fileNames = regexp.MustCompile(`^[0-9]{2}-([0-9]{6,18})-[0-9a-f]{16}\.parquet(\.age)?$`)

// generationOf reads it from a name; ok is false for what we did not name.
func generationOf(name string) (generation int64, ok bool) {
	m := fileNames.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	generation, err := strconv.ParseInt(m[1], 10, 64)
	return generation, err == nil
}

// file is the entry of an hour.
func (m *Manifest) file(hour int) (File, bool) {
	i := slices.IndexFunc(m.Files, func(f File) bool { return f.Hour == hour })
	if i < 0 {
		return File{}, false
	}
	return m.Files[i], true
}

// names tells whether the manifest names a file.
func (m *Manifest) names(name string) bool {
	return slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == name })
}

// with is the next generation, with other entries in place of those of their hours.
func (m *Manifest) with(files []File, now time.Time) Manifest {
	next := *m
	next.Format, next.Schema, next.Generation, next.WrittenAt = manifestFormat, SchemaVersion, m.Generation+1, now.UTC().Truncate(time.Millisecond)
	next.Files = slices.DeleteFunc(slices.Clone(m.Files), func(f File) bool {
		return slices.ContainsFunc(files, func(n File) bool { return n.Hour == f.Hour })
	})
	next.Files = append(next.Files, files...)
	slices.SortFunc(next.Files, func(a, b File) int { return a.Hour - b.Hour })
	next.Rows, next.Bytes = 0, 0
	for _, f := range next.Files {
		next.Rows += f.Rows
		next.Bytes += f.Bytes
	}
	return next
}

// readManifest returns the manifest of a day: an empty one of generation 0 when there is none. Errors: ErrBroken.
func readManifest(ctx context.Context, storage Storage, tenant tenants.ID, date string) (Manifest, error) {
	text, err := storage.Read(ctx, manifestKey(tenant, date))
	if errors.Is(err, objects.ErrNotFound) {
		return Manifest{Tenant: uuid.UUID(tenant), Date: date}, nil
	}
	if err != nil {
		return Manifest{}, err
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of %s: %w", date, ErrBroken.Because(err))
	}
	if m.Format != manifestFormat || m.Tenant != uuid.UUID(tenant) || m.Date != date || m.Generation < 1 {
		return Manifest{}, fmt.Errorf("read the manifest of %s: %w", date, ErrBroken.Because(errors.New("it is of another format, tenant or day")))
	}
	return m, nil
}

func writeManifest(ctx context.Context, storage Storage, m *Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	_, _, err = storage.Put(ctx, manifestKey(tenants.ID(m.Tenant), m.Date), strings.NewReader(string(text)+"\n"))
	return err
}

// Tenants lists whose events an archive holds.
func Tenants(ctx context.Context, storage Storage) ([]tenants.ID, error) {
	names, err := storage.Folders(ctx, root)
	if err != nil {
		return nil, err
	}
	var all []tenants.ID
	for _, name := range names {
		if id, err := uuid.Parse(strings.TrimPrefix(name, "tenant=")); err == nil && strings.HasPrefix(name, "tenant=") {
			all = append(all, tenants.ID(id))
		}
	}
	return all, nil
}

// Days lists the days of which an archive holds events of a tenant, oldest first.
func Days(ctx context.Context, storage Storage, tenant tenants.ID) ([]string, error) {
	names, err := storage.Folders(ctx, tenantFolder(tenant))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range names {
		date, ok := strings.CutPrefix(name, "date=")
		if _, err := time.Parse(time.DateOnly, date); ok && err == nil {
			all = append(all, date)
		}
	}
	slices.Sort(all)
	return all, nil
}
