package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/jobs"
)

func newJobsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "jobs", Short: "The work of all tenants and of the system itself"}
	cmd.AddCommand(newJobsListCommand(), newJobsShowCommand(), newJobsRetryCommand())
	return cmd
}

func newJobsListCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List jobs, the newest first", Args: cobra.NoArgs}
	kind := cmd.Flags().String("kind", "", "only of this kind, as in mail:deliver")
	state := cmd.Flags().String("state", "", "only those that are waiting, running, paused, done, failed or cancelled")
	limit := cmd.Flags().Int("limit", 50, "at most so many")
	return withNode(cmd, func(cmd *cobra.Command, n *node) error {
		filter := jobs.Filter{Kind: *kind, Limit: *limit}
		if *state != "" {
			filter.States = []jobs.State{jobs.State(*state)}
		}
		all, err := n.jobs.ListAll(cmd.Context(), filter)
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "ID\tKIND\tTENANT\tSTATE\tATTEMPTS\tCREATED\tERROR")
		for _, j := range all {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", j.ID, j.Kind, tenantOrSystem(j.Tenant), j.State, j.Attempts, j.CreatedAt.Format(time.RFC3339), j.Error)
		}
		return out.Flush()
	})
}

func newJobsShowCommand() *cobra.Command {
	return withNode(&cobra.Command{Use: "show ID", Short: "Show a job with its attempts, and why they failed", Args: cobra.ExactArgs(1)}, func(cmd *cobra.Command, n *node) error {
		id, err := uuid.Parse(cmd.Flags().Arg(0))
		if err != nil {
			return fmt.Errorf("%q is no ID of a job", cmd.Flags().Arg(0))
		}
		d, err := n.jobs.AnyJob(cmd.Context(), id)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "%s of %s, %s, made %s by %s, correlation ID %s\n", d.Kind, tenantOrSystem(d.Tenant), d.State, d.CreatedAt.Format(time.RFC3339), d.CreatedBy, d.Correlation)
		fmt.Fprintf(out, "parameters %s\n", d.Params)
		if d.Progress != nil {
			text, err := json.Marshal(d.Progress)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "progress %s\n", text)
		}
		for _, a := range d.Tries {
			took := "runs"
			if a.EndedAt != nil {
				took = a.EndedAt.Sub(a.StartedAt).Round(time.Millisecond).String()
			}
			fmt.Fprintf(out, "attempt %d  %s  %s  %s  on %s  %s\n", a.Number, a.StartedAt.Format(time.RFC3339), took, a.Outcome, a.Worker, a.Error)
		}
		return nil
	})
}

func newJobsRetryCommand() *cobra.Command {
	return withNode(&cobra.Command{Use: "retry ID", Short: "Have a job that has failed or was cancelled run again", Args: cobra.ExactArgs(1)}, func(cmd *cobra.Command, n *node) error {
		id, err := uuid.Parse(cmd.Flags().Arg(0))
		if err != nil {
			return fmt.Errorf("%q is no ID of a job", cmd.Flags().Arg(0))
		}
		j, err := n.jobs.RetryAny(cmd.Context(), id, operator())
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s is %s\n", j.Kind, j.ID, j.State)
		return nil
	})
}

func tenantOrSystem(id uuid.UUID) string {
	if id == uuid.Nil {
		return "system"
	}
	return id.String()
}
