package billing

// Resource is something of the installation that tenants consume. It is measured when it happens and can not be counted again. Two of them are
// meters as well; the others say what a tenant costs.
type Resource string

// The resources, and what a quantity of 1 is.
const (
	QueryWork      Resource = "query_time"       // millisecond that the store worked on questions of members and keys, and answered them
	UnansweredWork Resource = "unanswered_time"  // millisecond that it worked on such questions without an answer
	JobWork        Resource = "job_time"         // millisecond that a worker was busy
	ExportsAsked   Resource = "exports"          // export
	Egress         Resource = "egress"           // byte of an answer, without its headers
	EventBytes     Resource = "event_bytes"      // byte on the store's disks for an hour, as the ones below: events and what is computed from them
	HeldBytes      Resource = "held_bytes"       // events that are held
	RejectedBytes  Resource = "quarantine_bytes" // events in quarantine
	ArchiveBytes   Resource = "archive_bytes"    // files of the archive and of exports
)

// Resources are all of them.
func Resources() []Resource {
	return []Resource{QueryWork, UnansweredWork, JobWork, ExportsAsked, Egress, EventBytes, HeldBytes, RejectedBytes, ArchiveBytes}
}
