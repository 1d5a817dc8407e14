// Package analyticsch answers the questions of package analytics from ClickHouse.
//
// Every SQL text is made by one builder, [statement]. It takes constants of this package and placeholders, never a user's
// text: values, keys of JSON paths and names all go as {name:Type} parameters. And it has one way to write a FROM
// clause, which begins with the tenant.
//
// Events are read with FINAL: a duplicate that the sink did not recognise, because it came more than 24 hours late, has
// the same sorting key and counts once. The key holds the hour of the event's time, so duplicates are always in one
// monthly partition, and partitions need not be merged with each other.
package analyticsch
