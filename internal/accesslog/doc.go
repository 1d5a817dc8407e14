// Package accesslog reads a web server's access log and turns it into events. It stands before the public API: what it
// makes is sent by `observatory import` like any other client's events.
//
// The format is "combined", as Apache and nginx write it unless told otherwise
// (https://httpd.apache.org/docs/2.4/logs.html#combined):
//
//	address ident user [17/May/2015:10:05:03 +0000] "GET /path?query HTTP/1.1" 200 1234 "referrer" "user agent"
package accesslog
