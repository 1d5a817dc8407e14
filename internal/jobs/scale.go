package jobs

// Decision is what an autoscaler of workers is told about a queue.
type Decision string

// The decisions.
const (
	ScaleOut Decision = "out"
	Hold     Decision = "hold"
	ScaleIn  Decision = "in"
)

// Decide is the rule: more workers when jobs wait that are due, fewer only when nothing waits and nothing runs. Whoever
// scales in while something runs may end the very worker that runs it.
func (d Depth) Decide() Decision {
	switch {
	case d.Visible > 0:
		return ScaleOut
	case d.InFlight > 0:
		return Hold
	default:
		return ScaleIn
	}
}
