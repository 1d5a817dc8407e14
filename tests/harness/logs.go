package harness

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// Logs is what a server has written, over all its runs.
type Logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String is everything that was written so far.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Lines are the whole lines so far that hold every one of the texts.
func (l *Logs) Lines(texts ...string) []string {
	var found []string
lines:
	for line := range strings.Lines(l.String()) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue lines
			}
		}
		if strings.HasSuffix(line, "\n") {
			found = append(found, strings.TrimSuffix(line, "\n"))
		}
	}
	return found
}

// tail are the last n lines.
func (l *Logs) tail(n int) string {
	lines := strings.SplitAfter(l.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

// readyWriter passes on what it is given and calls ready at the first line that begins with what serve or worker says when it is ready.
type readyWriter struct {
	io.Writer
	line  []byte
	ready func()
}

func (w *readyWriter) Write(b []byte) (int, error) {
	if w.ready != nil {
		w.line = append(w.line, b...)
		if saysReady(w.line) {
			w.ready()
			w.ready, w.line = nil, nil
		}
	}
	return w.Writer.Write(b)
}

func saysReady(output []byte) bool {
	for line := range bytes.Lines(output) {
		if bytes.HasPrefix(line, []byte("Observatory is ready: ")) || bytes.HasPrefix(line, []byte("Observatory's worker is ready")) {
			return true
		}
	}
	return false
}
