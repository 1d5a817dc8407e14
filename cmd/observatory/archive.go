package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"filippo.io/age"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/config"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/archive/archivech"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/tenants"
)

func newArchive(n *node, store *privacypg.Store) (*archive.Service, error) {
	return archive.New(archive.Config{SecretKey: n.cfg.SecretKey, Quiet: n.cfg.ArchiveQuiet}, archive.Deps{
		Storage: n.objects, Source: archivech.New(n.events), Index: store.Archives(), Jobs: n.jobs, Now: n.now, Logger: n.logger, Metrics: n.metrics,
	})
}

func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "archive", Short: "The events in object storage"}
	cmd.AddCommand(newArchiveVerifyCommand(), newArchiveKeyCommand())
	return cmd
}

func newArchiveVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Check every file of an archive against its manifests", Args: cobra.NoArgs,
		Long: "Checks that every file that a manifest names is there and has not changed, and, where it can be read, that it holds the events that the manifest says. It needs nothing but the object storage.",
	}
	var in archiveFlags
	in.bind(cmd)
	raw := config.Bind(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		cfg, err := raw.Load(os.Getenv)
		if err != nil {
			return err
		}
		store, err := objects.Open(cmd.Context(), in.address(cfg))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		return in.verify(cmd.Context(), cmd.OutOrStdout(), store)
	}
	return cmd
}

// archiveFlags say which archive a command is about.
type archiveFlags struct{ archive, tenant, identity string }

func (f *archiveFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.archive, "archive", "", "address of the archive (default archive-url)")
	cmd.Flags().StringVar(&f.tenant, "tenant", "", "ID of the tenant")
	cmd.Flags().StringVar(&f.identity, "identity", "", "file with the key of an encrypted archive, as `observatory archive key` prints it")
}

func (f *archiveFlags) address(cfg config.Config) string {
	if f.archive != "" {
		return f.archive
	}
	return cfg.Archive()
}

// key reads the key from its file; nil where none is named.
func (f *archiveFlags) key() (age.Identity, error) {
	if f.identity == "" {
		return nil, nil //nolint:nilnil // no file
	}
	file, err := os.Open(f.identity)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	keys, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return keys[0], nil
}

func (f *archiveFlags) who() (tenants.ID, error) {
	id, err := uuid.Parse(f.tenant)
	if err != nil {
		return tenants.ID{}, fmt.Errorf("--tenant is %q: it must be the ID of a tenant", f.tenant)
	}
	return tenants.ID(id), nil
}

func (f *archiveFlags) verify(ctx context.Context, to io.Writer, store *objects.Store) error {
	identity, err := f.key()
	if err != nil {
		return err
	}
	all, err := archive.Tenants(ctx, store)
	if err != nil {
		return err
	}
	if f.tenant != "" {
		one, err := f.who()
		if err != nil {
			return err
		}
		all = []tenants.ID{one}
	}
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "TENANT\tDATE\tFILES\tEVENTS\tBYTES\t")
	faults := 0
	for _, tenant := range all {
		err := archive.Check(ctx, store, tenant, identity, func(c archive.Checked) {
			said := "ok"
			if len(c.Stray) > 0 {
				said = fmt.Sprintf("ok, %d files that do not count and go with the next change", len(c.Stray))
			}
			if len(c.Faults) > 0 {
				said = "BROKEN"
			}
			fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%s\n", tenant, c.Date, c.Files, c.Rows, c.Bytes, said)
			for _, fault := range c.Faults {
				faults++
				fmt.Fprintf(out, "\t\t\t\t\t%s\n", fault)
			}
		})
		if err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if faults > 0 {
		return fmt.Errorf("%d faults", faults)
	}
	return nil
}

func newArchiveKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Print the key of a tenant's encrypted archive", Args: cobra.NoArgs,
		Long: "Prints the key of a tenant's encrypted archive, for `age --decrypt --identity` and `observatory restore --identity`. Whoever has it can read the archive even after the tenant has left.",
	}
	var in archiveFlags
	cmd.Flags().StringVar(&in.tenant, "tenant", "", "ID of the tenant")
	return withNode(cmd, func(cmd *cobra.Command, n *node) error {
		tenant, err := in.who()
		if err != nil {
			return err
		}
		key, err := n.privacy.archive.Key(cmd.Context(), tenant)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "# public key: %s\n%s\n", key.Recipient(), key)
		return nil
	})
}
