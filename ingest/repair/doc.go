// Package repair looks after events that were not accepted: it groups them by cause, puts them right by a mapping or by
// the rules as they are now, and sends them the way of every event again, through the log and the sink, so that each is
// stored once, with the identity and the times that it always had. It also runs stored events through the rules again.
package repair
