// Package privacych knows every copy of people's data that lies in ClickHouse, and how it is removed there. It may name the tables of all
// domains: see package inventory for the whole list.
//
// Rows go in two steps. One mutation hides them from every query at once (a lightweight DELETE). Later one job removes what many operations
// have hidden, together, from the disk (Purge). What is removed stands in no statement: the texts of statements are kept by the server, in
// files and tables of its own. Queries get it as a table that goes with them, mutations as a set of hashes (table erasing).
package privacych
