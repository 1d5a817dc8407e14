// Package privacypg keeps in PostgreSQL what the privacy domain has to remember. Each subject has a file of its own here, with a type that
// implements its ports, and one in queries/. The package holds no rules: those are in the packages of privacy, and in the constraints and
// policies of the tables.
package privacypg
