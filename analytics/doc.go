// Package analytics answers questions about events: trends, lists of events, one event, and the catalog of what was sent.
//
// It stands at the end of an event's way and only reads. A question is a plain value with a Validate method. The [Service]
// checks it, lays the calendar of buckets over its period, asks the [Store] for numbers per bucket, and puts zeros or
// nulls where the store found nothing. What a query means (how a filter compares, where a day begins, which period
// lies before this one) is decided and documented here; how ClickHouse is asked is in the package analyticsch beneath.
//
// Every number comes with an [Explanation]. Every call names its tenant.
package analytics
