package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// How often the progress is shown, on a terminal and elsewhere.
const (
	redrawEvery = 100 * time.Millisecond
	reportEvery = 5 * time.Second
)

// progress shows how far a long piece of work is: on a terminal as one line that changes, elsewhere (a log file, a
// pipe) as a plain line now and then.
type progress struct {
	out   io.Writer
	every time.Duration
	width func() int // of the terminal, in characters; nil when it is none

	mu     sync.Mutex
	drawn  bool      // a line stands there that has to be wiped
	warned time.Time // when it warned last; zero for never
}

// status of the work at one moment.
type status struct {
	done, total int64  // how far it is; a total of 0 is not known
	count       int64  // of what is counted aloud
	unit        string // "lines"
	more        string // anything else worth saying
}

func newProgress(out io.Writer) *progress {
	file, isFile := out.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return &progress{out: out, every: reportEvery}
	}
	return &progress{out: out, every: redrawEvery, width: func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}}
}

// while shows the status until the work is done, and returns the work's error.
func (p *progress) while(now func() status, work func() error) error {
	start, done := time.Now(), make(chan struct{})
	var painter sync.WaitGroup
	painter.Go(func() {
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				p.show(now(), time.Since(start))
			}
		}
	})
	err := work()
	close(done)
	painter.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return err
}

// note says something in between.
func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// warn is a note about a trouble that may come many times over: it is told at most every reportEvery.
func (p *progress) warn(format string, args ...any) {
	p.mu.Lock()
	tell := p.warned.IsZero() || time.Since(p.warned) >= reportEvery
	if tell {
		p.warned = time.Now()
	}
	p.mu.Unlock()
	if tell {
		p.note(format, args...)
	}
}

func (p *progress) show(s status, elapsed time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width == nil {
		fmt.Fprintln(p.out, s.text(elapsed))
		return
	}
	fmt.Fprint(p.out, wipe+s.bar(elapsed, p.width()-1)) // a full line would make some terminals scroll
	p.drawn = true
}

// wipe clears a terminal's line and goes back to its start.
const wipe = "\r\x1b[K"

// clear removes the line that stands there.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, wipe)
		p.drawn = false
	}
}

// text is the status in words: "42%, 4,200 lines, 8,400 lines/s, 1s left".
func (s status) text(elapsed time.Duration) string {
	var parts []string
	if s.total > 0 {
		parts = append(parts, fmt.Sprintf("%d%%", s.percent()))
	}
	parts = append(parts, fmt.Sprintf("%s %s", thousands(s.count), s.unit))
	if seconds := elapsed.Seconds(); seconds > 0 {
		unit, _, _ := strings.Cut(s.unit, " ")
		parts = append(parts, fmt.Sprintf("%s %s/s", thousands(int64(float64(s.count)/seconds)), unit))
	}
	if s.more != "" {
		parts = append(parts, s.more)
	}
	if s.done > 0 && s.done < s.total {
		left := time.Duration(float64(elapsed) * float64(s.total-s.done) / float64(s.done))
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

// bar is the text with a bar before it where both fit into the width.
func (s status) bar(elapsed time.Duration, width int) string {
	text := s.text(elapsed)
	if length := min(width-len(text)-1, 30); s.total > 0 && length >= 5 {
		full := length * s.percent() / 100
		return strings.Repeat("━", full) + strings.Repeat("─", length-full) + " " + text
	}
	return text[:min(len(text), max(width, 0))]
}

// percent of the work, 0 to 100. A file may grow while it is read.
func (s status) percent() int {
	return int(min(100*s.done/s.total, 100))
}
