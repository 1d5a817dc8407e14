// Package privacy answers for people: what a tenant's users may ask for (erasure, access, suppression, restriction), every copy of the data
// that such a request has to reach, and the proof that it did.
//
// A request about one or many subjects goes through fixed states (see State). First it becomes known who the subjects are (every ID by which
// they go), then they are suppressed, so that nothing new of them comes in, then every log says up to where it may still hold something of
// them (the barrier), and only when everything before the barrier is stored are the copies emptied, one by one, and looked through again.
// Nothing in that depends on the time of an event.
package privacy
