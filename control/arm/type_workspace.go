package arm

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"reslog/resource"
)

// workspaceTypes are Log Analytics workspaces. Source: the REST reference of
// Microsoft.OperationalInsights.
func workspaceTypes() []*resourceType {
	return []*resourceType{{
		name: "Microsoft.OperationalInsights/workspaces", created: http.StatusCreated,
		versions: []string{"2023-09-01", "2022-10-01", "2021-12-01-preview", "2021-06-01", "2020-10-01", "2020-08-01", "2020-03-01-preview", "2017-04-26-preview", "2015-11-01-preview", "2015-03-20"},
		names:    names(`[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]`, "4 to 63 letters, digits and hyphens, and begin and end with a letter or digit"),
		computed: []string{"createdDate", "modifiedDate", "privateLinkScopedResources"},
		promises: []promise{{"publicNetworkAccessForIngestion", "Disabled"}, {"publicNetworkAccessForQuery", "Disabled"}, {"features.disableLocalAuth", true}},
		prepare:  prepareWorkspace,
		show: func(_ *Server, res *resource.Resource, props object) {
			props["createdDate"] = res.Created.Format(time.RFC3339Nano)
			props["modifiedDate"] = res.Changed.Format(time.RFC3339Nano)
		},
		actions: []action{
			{name: "sharedKeys", run: listWorkspaceKeys},
			{name: "listKeys", run: listWorkspaceKeys},
			{name: "regenerateSharedKey", run: regenerateWorkspaceKeys},
		},
	}}
}

func prepareWorkspace(d *draft) error {
	// The id that queries name the workspace by is drawn once, and is not the
	// client's to choose.
	d.props.take("customerId")
	id := d.newID()
	if d.old != nil {
		old, err := propertiesOf[Workspace](*d.old)
		if err != nil {
			return err
		}
		id = old.CustomerID
	}
	d.props.set("customerId", id)
	d.props.fill("retentionInDays", json.Number("30"))
	days, isNumber := d.props.get("retentionInDays").(json.Number)
	n, err := days.Int64()
	if !isNumber || err != nil || n != -1 && (n < 4 || n > 730) {
		return refuse(http.StatusBadRequest, "InvalidParameter", "'RetentionInDays' property doesn't match the SKU limits: it must be between 4 and 730 days.")
	}
	if n == -1 { // the default
		d.props.set("retentionInDays", json.Number("30"))
	}
	d.props.fill("sku", map[string]any{"name": "PerGB2018"})
	d.props.fill("publicNetworkAccessForIngestion", "Enabled")
	d.props.fill("publicNetworkAccessForQuery", "Enabled")
	return drawKeys(d, longKey)
}

// workspaceKeys is the answer of the actions on keys.
func workspaceKeys(keys KeyPair) (answer, error) {
	return ok(map[string]string{"primarySharedKey": keys.PrimaryKey, "secondarySharedKey": keys.SecondaryKey})
}

func listWorkspaceKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	keys, err := secretsOf[KeyPair](res)
	if err != nil {
		return answer{}, err
	}
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	return workspaceKeys(keys)
}

// regenerateWorkspaceKeys draws both keys anew: the operation names none.
func regenerateWorkspaceKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	var keys KeyPair
	keys.draw(longKey)
	if err := s.keepSecrets(ctx, r, res, keys, "Primary and Secondary"); err != nil {
		return answer{}, err
	}
	return workspaceKeys(keys)
}
