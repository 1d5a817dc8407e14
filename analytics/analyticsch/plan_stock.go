package analyticsch

import (
	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/rollup"
)

// The tables of rollups that trends read.
const (
	rollupHours    = "rollup_hours FINAL"
	rollupEvents   = "rollup_events"
	rollupNumbers  = "rollup_numbers"
	rollupValues   = "rollup_values"
	rollupSessions = "rollup_sessions"
	marksTable     = "marks"
)

// stock is what of the rollups can answer a question.
type stock struct {
	table    string
	path     string // whose values they are, in rollupValues; else ""
	property string // whose numbers they are, in rollupNumbers; else ""
}

// gap is how an hour's rollup says that it lacks this; "" when it always has it.
func (st stock) gap() string {
	switch st.table {
	case rollupValues:
		return rollup.GapValues(st.path)
	case rollupNumbers:
		return rollup.GapNumbers
	default:
		return ""
	}
}

// stockFor finds the stock that answers a question, whatever the hour. Rollups know the events by name, and within a name by the values of
// one path: so a filter or a breakdown may be about the name and one path more.
func stockFor(in analytics.MeasureInput) (stock, bool) {
	if in.Source == analytics.SourceEvents {
		return stock{}, false
	}
	if in.Measure.OfSessions() {
		return stock{table: rollupSessions}, in.Event == "" && in.Filter == nil && in.Breakdown == ""
	}
	var about aboutPath
	if in.Breakdown != "" {
		about.add(in.Breakdown)
	}
	if in.Filter != nil {
		about.filter(*in.Filter)
	}
	switch {
	case about.tooMuch:
		return stock{}, false
	case !in.Measure.OfProperty() && about.path == "":
		return stock{table: rollupEvents}, true
	case !in.Measure.OfProperty():
		return stock{table: rollupValues, path: about.path}, true
	}
	property, err := analytics.ParsePath(in.Property)
	if err != nil || about.path != "" || property.Field != "properties" || len(property.Keys) != 1 {
		return stock{}, false
	}
	return stock{table: rollupNumbers, property: property.Keys[0]}, true
}

// aboutPath is the one path besides the event's name that a question is about.
type aboutPath struct {
	path    string
	tooMuch bool // it is about more than rollups know
}

func (a *aboutPath) add(path string) {
	switch {
	case path == "event" || path == a.path:
	case a.path == "":
		a.path = path
	default:
		a.tooMuch = true
	}
}

func (a *aboutPath) filter(f analytics.Filter) {
	for _, member := range f.And {
		a.filter(member)
	}
	for _, member := range f.Or {
		a.filter(member)
	}
	if f.Not != nil {
		a.filter(*f.Not)
	}
	if f.Property == "" {
		return
	}
	a.add(f.Property)
	if values, ok := f.Value.([]any); ok {
		for _, value := range values {
			a.value(value)
		}
		return
	}
	a.value(f.Value)
}

// value refuses numbers and booleans: of what events have at a path the rollups know the text alone.
func (a *aboutPath) value(value any) {
	if _, ok := value.(string); !ok && value != nil {
		a.tooMuch = true
	}
}
