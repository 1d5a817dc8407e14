// Command observatory is the whole product in one binary: the server, the workers, and the tools of its operators and
// users. It wires everything by hand; nothing imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // charts know every time zone, whatever the machine knows

	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/embedded"
)

// version is set by the build.
var version = "dev"

func main() {
	embedded.MaybeRunChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(os.Stderr, "observatory:", err)
		}
		os.Exit(1)
	}
}

// errSaid is returned by a command that has said what is wrong already.
var errSaid = errors.New("said already")

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "observatory",
		Short:         "Event analytics in which nothing is lost and everything is explained",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newServeCommand(),
		newWorkerCommand(),
		newMigrateCommand(),
		newImportCommand(),
		newDemoCommand(),
		newSigningKeysCommand(),
		newAuditCommand(),
		newJobsCommand(),
		newVerifyCertificateCommand(),
		newCertificateKeysCommand(),
		newArchiveCommand(),
		newRestoreCommand(),
		newLogsCommand(),
		newVersionCommand(),
	)
	return root
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "observatory", version) },
	}
}
