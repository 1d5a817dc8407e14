package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/observatory/observatory/internal/client"
)

// What `import` and `demo` have in common: where they send to, and what they say about it.

// target is a running Observatory.
type target struct{ url, key string }

func (t *target) flags(f *pflag.FlagSet) {
	t.urlFlag(f)
	f.StringVar(&t.key, "key", "", "API key that may send events (default OBSERVATORY_KEY, which other users of this machine cannot see)")
}

func (t *target) urlFlag(f *pflag.FlagSet) {
	f.StringVar(&t.url, "url", "", "where Observatory is (default OBSERVATORY_URL or http://localhost:8080)")
}

// fromEnvironment fills in what no flag said.
func (t *target) fromEnvironment() {
	if t.url == "" {
		t.url = os.Getenv("OBSERVATORY_URL")
	}
	if t.url == "" {
		t.url = "http://localhost:8080"
	}
	if t.key == "" {
		t.key = os.Getenv("OBSERVATORY_KEY")
	}
}

// connect makes a client and sees whether anything answers.
func (t *target) connect(ctx context.Context, agent string, show *progress) (*client.Client, error) {
	c, err := client.New(client.Config{URL: t.url, Key: t.key, Agent: agent, OnRetry: func(err error, wait time.Duration) {
		show.warn("%v; trying again in %s", err, wait.Round(100*time.Millisecond))
	}})
	if err != nil {
		return nil, err
	}
	if err := c.Ping(ctx); err != nil {
		return nil, fmt.Errorf("%w; is Observatory running there?", err)
	}
	return c, nil
}

// endAtSecondInterrupt lets a second Ctrl-C end the process at once, while the first one, which has ended ctx, is still
// being obeyed. What it returns undoes it.
func endAtSecondInterrupt(ctx context.Context) (undo func() bool) {
	return context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
}

// settle waits for the receipts.
func settle(ctx context.Context, c *client.Client, receipts []string, events int, show *progress) (o client.Outcome, err error) {
	var settled atomic.Int64
	err = show.while(func() status {
		return status{done: settled.Load(), total: int64(events), count: settled.Load(), unit: "events settled"}
	}, func() error {
		o, err = c.Settle(ctx, receipts, client.SettleOptions{OnReceipt: func(n client.Counts) { settled.Store(int64(n.Received - n.Pending)) }})
		return err
	})
	return o, err
}

// notDelivered explains why not everything was sent, and what to do.
func notDelivered(ctx context.Context, err error, d client.Delivery, where string) error {
	so := plural(d.Events, "event") + " acknowledged and safe; run the same command again to go on, nothing is counted twice"
	if ctx.Err() != nil {
		return fmt.Errorf("stopped at %s: %s", where, so)
	}
	return fmt.Errorf("at %s: %w (%s)", where, err, so)
}

// counts is what became of events, in words. The rare outcomes are named only when they came.
func counts(c client.Counts) string {
	parts := []string{
		thousands(int64(c.Stored)) + " stored",
		plural(c.Duplicate, "duplicate"),
		thousands(int64(c.Quarantined)) + " quarantined",
	}
	for _, rare := range []struct {
		n    int
		name string
	}{{c.Suppressed, "suppressed"}, {c.Held, "held"}, {c.Pending, "still on their way (safe on disk; the dashboard will show them)"}} {
		if rare.n > 0 {
			parts = append(parts, thousands(int64(rare.n))+" "+rare.name)
		}
	}
	return strings.Join(parts, ", ")
}

// printReasons lists why events were not stored, and which were refused at once.
func printReasons(w io.Writer, o client.Outcome, d client.Delivery, unit string) {
	for _, code := range slices.Sorted(maps.Keys(o.Reasons)) {
		r := o.Reasons[code]
		fmt.Fprintf(w, "  %s: %s (%s), the first with event_id %s\n", plural(r.Count, "event"), r.Message, code, r.EventID)
	}
	for i, r := range d.Rejected {
		if i == shownLines {
			break
		}
		fmt.Fprintf(w, "  %s %d: %s (%s)\n", unit, r.Ref, r.Message, r.Code)
	}
	if more := d.RejectedCount - min(len(d.Rejected), shownLines); more > 0 {
		fmt.Fprintf(w, "  and %s more\n", thousands(int64(more)))
	}
}

// plural counts things: "1 line", "9,999 lines".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(int64(n)) + " " + thing + "s"
}

// thousands writes a number with separators: 9,999.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
