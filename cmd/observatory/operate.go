package main

import (
	"fmt"
	"os/user"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/observatory/observatory/tenants"
)

func newSigningKeysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "signing-keys", Short: "The keys that API keys are signed with"}
	list := withNode(&cobra.Command{Use: "list", Short: "List signing keys", Args: cobra.NoArgs}, func(cmd *cobra.Command, n *node) error {
		keys, err := n.tenants.SigningKeys.List(cmd.Context())
		for _, k := range keys {
			fmt.Fprintln(cmd.OutOrStdout(), k)
		}
		return err
	})
	rotateCmd := &cobra.Command{
		Use: "rotate", Short: "Sign with a new key from now on", Args: cobra.NoArgs,
		Long: "Signs API keys with a new key from now on. The key before stays valid; the one before that is retired, unless API keys that still work were signed with it.",
	}
	force := rotateCmd.Flags().Bool("force", false, "revoke the API keys that stand in the way")
	rotate := withNode(rotateCmd, func(cmd *cobra.Command, n *node) error {
		done, err := n.tenants.SigningKeys.Rotate(cmd.Context(), tenants.RotateSigningKeyInput{Operator: operator(), CorrelationID: uuid.NewString(), Force: *force})
		for _, k := range done.InTheWay {
			fmt.Fprintf(cmd.OutOrStdout(), "signed with the key to retire: %s %q of tenant %s\n", k.ID, k.Name, k.Tenant)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "current %s, previous %s, retired %s\n", done.Current, orDash(done.Previous), orDash(done.Retired))
		return nil
	})
	cmd.AddCommand(list, rotate)
	return cmd
}

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

func operator() string {
	if u, err := user.Current(); err == nil {
		return "operator " + u.Username
	}
	return "operator"
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
