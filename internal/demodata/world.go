package demodata

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/observatory/observatory/internal/client"
)

// MaxWeeks bounds Config.Weeks: two years.
const MaxWeeks = 104

const (
	hour = time.Hour
	day  = 24 * hour
)

// Config of a World.
type Config struct {
	Seed  uint64    // another seed, other people and other orders
	Weeks int       // 1 to MaxWeeks; about 10,000 events each
	End   time.Time // nothing happens from then on
}

// World is the shop over a number of weeks.
type World struct {
	cfg      Config
	start    time.Time // midnight UTC
	incident Incident
}

// Incident is the day on which nearly nothing worked: the dip that the charts show.
type Incident struct{ From, To time.Time }

// Covers tells whether it was going on.
func (i Incident) Covers(at time.Time) bool { return !at.Before(i.From) && at.Before(i.To) }

// New makes a world that ends at cfg.End and begins at midnight UTC, cfg.Weeks weeks earlier.
func New(cfg Config) (*World, error) {
	if cfg.Weeks < 1 || cfg.Weeks > MaxWeeks {
		return nil, fmt.Errorf("%d weeks: it must be 1 to %d", cfg.Weeks, MaxWeeks)
	}
	if cfg.End.IsZero() {
		return nil, errors.New("the end is missing")
	}
	cfg.End = cfg.End.UTC().Truncate(time.Millisecond)
	w := &World{cfg: cfg, start: cfg.End.Truncate(day).AddDate(0, 0, -7*cfg.Weeks)}
	// After two thirds of the time, on a day of the week on which the shop is busy.
	on := w.start.AddDate(0, 0, 7*cfg.Weeks*2/3)
	for on.Weekday() != time.Tuesday {
		on = on.AddDate(0, 0, -1)
	}
	if on.Before(w.start) {
		on = on.AddDate(0, 0, 7)
	}
	w.incident = Incident{From: on.Add(9 * hour), To: on.Add(18 * hour)}
	return w, nil
}

// Start is when it begins, midnight UTC.
func (w *World) Start() time.Time { return w.start }

// Incident is when the shop was nearly down.
func (w *World) Incident() Incident { return w.incident }

// Site are the events of the web site.
func (w *World) Site() iter.Seq[client.Event] {
	return func(yield func(client.Event) bool) {
		s := newSite(w)
		s.run(newStream(w, "site", yield))
	}
}

// App are the events of the app, of people who have long been customers.
func (w *World) App() iter.Seq[client.Event] {
	return func(yield func(client.Event) bool) {
		a := newApp(w)
		a.run(newStream(w, "app", yield))
	}
}

// Sensors are the readings of the greenhouses. Sensors are not people: they have no user.
func (w *World) Sensors() iter.Seq[client.Event] {
	return func(yield func(client.Event) bool) {
		runSensors(w, newStream(w, "sensor", yield))
	}
}

// days is the number of days, the unfinished last one included.
func (w *World) days() int { return 7*w.cfg.Weeks + 1 }

// busy is how busy a day is compared with an average one: the shop grows, and rests on Saturdays.
func (w *World) busy(d int) float64 {
	weekday := [...]float64{time.Sunday: 0.90, time.Monday: 1.06, time.Tuesday: 1.10, time.Wednesday: 1.07, time.Thursday: 1.03, time.Friday: 0.95, time.Saturday: 0.80}
	growth := 0.75 + 0.6*float64(d)/float64(w.days())
	return growth * weekday[w.start.AddDate(0, 0, d).Weekday()]
}

// random is a source of random numbers of its own for each part of the world, so that a change to one part leaves the
// others as they were.
func (w *World) random(part string) *rand.Rand {
	var mixed uint64 = 14695981039346656037 // FNV-1a
	for i := range len(part) {
		mixed = (mixed ^ uint64(part[i])) * 1099511628211
	}
	return rand.New(rand.NewPCG(w.cfg.Seed, mixed)) // made-up data must be repeatable, not unpredictable
}

// stream numbers the events of a source, cuts them off at the end of the world, and notices when nobody listens any more.
type stream struct {
	prefix string
	end    time.Time
	number int
	yield  func(client.Event) bool
	closed bool
}

func newStream(w *World, source string, yield func(client.Event) bool) *stream {
	return &stream{prefix: fmt.Sprintf("demo-%d-%s-", w.cfg.Seed, source), end: w.cfg.End, yield: yield}
}

// send hands an event on, unless it lies past the end.
func (s *stream) send(e client.Event) {
	if s.closed || !e.Timestamp.Before(s.end) {
		return
	}
	s.number++
	e.ID = fmt.Sprintf("%s%d", s.prefix, s.number)
	s.closed = !s.yield(e)
}

// about is a random count around a mean, spread like arrivals are.
func about(r *rand.Rand, mean float64) int {
	return max(int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())), 0)
}

// chance is true with a probability from 0 to 1.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// between is a random duration.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// option is a value and how often it comes compared with the others.
type option[T any] struct {
	weight float64
	value  T
}

// pick takes one of the options.
func pick[T any](r *rand.Rand, options []option[T]) T {
	var sum float64
	for _, o := range options {
		sum += o.weight
	}
	at := r.Float64() * sum
	for _, o := range options {
		if at -= o.weight; at < 0 {
			return o.value
		}
	}
	return options[len(options)-1].value
}

// round keeps two decimals.
func round(x float64) float64 { return math.Round(x*100) / 100 }
