package privacy

import "slices"

// Type is what is asked for.
type Type string

// The types.
const (
	Erase      Type = "erase"      // everything of the subjects is removed; they stay suppressed unless that is not wanted
	Export     Type = "export"     // a file with everything of the subjects
	Suppress   Type = "suppress"   // nothing new of them is stored; what is there stays
	Unsuppress Type = "unsuppress" // ends a suppression or restriction; what was erased does not come back
	Restrict   Type = "restrict"   // what is there is kept and not used (it is held), and so is what comes
	Offboard   Type = "offboard"   // the whole tenant is erased; it names no subjects
)

// Types lists all.
func Types() []Type { return []Type{Erase, Export, Suppress, Unsuppress, Restrict, Offboard} }

// State is how far a request is.
type State string

// The states, in the order in which an erasure goes through them. The last four are final.
const (
	Received   State = "received"   // filed through a form; the address is not verified yet
	Verified   State = "verified"   // somebody answers for it; it becomes known who the subjects are, and where that is asked for, somebody approves
	Suppressed State = "suppressed" // nothing new of them is stored
	Barrier    State = "barrier"    // every log has said up to where it may hold something of them; that much is being stored
	Deleting   State = "deleting"   // the copies are being emptied; it cannot be cancelled any more
	Verifying  State = "verifying"  // the copies are looked through again, until nothing lies on a disk
	Completed  State = "completed"
	Exceptions State = "completed_with_exceptions" // all that could be reached; the certificate names what could not
	Failed     State = "failed"
	Cancelled  State = "cancelled"
)

// States lists all.
func States() []State {
	return []State{Received, Verified, Suppressed, Barrier, Deleting, Verifying, Completed, Exceptions, Failed, Cancelled}
}

// Final tells whether nothing happens any more.
func (s State) Final() bool { return slices.Contains(States()[6:], s) }

// Cancellable tells whether the request can still be called off.
func (s State) Cancellable() bool { return slices.Contains(States()[:4], s) }
