package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy/certificate"
)

const keysPath = "/.well-known/observatory-certificates.json"

func newVerifyCertificateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify-certificate FILE", Short: "Verify the certificate of a privacy request, and say what it proves", Args: cobra.ExactArgs(1),
		Long: `Verifies that a certificate was signed by the installation whose keys are given and that not a byte of it was changed since, and says in
plain words what it proves. FILE is the signed text (.jws), - is the standard input. It needs no server but for the keys.`,
	}
	keys := cmd.Flags().String("keys", "http://localhost:8080"+keysPath, "file or URL of the keys; of an installation you trust, not of whoever gave you the certificate")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := verifyCertificate(cmd, args[0], *keys)
		var f *fault.Error
		if errors.As(err, &f) {
			return errors.New(f.Message) // an error of ours is words enough
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "The certificate is genuine: it was signed with a key from %s, and nothing in it was changed since.\n\n%s", *keys, c.Explain())
		return nil
	}
	return cmd
}

func verifyCertificate(cmd *cobra.Command, file, keys string) (certificate.Certificate, error) {
	signed, err := readAll(cmd, file)
	if err != nil {
		return certificate.Certificate{}, fmt.Errorf("read the certificate: %w", err)
	}
	text, err := readKeys(cmd, keys)
	if err != nil {
		return certificate.Certificate{}, fmt.Errorf("read the keys: %w", err)
	}
	known, err := certificate.ParseKeys(text)
	if err != nil {
		return certificate.Certificate{}, err
	}
	return certificate.Verify(strings.TrimSuffix(string(signed), "\n"), known)
}

// maxProof is how much is read of a certificate or of keys, in bytes.
const maxProof = 16 << 20

func readAll(cmd *cobra.Command, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxProof))
	}
	f, err := os.Open(file) //nolint:gosec // named by who runs the command
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	return io.ReadAll(io.LimitReader(f, maxProof))
}

func readKeys(cmd *cobra.Command, keys string) ([]byte, error) {
	if !strings.HasPrefix(keys, "http://") && !strings.HasPrefix(keys, "https://") {
		return readAll(cmd, keys)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, keys, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", keys, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxProof))
}
