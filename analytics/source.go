package analytics

// Source says what a trend may be computed from; "" is SourceAuto. The numbers are the same.
type Source string

// The sources.
const (
	SourceAuto   Source = "auto"   // rollups, which are made of the events of an hour, where they are up to date and know the answer; else events
	SourceEvents Source = "events" // events alone: slower, and a way to check the rollups
)

func (s Source) validate() error {
	switch s {
	case "", SourceAuto, SourceEvents:
		return nil
	default:
		return invalid(CodeSourceUnknown, "source must be auto, events or absent.")
	}
}
