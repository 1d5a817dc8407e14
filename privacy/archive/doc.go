// Package archive keeps a second copy of the events where other programs can read it and a lost database can be rebuilt from it: Parquet files
// in object storage, one for each settled hour, with a manifest for each day.
//
//	events/tenant=ID/date=2026-11-21/13-000004-9f86d081884c7d65.parquet     the events of the hour that begins at 13:00 UTC
//	events/tenant=ID/date=2026-11-21/manifest.json                          which files count, with what they hold and their SHA-256
//
// A day is changed by writing new files, then the manifest, then deleting what it does not name any more. What the manifest does not name
// does not count, so it happens once or not at all, whatever dies in between. Nothing but the storage is needed to read and to verify it.
//
// It is a room of privacy, not of ingest: it is a copy of personal data that has to answer for every person in it (see Copy), its files are
// encrypted under keys that are destroyed when a tenant leaves, and what is restored from it passes the suppressions first.
package archive
