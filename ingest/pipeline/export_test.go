package pipeline

import "time"

// SetPatience changes how long a rehearsal looks at events.
func (r *Rehearsals) SetPatience(patience time.Duration) { r.patience = patience }
