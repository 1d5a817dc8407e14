package pg

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// What the stores on top of this package say of their rows.

// OrNotFound replaces "no such row" by the domain's own word for it.
func OrNotFound(err, notFound error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return notFound
	}
	return err
}

// MustTouch is OrNotFound for a statement that says how many rows it changed.
func MustTouch(n int64, err, notFound error) error {
	if err == nil && n == 0 {
		return notFound
	}
	return err
}

// OrTaken replaces a violated unique constraint by the domain's own word for it.
func OrTaken(err, taken error) error {
	if errors.Is(Fault(err), ErrExists) {
		return taken
	}
	return err
}

// UTC is the time in UTC; the driver gives times in the zone of the process. nil stays nil.
func UTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// Each converts rows, unless there was an error instead.
func Each[R, T any](rows []R, err error, convert func(R) T) ([]T, error) {
	if err != nil {
		return nil, err
	}
	converted := make([]T, len(rows))
	for i, r := range rows {
		converted[i] = convert(r)
	}
	return converted, nil
}
