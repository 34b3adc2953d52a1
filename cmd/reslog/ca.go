package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reslog/server"
)

const caHelp = `Print the certificate authority of a node and how to trust it. The node makes it
at its first start, in the folder ca of its data folder; the control port, and
with --tls the storage ports, have certificates of it. It can certify this
machine's names and addresses only, and its key never leaves the folder.

--pem prints the certificate itself, --path the name of its file.`

func newCACommand() *cobra.Command {
	var asPEM, asPath bool
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Print the node's certificate authority and how to trust it",
		Long:  caHelp,
		Example: `  reslog ca
  export REQUESTS_CA_BUNDLE=$(reslog ca --path)
  reslog ca --pem | sudo tee /usr/local/share/ca-certificates/reslog.crt && sudo update-ca-certificates`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := readAuthority(flagOrEnv(cmd, "data"))
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			switch {
			case asPEM:
				_, err = out.Write(a.pem)
			case asPath:
				_, err = fmt.Fprintln(out, a.path)
			default:
				_, err = fmt.Fprintf(out, caText, a.path, a.fingerprint, a.until, a.path)
			}
			return err
		},
	}
	addDataFlag(cmd)
	cmd.Flags().BoolVar(&asPEM, "pem", false, "print the certificate in PEM")
	cmd.Flags().BoolVar(&asPath, "path", false, "print the path of the file that holds it")
	cmd.MarkFlagsMutuallyExclusive("pem", "path")
	return cmd
}

const caText = `certificate  %s
SHA-256      %s
valid until  %s

Trust it for one program, by its environment:

  CA=%s
  export REQUESTS_CA_BUNDLE=$CA     # azure-cli and other Python programs
  export NODE_EXTRA_CA_CERTS=$CA    # Node.js
  export SSL_CERT_FILE=$CA          # Go, OpenSSL, curl

or for the whole machine (Debian):

  sudo cp $CA /usr/local/share/ca-certificates/reslog.crt && sudo update-ca-certificates
`

// authority is a node's certificate authority as its file says.
type authority struct {
	path, fingerprint, until string
	pem                      []byte
}

func readAuthority(data string) (authority, error) {
	path, err := filepath.Abs(filepath.Join(data, "ca", "ca.pem"))
	if err != nil {
		return authority{}, fmt.Errorf("find the certificate authority: %w", err)
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return authority{}, fmt.Errorf("%s is not there: a node makes it at its first start, run %q or name its folder with --data (default %s)", path, "reslog serve", server.DefaultData)
	}
	if err != nil {
		return authority{}, fmt.Errorf("read the certificate authority: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return authority{}, fmt.Errorf("%s holds no certificate", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return authority{}, fmt.Errorf("%s: %w", path, err)
	}
	sum := sha256.Sum256(cert.Raw)
	return authority{
		path: path, pem: raw, until: cert.NotAfter.UTC().Format(time.DateOnly),
		fingerprint: strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":"),
	}, nil
}
