// Package tenants knows who may do what: organisations (tenants), the people in them, the sources that send events, the
// API keys and sessions they come with, and the audit log of every change.
//
// An event meets this package once, at the very beginning of its way: [KeyRing.Verify] turns its API key into an [APIKey]
// without asking anybody. Everything else here is the control plane: it runs in Postgres transactions that the port
// [Store] opens, and each change writes its audit entry in the transaction of the change.
//
// Two rules hold throughout. A tenant is an explicit argument, by itself or inside a [Principal], and never hidden in a
// context. And a secret (password, session token, API key, mailed link) leaves this package once, towards the person it
// is for; what stays behind is a hash or a ciphertext.
package tenants
