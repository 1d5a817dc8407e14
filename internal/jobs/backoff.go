package jobs

import "time"

const (
	backoffFirst = 2 * time.Second
	backoffMost  = 10 * time.Minute
)

// Backoff is the pause before the next attempt after that many failures in a row, of which there is at least one: 2 s, 4 s,
// 8 s and so on up to ten minutes, each half to one and a half times as long by chance, a number from 0 up to 1, so that
// what failed together does not come back together.
func Backoff(failures int, chance float64) time.Duration {
	pause := backoffMost
	if n := failures - 1; n < 16 { // further on it would be more anyway, or overflow
		pause = min(backoffMost, backoffFirst<<max(n, 0))
	}
	return time.Duration(float64(pause) * (0.5 + chance))
}
