package analytics

import "time"

// Bounds of a catalog. Documents are read and parsed for it, so their number is bounded whatever the tenant sends: with many
// names fewer events of each are looked at.
const (
	MaxCatalogEvents     = 1_000   // names, those with the most events
	MaxCatalogSample     = 10_000  // newest events of one name whose properties are looked at
	MaxCatalogDocuments  = 200_000 // the same over all names together
	MaxCatalogProperties = 200     // of one name, those that the most events have
	MaxCatalogRows       = 50_000  // properties over all names together
	MaxCatalogExamples   = 5
	MaxCatalogExample    = 100 // characters
)

// Catalog says what was sent: events by number, largest first.
type Catalog struct{ Events []CatalogEvent }

// CatalogEvent is one event name.
type CatalogEvent struct {
	Name       string
	Type       string // of its newest event
	Count      int64
	FirstSeen  time.Time
	LastSeen   time.Time
	Properties []CatalogProperty // by share, largest first, then by name
}

// CatalogProperty is a place in the JSON of the events of one name, up to five keys deep.
type CatalogProperty struct {
	Name     string   // the text of a Path, as it is used in queries
	Types    []string // in this order: string, number, boolean, object, array, null
	Share    float64  // of the events looked at, those that have it and not as null; 0 to 1
	Examples []string // texts of strings, numbers, booleans and arrays, most frequent first
}

// CatalogSample is how many of the newest events of each name are looked at when there are so many names.
func CatalogSample(names int) int {
	return min(MaxCatalogSample, MaxCatalogDocuments/max(names, 1))
}

// CatalogProperties is how many properties of each name are told when there are so many names.
func CatalogProperties(names int) int {
	return min(MaxCatalogProperties, MaxCatalogRows/max(names, 1))
}

// JSONTypes are the types of CatalogProperty, in their order.
func JSONTypes() []string {
	return []string{"string", "number", "boolean", "object", "array", "null"}
}
