// Command bench measures, in one run on this machine, the figures of docs/performance.md: it starts the real server with its
// embedded engines, sends events over HTTP from within this process, and prints what it saw. `make bench` runs it.
//
// Absolute figures depend on the machine; the ratios are what to compare.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan says how much is sent. Every part is bounded in count and time.
type plan struct {
	binary  string
	events  int           // of the parts in batches
	single  time.Duration // of the part with single events
	visible int           // probes of ack to visible
	history int           // events of the part with rollups; 0 leaves it out, and otherwise there is no other
	erase   int           // the same, of the part with erasures
	meter   int           // and of the part with metering
}

func run(ctx context.Context) (err error) {
	var p plan
	flag.StringVar(&p.binary, "binary", "bin/observatory", "the server to measure")
	flag.IntVar(&p.events, "events", 2_000_000, "events of the parts in batches")
	flag.DurationVar(&p.single, "single", 15*time.Second, "duration of the part with single events")
	flag.IntVar(&p.visible, "visible", 150, "probes of the time from ack to visible")
	flag.IntVar(&p.history, "rollups", 0, "measure rollups alone, with so many events")
	flag.IntVar(&p.erase, "erase", 0, "measure erasures alone, among so many events")
	flag.IntVar(&p.meter, "metering", 0, "measure metering alone, of so many events")
	flag.Parse()
	limit := 8 * time.Minute
	if p.history > 0 || p.erase > 0 || p.meter > 0 {
		limit = 30 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	s, err := start(ctx, p.binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if p.history > 0 {
		return rollups(ctx, s, p.history)
	}
	if p.erase > 0 {
		return erase(ctx, s, p.erase)
	}
	if p.meter > 0 {
		return meter(ctx, s, p.meter)
	}
	fmt.Printf("events of %d bytes, batches of %d, server and load generator on the same machine\n\n", len(newEvent()), batchSize)

	raw, err := rawInsert(ctx, s, p.events)
	if err != nil {
		return fmt.Errorf("raw insert: %w", err)
	}
	fmt.Printf("(a) raw clickhouse-go insert      %9.0f rows/s    %5.1f CPU-s per million (client %.1f, ClickHouse %.1f)\n", raw.rate, raw.cpu(), raw.client, raw.clickhouse)

	batched, err := batches(ctx, s, p.events)
	if err != nil {
		return fmt.Errorf("batches: %w", err)
	}
	fmt.Printf("(b) accepted to stored, HTTP      %9.0f events/s  %5.0f %% of (a); acknowledged at %.0f events/s\n", batched.rate, 100*batched.rate/raw.rate, batched.ackRate)

	single, err := singles(ctx, s, p.single)
	if err != nil {
		return fmt.Errorf("single events: %w", err)
	}
	fmt.Printf("(c) single events, 64 connections %9.0f acks/s    p50 %.1f ms, p99 %.1f ms\n", single.rate, ms(single.p50), ms(single.p99))
	for _, c := range []struct {
		name            string
		streams, asText bool
	}{
		{"gRPC, 64 calls at a time, JSON   ", false, true},
		{"gRPC, 64 calls at a time, Struct ", false, false},
		{"gRPC, 8 streams of 8 at a time   ", true, true},
	} {
		called, err := rpcs(ctx, s, p.single, c.streams, c.asText)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Printf("    %s %8.0f acks/s    p50 %.1f ms, p99 %.1f ms\n", c.name, called.rate, ms(called.p50), ms(called.p99))
	}
	peak, err := s.peakMemory()
	if err != nil {
		return err
	}
	fmt.Printf("(d) peak memory of the server     %9.0f MB        without ClickHouse and PostgreSQL\n", float64(peak)/1e6)
	fmt.Printf("(e) CPU, batches of %d           %9.1f CPU-s per million events (server %.1f, ClickHouse %.1f); load generator %.1f beside\n",
		batchSize, batched.server+batched.clickhouse, batched.server, batched.clickhouse, batched.generator)

	seen, err := visible(ctx, s, p.visible)
	if err != nil {
		return fmt.Errorf("ack to visible: %w", err)
	}
	fmt.Printf("(f) ack to visible                %9.0f ms p50     %5.0f ms p99, at 2,000 events/s beside\n", ms(seen.p50), ms(seen.p99))
	final, plain, err := trend(ctx, s)
	if err != nil {
		return fmt.Errorf("trend: %w", err)
	}
	fmt.Printf("(g) daily count over all of them  %9.0f ms with FINAL, %.0f ms without\n", ms(final), ms(plain))
	unchecked, checked, err := conformed(ctx, s, p.events/4)
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	fmt.Printf("(h) events bound to a schema      %9.0f events/s  against %.0f unchecked; server %.1f against %.1f CPU-s per million\n",
		checked.rate, unchecked.rate, checked.server, unchecked.server)
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
