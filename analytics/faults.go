package analytics

import "github.com/observatory/observatory/internal/fault"

// The faults with a fixed message. The others are made where they occur, with the offending part in the message; all have
// one of the codes below.
var (
	ErrEventNotFound  = fault.New(fault.NotFound, "event_not_found", "There is no stored event with this ID. A quarantined or pending event is found by its receipt.")
	ErrCursorInvalid  = fault.New(fault.Invalid, CodeCursorInvalid, "This cursor is not one of ours. Start again without a cursor, and pass next_cursor on as it is.")
	ErrTooExpensive   = fault.New(fault.Unavailable, "query_too_expensive", "This query takes more time or memory than one query may. Choose a shorter period, a coarser interval, or more specific filters.")
	ErrTooManyBuckets = fault.New(fault.Invalid, "too_many_buckets", "The period has more than %d intervals. Choose a shorter period or a longer interval.", MaxBuckets)
	ErrTooManyPoints  = fault.New(fault.Invalid, "too_many_points", "Series times intervals is more than %d points. Choose a smaller breakdown_limit, a shorter period or a longer interval.", MaxPoints)
)

// Codes of the faults of kind Invalid. (A time zone that is unknown is tenants.ErrTimezoneUnknown.)
const (
	CodeMeasureUnknown  fault.Code = "measure_unknown"
	CodeIntervalUnknown fault.Code = "interval_unknown"
	CodeCompareUnknown  fault.Code = "compare_unknown"
	CodeSourceUnknown   fault.Code = "source_unknown"
	CodePeriodInvalid   fault.Code = "period_invalid"   // from is not before to, or either is absurd
	CodePropertyInvalid fault.Code = "property_invalid" // not a field of the event and not a path, or of no use here
	CodeFilterInvalid   fault.Code = "filter_invalid"   // neither a group nor a condition, or an unknown operator
	CodeFilterTooLarge  fault.Code = "filter_too_large"
	CodeValueInvalid    fault.Code = "value_invalid" // the value does not suit the operator
	CodeLimitInvalid    fault.Code = "limit_invalid"
	CodeCursorInvalid   fault.Code = "cursor_invalid"
)

func invalid(code fault.Code, format string, args ...any) error {
	return fault.New(fault.Invalid, code, format, args...)
}
