package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func newSettingsUpdateCommand() *cobra.Command {
	var target resourceFlags
	var f settingFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Change parts of a diagnostic setting",
		Long: `Change what is given and leave the rest of the setting as it is. An empty value
takes a destination away. --logs and --metrics replace the whole list.

What was recorded before the change is still delivered as it was.`,
		Example: `  reslog settings update -n audit --resource $ID --logs StorageDelete
  reslog settings update -n audit --resource $ID --event-hub-rule "" --workspace ws1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, id, err := nodeAndResource(cmd, &target)
			if err != nil {
				return err
			}
			raw, err := n.SettingDocument(cmd.Context(), id, f.name)
			if err != nil {
				return explainNode(err)
			}
			p := map[string]any{}
			if err := json.Unmarshal(raw, &p); err != nil {
				return fmt.Errorf("read the setting: %w", err)
			}
			if err := f.apply(cmd, id, p); err != nil {
				return err
			}
			return putSetting(cmd, n, id, f.name, p, asJSON)
		},
	}
	addNodeFlags(cmd)
	target.add(cmd)
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the setting as JSON")
	return cmd
}
