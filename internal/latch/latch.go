// Package latch tells everybody who waits that something has happened.
package latch

import "sync"

// Latch is something that happens once, and is so for good. All methods may be called from many goroutines. Make it with New.
type Latch struct {
	done chan struct{}
	set  func()
}

// New makes a latch of what has not happened yet.
func New() Latch {
	done := make(chan struct{})
	return Latch{done: done, set: sync.OnceFunc(func() { close(done) })}
}

// Set says that it has happened. Saying so again changes nothing.
func (l Latch) Set() { l.set() }

// Done is closed once it has happened.
func (l Latch) Done() <-chan struct{} { return l.done }

// IsSet tells whether it has happened.
func (l Latch) IsSet() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}
