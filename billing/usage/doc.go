// Package usage knows what every tenant used, hour by hour. It counts the events that are stored and books what it finds in a ledger that is only
// added to: when an hour comes to something else than before, because events came late, were repaired or were sent twice, a revision follows with
// the reason. What was removed on purpose counts still (see Counter), so that nobody's invoice changes because a person was erased.
//
// Counting is repeatable work: an hour is counted again whenever the store has written something down about it since, all hours of the running
// month every few minutes, and those of the last 35 days every night.
package usage
