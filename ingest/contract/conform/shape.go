package conform

import (
	"time"
)

// shape is a type of Avro or Protobuf as JSON properties show it. Recursive types make shapes cyclic.
//
// In JSON, whole numbers are numbers, bytes are base64, dates and times are RFC 3339 (those without a zone lack its zone),
// decimals are exact numbers, enums are their names, and of unions only the value is there.
type shape struct {
	kind shapeKind
	name string // full name of a record, enum or fixed type

	low, high uint64 // of whole numbers: |least|, greatest
	single    bool   // a 32-bit float
	size      int    // of fixed bytes; -1: any
	unit      time.Duration
	precision int
	scale     int

	symbols  []string
	fallback string           // that stands for symbols that are not known; empty: none
	numbers  map[int64]string // of the enums of Protobuf; numbers that have no name stay numbers
	closed   bool             // an enum of Protobuf that allows no number without a name

	elem   *shape
	key    *shape // of the maps of Protobuf; nil: text
	fields []shapeField
	byName map[string]int // and by other names
	types  []*shape       // of a union
	lax    bool           // as Protobuf has it: null is the same as leaving out
}

type shapeKind uint8

const (
	shapeNull shapeKind = iota
	shapeBool
	shapeInt
	shapeFloat
	shapeString
	shapeBytes
	shapeUUID
	shapeDate
	shapeTime
	shapeTimestamp
	shapeLocal    // a timestamp without a zone
	shapeDecimal  // with precision and scale
	shapeMonths   // a duration in months, days and milliseconds
	shapeDuration // in seconds, as in 1.5s
	shapeEnum
	shapeList
	shapeMap
	shapeRecord
	shapeUnion
	shapeAny
)

type shapeField struct {
	name     string
	shape    *shape
	def      []byte // the default as JSON text; nil: none
	optional bool   // may be left out
	oneof    int    // fields with the same number, from 1, exclude each other; 0: none
}

// field finds a field by one of its names.
func (s *shape) field(name string) *shapeField {
	i, ok := s.byName[name]
	if !ok {
		return nil
	}
	return &s.fields[i]
}

// index makes the fields known by their names, and by others where those are free.
func (s *shape) index(others func(i int) []string) {
	s.byName = make(map[string]int, len(s.fields))
	for i := range s.fields {
		s.byName[s.fields[i].name] = i
	}
	for i := range s.fields {
		for _, other := range others(i) {
			if _, taken := s.byName[other]; !taken {
				s.byName[other] = i
			}
		}
	}
}

// wanted says what a value must be.
func (s *shape) wanted() string {
	switch s.kind {
	case shapeNull:
		return "must be null"
	case shapeBool:
		return "must be a boolean"
	case shapeInt:
		return "must be a whole number from " + s.least() + " to " + s.greatest()
	case shapeFloat:
		return "must be a number"
	case shapeString:
		return "must be a text"
	case shapeBytes:
		if s.size >= 0 {
			return "must be " + decimal(int64(s.size)) + " bytes in base64"
		}
		return "must be bytes in base64"
	case shapeUUID:
		return "must be a UUID"
	case shapeDate:
		return "must be a date, as in 2006-01-02"
	case shapeTime:
		return "must be a time of day, as in 15:04:05.000"
	case shapeTimestamp:
		return "must be a time in RFC 3339, or seconds or milliseconds since 1970"
	case shapeLocal:
		return "must be a time without a zone, as in 2006-01-02T15:04:05"
	case shapeDecimal:
		return "must be a number of at most " + decimal(int64(s.precision)) + " digits, " + decimal(int64(s.scale)) + " of them behind the point"
	case shapeMonths:
		return "must be a duration in months, days and seconds, as in P1M2DT3.5S"
	case shapeDuration:
		return "must be a duration in seconds, as in 1.5s"
	case shapeEnum:
		list := make([]any, len(s.symbols))
		for i, symbol := range s.symbols {
			list[i] = symbol
		}
		return "must be one of " + values(list)
	case shapeList:
		return "must be a list"
	case shapeMap, shapeRecord:
		return "must be an object"
	case shapeUnion:
		return "must fit one of the types of the union"
	default:
		return "must fit the schema"
	}
}
