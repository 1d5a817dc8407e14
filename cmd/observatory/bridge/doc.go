// Package bridge lies between privacy and the domains whose data it answers for: what each asks of the other, in its own words, for domains do
// not know each other. It is a package of its own so that trials of erasure go over the same bridge as the program.
package bridge
