// Package suppress knows, on every node and in memory, whose events must not be stored, and whose are to be held. The collector asks it before anything of a
// request is written, and so does whatever brings stored events back: repairs, replays of history, releases of held events, restored archives. The
// sink asks it before anything is stored, what was erased since.
//
// It holds hashes, never identifiers. What it says follows the database within seconds; where that cannot be reached for long it says so, and
// events are held until it can.
package suppress
