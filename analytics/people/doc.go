// Package people tells which IDs are one person, and what is known about that person.
//
// Events carry IDs: one that a browser or an app made up (anonymous), one of an account (user), or both. [Stitch] says to whom an ID
// belongs, from all that events have said about it and from nothing else: whatever the order in which events arrived, the answer
// is the same. A person is known by one of its IDs. The rules:
//
//   - An ID that any event carries as its user ID is a user's. Every other ID is anonymous.
//   - An anonymous ID belongs to the user of the earliest event that carries both. It keeps to that one: somebody else who logs in on
//     the same device later does not become the same person.
//   - An alias joins two users. All that are joined, in whatever steps, are one person, known by the ID that was aliased to:
//     the one that was not aliased to yet another, and of several of those the one that was named last.
//   - An alias of an anonymous ID is no more than an event that carries both.
//
// An event is that of the person to whom its user ID belongs, and only without a user ID that of the anonymous one. So
// nobody becomes a person's by having shared a device with them.
//
// What is known about a person, its traits and groups, follows from the identify and group events of all its IDs, see [Traits].
package people
