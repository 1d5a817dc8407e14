// Package faults breaks a running Observatory in every way that its promise allows for, while many writers send to it: it kills it, its
// engines and the network between them, fills its disk and ends it in the middle of everything. Afterwards the writers'
// notes of what was acknowledged are reckoned up against the store, the receipts and the ledger: each acknowledged event is
// there exactly once, and nothing is there that nobody sent.
//
// A test ends what it starts, one test runs at a time, and all together take a few minutes. OBSERVATORY_TEST_LONG=1 makes
// outages as long, and kills as many, as one has patience for.
package faults
