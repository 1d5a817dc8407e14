package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg"
)

// newLogAgent makes the agent that looks after this node's log for the sake of those who want to be forgotten.
func newLogAgent(s *serving) (*privacy.LogAgent, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find out the name of this host: %w", err)
	}
	return privacy.NewLogAgent(privacy.LogAgentConfig{
		Log: s.log.id, Kind: s.log.kind, Host: host, Node: bridge.NodeLog(s.log, func() ingest.Offset { return s.sink.Settled() }),
		Logs: privacypg.NewLogs(s.postgres), Now: s.now, Logger: s.logger,
	}), nil
}

// errLogInUse is returned to a node whose log another one seems to write.
var errLogInUse = errors.New("another node has written to this log less than half a minute ago: each needs a partition of its own (kafka-partition)")

// claim says that this node writes its log from now on, and refuses to where another host seems to. Only brokers can be reached from two.
func (s *serving) claim(ctx context.Context) error {
	const fresh = 30 * time.Second // whoever lives is heard of three times in that
	if s.log.kind == privacy.KafkaLog {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("find out the name of this host: %w", err)
		}
		all, err := privacypg.NewLogs(s.postgres).List(ctx)
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.Log == s.log.id && l.Host != host && !l.Empty && s.now().Sub(l.SeenAt) < fresh {
				return fmt.Errorf("%w; it is on %s", errLogInUse, l.Host)
			}
		}
	}
	return s.barrier.Begin(ctx)
}

func newLogsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "logs", Short: "The durable logs of all nodes, which every erasure waits for"}
	cmd.AddCommand(newLogsListCommand(), newLogsRetireCommand())
	return cmd
}

func newLogsListCommand() *cobra.Command {
	return withNode(&cobra.Command{Use: "list", Short: "List the logs, those heard of last first", Args: cobra.NoArgs}, func(cmd *cobra.Command, n *node) error {
		all, err := privacypg.NewLogs(n.postgres).List(cmd.Context())
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "ID\tHOST\tKIND\tSTATE\tTO STORE\tTO FORGET\tLAST HEARD OF")
		for _, l := range all {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", l.Log, l.Host, l.Kind, logState(l), max(0, l.End-l.Settled), max(0, l.End-l.Forgotten), l.SeenAt.Format(time.RFC3339))
		}
		return out.Flush()
	})
}

func logState(l privacy.LogState) string {
	switch {
	case l.Empty:
		return "ended, empty"
	case l.Retired:
		return "retired"
	case l.Applied == 0:
		return "starting"
	}
	return "in service"
}

func newLogsRetireCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retire ID", Short: "Say that a node never returns, so that no erasure waits for its log", Args: cobra.ExactArgs(1),
		Long: "Says that a node never returns, so that no erasure waits for its log. What the log holds is out of reach then, and certificates name it as an exception, unless its disk is known to be destroyed.",
	}
	destroyed := cmd.Flags().Bool("destroyed", false, "the disk that the log lies on is destroyed, and with it what it held")
	return withNode(cmd, func(cmd *cobra.Command, n *node) error {
		id, err := uuid.Parse(cmd.Flags().Arg(0))
		if err != nil {
			return fmt.Errorf("%q is no ID of a log", cmd.Flags().Arg(0))
		}
		if err := privacypg.NewLogs(n.postgres).Retire(cmd.Context(), id, *destroyed); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "retired")
		return nil
	})
}
