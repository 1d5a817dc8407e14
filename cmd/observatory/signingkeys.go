package main

import (
	"fmt"

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

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
