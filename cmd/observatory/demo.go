package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/demodata"
)

const demoHelp = `Signs up a sample organization and sends weeks of made-up traffic of a small plant shop through the public API: the
visits of its site (with searches, carts, orders and sign-ups), its app, and the climate sensors of its greenhouses.
Then it prints how to log in.

Every run makes an organization of its own. The same --seed gives the same traffic up to the present.`

// demoOptions of `observatory demo`.
type demoOptions struct {
	target target
	weeks  int
	seed   uint64
}

// newDemoCommand is `observatory demo`. Results go to standard output, progress to standard error.
func newDemoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make a sample organization with weeks of traffic",
		Long:  demoHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.target.fromEnvironment()
			world, err := demodata.New(demodata.Config{Seed: o.seed, Weeks: o.weeks, End: time.Now()})
			if err != nil {
				return err
			}
			defer endAtSecondInterrupt(cmd.Context())()
			return runDemo(cmd.Context(), o.target, world, cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr()))
		},
	}
	f := cmd.Flags()
	o.target.urlFlag(f)
	f.IntVar(&o.weeks, "weeks", 6, "how many weeks of traffic, about 10,000 events each")
	f.Uint64Var(&o.seed, "seed", 1, "other seeds give other traffic")
	return cmd
}

func runDemo(ctx context.Context, to target, world *demodata.World, stdout io.Writer, show *progress) error {
	to.key = "" // the new organization has its own
	c, err := to.connect(ctx, "observatory-demo/"+version, show)
	if err != nil {
		return err
	}
	defer c.Close()
	email := "demo-" + strings.ToLower(rand.Text()[:8]) + "@observatory.example"
	password := strings.ToLower(rand.Text())
	account, err := c.SignUp(ctx, client.SignUpInput{Email: email, Password: password, Organization: "Juniper & Fern (demo)"})
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	fmt.Fprintf(stdout, "Log in at %s\n  e-mail:   %s\n  password: %s\n", c.URL(), email, password)

	parts, err := demoParts(ctx, c, account, world)
	if err != nil {
		return err
	}
	var (
		sent     atomic.Int64
		receipts []string
	)
	total := parts.count()
	err = show.while(func() status {
		return status{done: sent.Load(), total: total, count: sent.Load(), unit: "events sent"}
	}, func() error {
		for _, p := range parts {
			before := sent.Load()
			d, err := c.WithKey(p.key).Deliver(ctx, withoutErrors(p.events), client.DeliverOptions{
				OnAck: func(d client.Delivery) { sent.Store(before + int64(d.Events)) },
			})
			receipts = append(receipts, d.Receipts...)
			if err != nil {
				return fmt.Errorf("send the events of the %s: %w", p.name, err)
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return fmt.Errorf("stopped after %s of %s events", thousands(sent.Load()), thousands(total))
	}
	if err != nil {
		return err
	}
	outcome, err := settle(ctx, c.WithKey(account.Keys.Secret), receipts, int(total), show)
	if err != nil {
		return fmt.Errorf("all events are sent, but what became of them could not be asked: %w", err)
	}
	fmt.Fprintf(stdout, "%s since %s: %s\n", plural(int(total), "event"), world.Start().Format("2 January 2006"), counts(outcome.Counts))
	fmt.Fprintf(stdout, "Look for the day on which nearly nothing worked: %s (UTC).\n", world.Incident().From.Format("Monday, 2 January 2006, 15:04"))
	return nil
}

// demoPart is what one source sends.
type demoPart struct {
	name, key string
	events    iter.Seq[client.Event]
}

type demoPartList []demoPart

// demoParts names the source that comes with a sign-up and makes the others.
func demoParts(ctx context.Context, c *client.Client, account client.Account, world *demodata.World) (demoPartList, error) {
	if err := c.RenameSource(ctx, account.Source.ID, "Juniper & Fern shop"); err != nil {
		return nil, fmt.Errorf("name the site: %w", err)
	}
	list := demoPartList{{"site", account.Keys.Secret, world.Site()}}
	for _, more := range []struct {
		name, kind string
		events     iter.Seq[client.Event]
	}{{"Juniper app", "app", world.App()}, {"Greenhouses", "sensor", world.Sensors()}} {
		source, err := c.CreateSource(ctx, more.name, more.kind)
		if err != nil {
			return nil, fmt.Errorf("add the source %s: %w", more.name, err)
		}
		key, err := c.CreateSecretKey(ctx, source.ID, more.name)
		if err != nil {
			return nil, fmt.Errorf("make a key for %s: %w", more.name, err)
		}
		list = append(list, demoPart{more.name, key, more.events})
	}
	return list, nil
}

// count plays everything once, which takes a tenth of the time of sending it.
func (l demoPartList) count() (n int64) {
	for _, p := range l {
		for range p.events {
			n++
		}
	}
	return n
}

func withoutErrors(events iter.Seq[client.Event]) iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		for e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}
