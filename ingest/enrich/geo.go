package enrich

import (
	"errors"
	"net/netip"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// geo is the step that finds out where an event comes from: country (ISO 3166-1, two letters), region and city (English
// names). The address itself is kept nowhere.
func (e *Enricher) geo(s *subject) {
	if e.resources.Geo != nil {
		s.facts.members(e.resources.Geo.find(s.address()))
	}
}

// Geo is a database of places by address, in MaxMind's format (https://maxmind.github.io/MaxMind-DB/): GeoLite2 City or
// Country, DB-IP or any other whose records have the same fields. It is held in memory as a whole, so that a file which is
// overwritten in place does no harm. It is for many goroutines.
type Geo struct {
	file file
	in   atomic.Pointer[places]
}

type places struct {
	reader *maxminddb.Reader
	known  *lru.Cache[uintptr, []byte] // facts by place of the record
}

const knownPlaces = 1 << 14

// OpenGeo reads a database. Errors name the file and say what is wrong with it.
func OpenGeo(path string) (*Geo, error) {
	g := &Geo{file: file{path: path}}
	if _, err := g.Refresh(); err != nil {
		return nil, err
	}
	return g, nil
}

// Refresh reads the file again if it has changed, and tells whether it did. After an error what was read before remains.
func (g *Geo) Refresh() (bool, error) {
	return g.file.read(func(content []byte) error {
		reader, err := maxminddb.OpenBytes(content)
		if err != nil {
			return errors.Join(errors.New("it is not a MaxMind DB"), err)
		}
		known, err := lru.New[uintptr, []byte](knownPlaces)
		if err != nil {
			return err
		}
		g.in.Store(&places{reader: reader, known: known})
		return nil
	})
}

// find returns facts about an address, as members of a JSON object.
func (g *Geo) find(addr netip.Addr) []byte {
	if !addr.IsValid() {
		return nil
	}
	p := g.in.Load()
	result := p.reader.Lookup(addr)
	if !result.Found() {
		return nil
	}
	if known, ok := p.known.Get(result.Offset()); ok {
		return known
	}
	found := describe(result)
	p.known.Add(result.Offset(), found)
	return found
}

// describe reads a record. One with other fields, or a damaged one, tells nothing.
func describe(result maxminddb.Result) []byte {
	var record struct {
		Country struct {
			ISOCode string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		Subdivisions []struct {
			Names struct {
				English string `maxminddb:"en"`
			} `maxminddb:"names"`
		} `maxminddb:"subdivisions"`
		City struct {
			Names struct {
				English string `maxminddb:"en"`
			} `maxminddb:"names"`
		} `maxminddb:"city"`
	}
	if err := result.Decode(&record); err != nil {
		return nil
	}
	members := appendMember(nil, "country", record.Country.ISOCode)
	if len(record.Subdivisions) > 0 {
		members = appendMember(members, "region", record.Subdivisions[0].Names.English)
	}
	return appendMember(members, "city", record.City.Names.English)
}
