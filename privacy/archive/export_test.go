package archive

import (
	"context"
	"os"

	"filippo.io/age"
	"github.com/parquet-go/parquet-go"

	"github.com/observatory/observatory/tenants"
)

// ReadManifest is for tests.
func ReadManifest(ctx context.Context, storage Storage, tenant tenants.ID, date string) (Manifest, error) {
	return readManifest(ctx, storage, tenant, date)
}

// ReadAll reads all events of an archive, by ID.
func ReadAll(ctx context.Context, storage Storage, tenant tenants.ID, identity age.Identity) (map[string]Event, error) {
	all := map[string]Event{}
	dates, err := Days(ctx, storage, tenant)
	if err != nil {
		return nil, err
	}
	for _, date := range dates {
		m, err := readManifest(ctx, storage, tenant, date)
		if err != nil {
			return nil, err
		}
		for _, f := range m.Files {
			if f.Name == "" {
				continue
			}
			file, err := openFile(ctx, storage, dayFolder(tenant, date)+f.Name, f, identity)
			if err != nil {
				return nil, err
			}
			if err := eachEvent(file.RowGroups(), func(events []Event) error {
				for _, e := range events {
					all[e.EventID] = e
				}
				return nil
			}); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// ReadFile reads a file, whether or not a manifest names it.
func ReadFile(path string, f func(Event)) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(in, info.Size())
	if err != nil {
		return err
	}
	return eachEvent(file.RowGroups(), func(events []Event) error {
		for _, e := range events {
			f(e)
		}
		return nil
	})
}
