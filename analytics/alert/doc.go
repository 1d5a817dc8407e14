// Package alert watches numbers. A [Rule] says what is measured, how often, and when that is wrong; what it is now follows from a
// state machine that is a pure function of values, so that a preview over the past and the evaluation of today cannot
// differ. Rules that fire open incidents, and silences keep quiet what is known.
//
// Each tick of a rule counts exactly once. Who is told of an incident, and how, is not the business of this package.
package alert
