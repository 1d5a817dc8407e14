package alert

import (
	"slices"

	"github.com/google/uuid"
)

// RuleID identifies a rule. It is a UUIDv7.
type RuleID uuid.UUID

func (id RuleID) String() string { return uuid.UUID(id).String() }

// Severity is how bad it is when a rule fires.
type Severity string

// The severities.
const (
	Info     Severity = "info"
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Severities are all of them, the least bad first.
func Severities() []Severity { return []Severity{Info, Warning, Critical} }

// Worse is the worse of the two.
func (s Severity) Worse(o Severity) Severity {
	if slices.Index(Severities(), o) > slices.Index(Severities(), s) {
		return o
	}
	return s
}
