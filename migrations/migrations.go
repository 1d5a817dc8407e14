// Package migrations holds the schemas of both stores as numbered steps for goose. A step that has landed is never
// edited; the next change is the next number.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed postgres clickhouse
var files embed.FS

// Postgres returns the steps of the control plane's schema.
func Postgres() fs.FS { return sub("postgres") }

// ClickHouse returns the steps of the event store's schema.
func ClickHouse() fs.FS { return sub("clickhouse") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the name is not valid, which only an edit here can bring about
	}
	return f
}
