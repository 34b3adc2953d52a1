package server

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"reslog/analytics"
	"reslog/analytics/rows"
	"reslog/control/arm"
	"reslog/control/ingest"
	"reslog/kql"
	"reslog/resource"
)

// actionPost is what the role Monitoring Metrics Publisher allows.
const actionPost = "Microsoft.Insights/Telemetry/Write"

// ingestAuth lets the ingestion APIs know who posts.
type ingestAuth struct{ *identities }

var _ ingest.Auth = ingestAuth{}

// Authenticate implements ingest.Auth.
func (a ingestAuth) Authenticate(ctx context.Context, token string) (any, error) {
	return a.authenticate(ctx, token, func(audience string) bool { return isHost(audience, "monitor.azure.com") || a.isARM(audience) })
}

// MayPost implements ingest.Auth.
func (a ingestAuth) MayPost(caller any, rule resource.ID) bool {
	c, ok := caller.(arm.Caller)
	return ok && a.may(c, actionPost, true, rule.String())
}

// posted are rules and workspaces as the ingestion APIs want them.
type posted struct{ *workspaces }

var (
	_ ingest.Rules      = posted{}
	_ ingest.Workspaces = posted{}
)

// Rule implements ingest.Rules.
func (p posted) Rule(ctx context.Context, immutableID string) (ingest.Rule, error) {
	for _, r := range p.resources.List(ruleType) {
		rule, err := arm.CollectionRuleOf(r)
		if err != nil {
			return ingest.Rule{}, err
		}
		if !strings.EqualFold(rule.ImmutableID, immutableID) {
			continue
		}
		return ingest.Rule{ID: r.ID, Stream: func(name string) ([]kql.Column, []ingest.Flow, bool) {
			columns, ok := rule.Columns(name)
			return columns, p.flows(ctx, rule, name), ok
		}}, nil
	}
	return ingest.Rule{}, fmt.Errorf("data collection rule: %w", resource.ErrNotFound)
}

// flows are where a stream of a rule goes.
func (p posted) flows(ctx context.Context, rule arm.CollectionRule, stream string) []ingest.Flow {
	var list []ingest.Flow
	for _, f := range rule.DataFlows {
		if !slices.Contains(f.Streams, stream) {
			continue
		}
		for _, d := range rule.Destinations.LogAnalytics {
			if slices.ContainsFunc(f.Destinations, func(name string) bool { return strings.EqualFold(name, d.Name) }) {
				list = append(list, ingest.Flow{Table: f.Table(stream), Transform: f.TransformKQL, To: p.named(ctx, d.WorkspaceResourceID)})
			}
		}
	}
	return list
}

// named is a workspace by its resource ID; posts to one that is gone fail.
func (p posted) named(ctx context.Context, id string) ingest.Workspace {
	r, err := p.find(id)
	if err != nil {
		return missing{err}
	}
	held, err := p.held(ctx, r)
	if err != nil {
		return missing{err}
	}
	return postable{held, p.store}
}

// Workspace implements ingest.Workspaces.
func (p posted) Workspace(ctx context.Context, customerID string) (ingest.Workspace, []string, error) {
	r, err := p.find(customerID)
	if err != nil {
		return nil, nil, err
	}
	if props, err := arm.WorkspaceOf(r); err != nil || !strings.EqualFold(props.CustomerID, customerID) {
		return nil, nil, fmt.Errorf("workspace: %w", resource.ErrNotFound) // it was found by its name
	}
	keys, err := arm.KeyPairOf(r)
	if err != nil {
		return nil, nil, err
	}
	held, err := p.held(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	return postable{held, p.store}, []string{keys.PrimaryKey, keys.SecondaryKey}, nil
}

// postable is a workspace that is posted to.
type postable struct {
	held  *analytics.Workspace
	store *analytics.Store
}

var _ ingest.Workspace = postable{}

// Append implements ingest.Workspace.
func (p postable) Append(ctx context.Context, batch []rows.Rows) error {
	return p.held.Append(ctx, rows.Batch{Rows: batch})
}

// Columns implements ingest.Workspace.
func (p postable) Columns(table string) []kql.Column {
	columns, err := columnsOf(context.Background(), p.held, table)
	if err != nil {
		return nil // the table's bound is then that of the post alone
	}
	return columns
}

// Transform implements ingest.Workspace.
func (p postable) Transform(ctx context.Context, query, table string, source []rows.Rows) ([]rows.Rows, error) {
	return p.store.Transform(ctx, query, table, source)
}

// missing is a workspace that is not there.
type missing struct{ err error }

var _ ingest.Workspace = missing{}

// Append implements ingest.Workspace.
func (m missing) Append(context.Context, []rows.Rows) error { return m.err }

// Columns implements ingest.Workspace.
func (missing) Columns(string) []kql.Column { return nil }

// Transform implements ingest.Workspace.
func (m missing) Transform(context.Context, string, string, []rows.Rows) ([]rows.Rows, error) {
	return nil, m.err
}
