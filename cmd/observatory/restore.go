package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/migrations"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/archive/archivech"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/tenants"
)

func newRestoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore", Short: "Put events of an archive back into the store", Args: cobra.NoArgs,
		Long: "Puts a tenant's events back into the store under their own IDs, times and receipts. What is there already stays as it is, and nobody who was erased or is suppressed comes back. It may be run again. With --verify it restores into a scratch database instead, which is removed afterwards, and compares.",
	}
	var in archiveFlags
	in.bind(cmd)
	from := cmd.Flags().String("from", "", "first day, as in 2026-11-01; default the first there is")
	to := cmd.Flags().String("to", "", "last day; default the last there is")
	into := cmd.Flags().String("into", "", "ID of the tenant here; default the same")
	verify := cmd.Flags().Bool("verify", false, "a drill: rebuild the tenant in a scratch database and compare")
	return withNode(cmd, func(cmd *cobra.Command, n *node) (err error) {
		what := archive.RestoreInput{}
		if what.Tenant, err = in.who(); err != nil {
			return err
		}
		if what.From, what.To, err = days(*from, *to); err != nil {
			return err
		}
		if *into != "" {
			id, err := uuid.Parse(*into)
			if err != nil {
				return fmt.Errorf("--into is %q: it must be the ID of a tenant", *into)
			}
			what.Into = tenants.ID(id)
		}
		if what.Identity, err = in.key(); err == nil && what.Identity == nil {
			what.Identity, err = n.privacy.archive.Identity(cmd.Context(), what.Tenant)
		}
		if err != nil {
			return err
		}
		if err := n.migrateClickHouse(cmd.Context()); err != nil {
			return err
		}
		judge, end, err := n.judge(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
		what.Judge = judge
		store, err := objects.Open(cmd.Context(), in.address(n.cfg))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		if *verify {
			return n.drill(cmd, store, what)
		}
		return n.restore(cmd, store, what)
	})
}

// days are the instants between which lie two days and what is between them.
func days(from, to string) (first, last time.Time, err error) {
	if from != "" {
		if first, err = time.Parse(time.DateOnly, from); err != nil {
			return first, last, fmt.Errorf("--from is %q: it must be a day such as 2026-11-01", from)
		}
	}
	if to != "" {
		if last, err = time.Parse(time.DateOnly, to); err != nil {
			return first, last, fmt.Errorf("--to is %q: it must be a day such as 2026-11-30", to)
		}
		last = last.AddDate(0, 0, 1)
	}
	return first, last, nil
}

func (n *node) restore(cmd *cobra.Command, store *objects.Store, what archive.RestoreInput) error {
	what.Target = archivech.New(n.events)
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "DATE\tARCHIVED\tSTORED\tPRESENT\tKEPT OUT\tHELD BACK\tUNLINKED")
	var stored int64
	what.Done = func(r archive.Restored) {
		stored += r.Stored
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", r.Date, r.Archived, r.Stored, r.Present, r.Out, r.Held, r.Unlinked)
	}
	_, err := archive.Restore(cmd.Context(), store, what)
	fmt.Fprintf(out, "%d events restored\n", stored)
	return errors.Join(err, out.Flush())
}

// errDiffers is returned by a drill that has not come out even.
var errDiffers = errors.New("what was rebuilt is not what the archive holds")

func (n *node) drill(cmd *cobra.Command, store *objects.Store, what archive.RestoreInput) (err error) {
	scratch, drop, err := n.scratch(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	what.Target = scratch
	all, err := archive.Drill(cmd.Context(), store, what, scratch, archivech.New(n.events))
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "DATE\tARCHIVED\tKEPT OUT\tREBUILT\tCHECKSUM\t\tIN THE STORE\t")
	equal := 0
	for _, d := range all {
		said, live := "DIFFERENT", "has changed since"
		if d.Equal {
			said = "equal"
			equal++
		}
		if d.Same {
			live = "the same"
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%s\t%s\t%d\t%s\n", d.Date, d.Archived, d.Out+d.Held, d.Rebuilt.Rows, d.Rebuilt.String(), said, d.Live.Rows, live)
	}
	fmt.Fprintf(out, "%d of %d days are equal\n", equal, len(all))
	if err := out.Flush(); err != nil {
		return err
	}
	if equal < len(all) {
		return errDiffers
	}
	return nil
}

// scratch makes a database beside that of the events, and returns how to remove it.
func (n *node) scratch(ctx context.Context) (*archivech.Store, func() error, error) {
	address, err := url.Parse(n.urls.ClickHouse)
	if err != nil {
		return nil, nil, err
	}
	name := "drill_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	address.Path = "/" + name
	if err := ch.Migrate(ctx, address.String(), migrations.ClickHouse()); err != nil {
		return nil, nil, fmt.Errorf("make a scratch database: %w", err)
	}
	conn, err := ch.Open(ctx, address.String())
	if err != nil {
		return nil, nil, err
	}
	drop := func() error {
		ctx := context.WithoutCancel(ctx)
		return errors.Join(conn.Close(), n.events.Exec(ctx, "DROP DATABASE "+name+" SYNC"))
	}
	return archivech.New(conn), drop, nil
}

// judge learns who is suppressed, and says of events that come back whether they may. Who is suppressed or erased later waits until end is called:
// nobody may be gone, and then come back.
func (n *node) judge(ctx context.Context) (j archive.Judge, end func() error, err error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, nil, fmt.Errorf("find out the name of this host: %w", err)
	}
	agent := privacy.NewLogAgent(privacy.LogAgentConfig{
		Log: uuid.New(), Kind: privacy.RestoreLog, Host: host, Node: noLog{}, Logs: privacypg.NewLogs(n.postgres), Now: n.now, Logger: n.logger,
	})
	if err := agent.Begin(ctx); err != nil {
		return nil, nil, fmt.Errorf("have erasures wait: %w", err)
	}
	telling, stop := context.WithCancel(ctx)
	told := make(chan error, 1)
	go func() { told <- agent.Run(telling) }()
	end = func() error {
		stop()
		return errors.Join(<-told, agent.End(context.WithoutCancel(ctx)))
	}
	s, err := newSuppressions(n, agent.Applied)
	if err == nil {
		err = s.set.Refresh(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("find out who is suppressed: %w", err), end())
	}
	return func(_ context.Context, tenant tenants.ID, e *archive.Event) (archive.Verdict, error) {
		view := s.Enter()
		defer view.Leave()
		who := view.Of(tenant)
		if who == nil {
			return archive.Verdict{}, nil
		}
		event := ingest.Event{UserID: []byte(e.UserID), AnonymousID: []byte(e.AnonymousID), Properties: []byte(e.Properties), Context: []byte(e.Context)}
		if e.Type == ingest.Alias.String() {
			event.Type = ingest.Alias
		}
		fate := ingest.VerdictOf(who, &event, e.Received()) &^ ingest.Unlink
		erased := ingest.ErasureOf(who, &event, e.Received())
		return archive.Verdict{Out: fate == ingest.Bar, Hold: fate != ingest.Bar && fate != ingest.Pass, Unlink: erased&ingest.Unlink != 0}, nil
	}, end, nil
}

// noLog is the log of who has none.
type noLog struct{}

func (noLog) Sync(context.Context) (int64, error) { return 0, nil }
func (noLog) Settled() int64                      { return 0 }
func (noLog) Forget(int64) (int64, error)         { return 0, nil }
