// Package quota decides how many events of a tenant are stored in a month, and what becomes of those beyond it.
//
// The sink of every node asks its Gate before it stores a batch. Nodes agree by claims in PostgreSQL: a node may store as many events as it has
// claimed without asking, and claims more when it needs to. What all have claimed together never exceeds the limit, and what is claimed and not
// used is never more than a hundredth of it, so that a limit is never exceeded while PostgreSQL answers, and what is held too early is less than
// that hundredth. While PostgreSQL is away events pass: an outage of ours holds nobody's events.
//
// The Service keeps the limits as plans have them, has what was held released when there is room again, and tells people in time.
package quota
