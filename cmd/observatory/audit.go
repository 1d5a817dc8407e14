package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newAuditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "The tenants' audit logs"}
	cmd.AddCommand(withNode(&cobra.Command{
		Use: "verify", Short: "Check the hash chain of every audit log", Args: cobra.NoArgs,
	}, func(cmd *cobra.Command, n *node) error {
		all, err := n.tenants.Audit.Tenants(cmd.Context())
		if err != nil {
			return err
		}
		broken := 0
		for _, tenant := range all {
			v, err := n.tenants.Audit.Verify(cmd.Context(), tenant)
			if err != nil {
				return err
			}
			if v.OK {
				fmt.Fprintf(cmd.OutOrStdout(), "%s  ok      %6d entries  head %s\n", tenant, v.Entries, v.Head)
				continue
			}
			broken++
			fmt.Fprintf(cmd.OutOrStdout(), "%s  BROKEN  at entry %d; the %d before it hold\n", tenant, v.BrokenAt, v.Entries)
		}
		if broken > 0 {
			return fmt.Errorf("%d of %d audit logs are broken", broken, len(all))
		}
		return nil
	}))
	return cmd
}
