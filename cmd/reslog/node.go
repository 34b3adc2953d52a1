package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"reslog/client"
)

// addNodeFlags are the flags of commands that talk to a running node.
func addNodeFlags(cmd *cobra.Command) {
	addDataFlag(cmd)
	cmd.Flags().String("control-url", "", "control `url` of the node; default what the data folder says [$RESLOG_CONTROL_URL]")
	cmd.Flags().String("ca-file", "", "PEM `file` of the authority to trust; default that of the data folder [$RESLOG_CA_FILE]")
}

// findNode finds the running node. The token comes from RESLOG_ADMIN_TOKEN or
// the data folder, never from the command line, which others can read.
func findNode(cmd *cobra.Command) (*client.Node, error) {
	data := flagOrEnv(cmd, "data")
	n, err := client.FindNode(client.NodeConfig{
		Data:   data,
		URL:    flagOrEnv(cmd, "control-url"),
		CAFile: flagOrEnv(cmd, "ca-file"),
		Token:  os.Getenv("RESLOG_ADMIN_TOKEN"),
	})
	if err != nil {
		return nil, fmt.Errorf("%w; name the node's data folder with --data, or set RESLOG_ADMIN_TOKEN", err)
	}
	return n, nil
}

// explainNode adds what to do when the node is not there, or does not know the
// token.
func explainNode(err error) error {
	var refusal *client.NodeError
	if errors.As(err, &refusal) && refusal.Status == http.StatusUnauthorized {
		return fmt.Errorf("%w; the token that may do everything is in admin.token of the node's data folder: name the folder with --data, and leave RESLOG_ADMIN_TOKEN unset", err)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w; is it running? start one with \"reslog serve\", or name its folder with --data", err)
	}
	return err
}
