package archive

import (
	"context"

	"filippo.io/age"

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
