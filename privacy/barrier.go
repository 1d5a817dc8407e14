package privacy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
)

// What a log lies on.
const (
	LocalLog = "local" // a disk of the node that writes it
	KafkaLog = "kafka"
	// RestoreLog is none: events come out of an archive straight into the store, for as long as it is not Empty. What it Applied when it began
	// holds until it ends, so that everybody else waits for it.
	RestoreLog = "restore"
)

// LogState is how far one log is, as the node that writes it says. Its position is from where on the suppressions that are Applied are in force.
type LogState struct {
	LogPosition
	Applied   follow.Mark // what transactions before this one changed of the suppressions is in force; 0: nothing is, and nothing is accepted
	Settled   int64       // what lies before this offset is stored
	Forgotten int64       // no byte of what lies before this offset is left
	Empty     bool        // the node has ended and left nothing in it: nobody waits for it until it starts again
	SeenAt    time.Time   // when the node last said so
}

// ErrNoLog is returned for a log that nobody has heard of.
var ErrNoLog = fault.New(fault.NotFound, "log_not_found", "There is no log with this ID. `observatory logs list` shows them.")

// Logs is where nodes write down how far their logs are.
type Logs interface {
	// Report writes it down; SeenAt is set, and a log that was retired is in service again.
	Report(ctx context.Context, s LogState) error
	// List returns all logs, those heard of last first. Applied is 0 where it is a mark of another server, before a restore for example.
	List(ctx context.Context) ([]LogState, error)
	// Retire takes a log out of service whose node never returns. With destroyed its disk is known to be destroyed, so that it is empty rather
	// than out of reach. Errors: ErrNoLog.
	Retire(ctx context.Context, log uuid.UUID, destroyed bool) error
}

// Positions keeps the position of a mark for as long as it is asked for, and a day longer.
type Positions interface {
	// Position returns what is kept; ok tells whether something is.
	Position(ctx context.Context, mark follow.Mark) (p Position, ok bool, err error)
	// KeepPosition keeps a position unless one is kept, and returns the one that is.
	KeepPosition(ctx context.Context, mark follow.Mark, p Position) (Position, error)
}

// LogBarriers are the Barriers of nodes that write down how far their logs are.
type LogBarriers struct {
	logs      Logs
	positions Positions
	now       func() time.Time
}

var _ Barriers = (*LogBarriers)(nil)

// NewLogBarriers makes them.
func NewLogBarriers(logs Logs, positions Positions, now func() time.Time) *LogBarriers {
	return &LogBarriers{logs: logs, positions: positions, now: now}
}

// Barrier implements Barriers. The position is taken once all nodes have the change in force, and kept, because logs grow.
func (b *LogBarriers) Barrier(ctx context.Context, mark follow.Mark) (at Position, ready bool, waiting []string, err error) {
	at, ok, err := b.positions.Position(ctx, mark)
	if err != nil {
		return Position{}, false, nil, fmt.Errorf("read the position of a barrier: %w", err)
	}
	all, err := b.logs.List(ctx)
	if err != nil {
		return Position{}, false, nil, fmt.Errorf("list logs: %w", err)
	}
	if !ok {
		if at, waiting = b.take(all, mark); len(waiting) > 0 {
			return Position{}, false, waiting, nil
		}
		if at, err = b.positions.KeepPosition(ctx, mark, at); err != nil {
			return Position{}, false, nil, fmt.Errorf("keep the position of a barrier: %w", err)
		}
	}
	waiting = pass(all, &at)
	return at, len(waiting) == 0, waiting, nil
}

// take finds the position of a mark, or who has not got that far.
func (b *LogBarriers) take(all []LogState, mark follow.Mark) (at Position, waiting []string) {
	at.ReceivedBefore = b.now()
	for _, l := range all {
		if l.Clock.After(at.ReceivedBefore) {
			at.ReceivedBefore = l.Clock
		}
		if !l.Empty && !l.Retired && l.Applied < mark {
			waiting = append(waiting, l.late())
		}
		if !l.Empty && l.Kind != RestoreLog {
			if l.Kind == KafkaLog {
				l.Text = "Brokers have been told to delete the records. They give them to nobody any more, and remove their bytes with the file that holds them, as segment.ms of the topic says."
			}
			at.Logs = append(at.Logs, l.LogPosition)
		}
	}
	at.ReceivedBefore = at.ReceivedBefore.UTC().Truncate(time.Millisecond).Add(time.Millisecond) // times of receipt have milliseconds
	return at, waiting
}

// pass tells which logs still hold something before the position, and notes there which of them never will let go of it.
func pass(all []LogState, at *Position) (waiting []string) {
	for i := range at.Logs {
		p := &at.Logs[i]
		found := slices.IndexFunc(all, func(l LogState) bool { return l.Log == p.Log })
		if found < 0 {
			waiting = append(waiting, p.name()+" is not known any more")
			continue
		}
		l := all[found]
		passed := l.Empty || l.Settled >= p.End && l.Forgotten >= p.End
		switch p.Retired = l.Retired && !passed; {
		case passed || l.Retired:
		case l.Settled < p.End:
			waiting = append(waiting, fmt.Sprintf("%s has still to store %d bytes%s", p.name(), p.End-l.Settled, l.seen()))
		default:
			waiting = append(waiting, p.name()+" has stored everything and has still to remove it from the disk"+l.seen())
		}
	}
	return waiting
}

func (p LogPosition) name() string { return fmt.Sprintf("Log %s on %s", p.Log, p.Host) }

// late says that what was changed is not in force there.
func (s LogState) late() string {
	if s.Kind == RestoreLog {
		return fmt.Sprintf("A restore on %s began before, and has not ended%s. If it was killed: observatory logs retire %s", s.Host, s.seen(), s.Log)
	}
	return s.name() + " has not taken the suppression over" + s.seen()
}

func (s LogState) seen() string { return "; last heard of at " + s.SeenAt.UTC().Format(time.RFC3339) }
