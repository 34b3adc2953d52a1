package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"reslog/analytics"
	"reslog/control/arm"
	"reslog/control/query"
	"reslog/resource"
)

// queryAuth lets the query API know who asks.
type queryAuth struct{ *identities }

var _ query.Auth = queryAuth{}

// Authenticate implements query.Auth.
func (a queryAuth) Authenticate(ctx context.Context, token string) (query.Caller, error) {
	caller, err := a.authenticate(ctx, token, func(audience string) bool {
		return isHost(audience, "api.loganalytics.io", "api.loganalytics.azure.com", "westus2.api.loganalytics.io") || a.isARM(audience)
	})
	if err != nil {
		return query.Caller{}, err
	}
	return query.Caller{ID: firstOf(caller.ObjectID, caller.AppID, caller.Name), Detail: caller}, nil
}

// Allowed implements query.Auth.
func (a queryAuth) Allowed(c query.Caller, action, scope string) bool {
	caller, ok := c.Detail.(arm.Caller)
	return ok && a.identities.Allowed(caller, action, scope)
}

// queried are the workspaces as the query API wants them.
type queried struct {
	*workspaces
	// lookup finds resources, also those that exist with their parents.
	lookup func(resource.ID) (resource.Resource, bool)
}

var _ query.Workspaces = queried{}

// Find implements query.Workspaces.
func (q queried) Find(ctx context.Context, ref string) (query.Workspace, error) {
	r, err := q.find(ref)
	if err != nil {
		return query.Workspace{}, err
	}
	return q.open(ctx, r)
}

// Of implements query.Workspaces.
func (q queried) Of(ctx context.Context, id resource.ID) ([]query.Workspace, error) {
	if _, ok := q.lookup(id); !ok {
		return nil, fmt.Errorf("resource %s: %w", id, resource.ErrNotFound)
	}
	var list []query.Workspace
	for _, r := range q.of(id) {
		ws, err := q.open(ctx, r)
		if err != nil {
			return nil, err
		}
		list = append(list, ws)
	}
	return list, nil
}

func (q queried) open(ctx context.Context, r resource.Resource) (query.Workspace, error) {
	props, err := arm.WorkspaceOf(r)
	if err != nil {
		return query.Workspace{}, err
	}
	held, err := q.held(ctx, r)
	if errors.Is(err, analytics.ErrNoCgo) {
		return query.Workspace{}, query.ErrNoWorkspaces
	}
	if err != nil {
		return query.Workspace{}, fmt.Errorf("open workspace %s: %w", r.ID.Name(), err)
	}
	return query.Workspace{ID: props.CustomerID, Resource: r.ID, Location: r.Location, Data: asked{held, props.RetentionInDays}}, nil
}

// asked is a workspace that answers queries.
type asked struct {
	held *analytics.Workspace
	days int // that rows are kept where a table does not say otherwise
}

var _ query.Data = asked{}

func (a asked) request(q query.Query) analytics.Request {
	request := analytics.Request{Query: q.Text, Span: q.Span, Resource: q.Resource, Measure: q.Measure, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}
	for _, other := range q.Others {
		if o, ok := other.(asked); ok {
			request.Workspaces = append(request.Workspaces, o.held)
		}
	}
	return request
}

// Query implements query.Data.
func (a asked) Query(ctx context.Context, q query.Query, sink query.Sink) (query.Stats, error) {
	stats, err := a.held.Query(ctx, a.request(q), sink)
	return query.Stats{
		Elapsed: stats.Elapsed, Rows: stats.Rows, Bytes: stats.Bytes, ScannedRows: stats.ScannedRows,
		User: stats.User, Kernel: stats.Kernel, PeakMemory: stats.PeakMemory,
	}, queryError(err)
}

// Explain implements query.Data.
func (a asked) Explain(ctx context.Context, q query.Query) ([]string, error) {
	text, err := a.held.Explain(ctx, a.request(q))
	return text, queryError(err)
}

// Tables implements query.Data.
func (a asked) Tables(ctx context.Context) ([]query.Table, error) {
	infos, err := allTables(ctx, a.held)
	if err != nil {
		return nil, err
	}
	list := make([]query.Table, 0, len(infos))
	for i := range infos {
		t := &infos[i]
		list = append(list, query.Table{
			Table: t.Table, Rows: t.Rows, BilledBytes: t.Bytes, StoredBytes: t.Stored, First: t.First, Last: t.Last, Retention: cmp.Or(t.Retention, a.days),
		})
	}
	return list, nil
}

// queryError puts an error of a workspace into the terms of the query API.
func queryError(err error) error {
	var cut *analytics.Truncated
	var partial *analytics.Partial
	switch {
	case err == nil:
		return nil
	case errors.As(err, &cut):
		return &query.Partial{Code: "E_QUERY_RESULT_SET_TOO_LARGE", Message: cut.Error()}
	case errors.As(err, &partial):
		return &query.Partial{Code: "E_DATA_UNAVAILABLE", Message: partial.Error()}
	case errors.Is(err, analytics.ErrBusy):
		return fmt.Errorf("%w: %w", query.ErrBusy, err)
	case errors.Is(err, analytics.ErrClosed): // it was deleted since it was found
		return fmt.Errorf("%w: %w", resource.ErrNotFound, err)
	case errors.Is(err, analytics.ErrResources):
		return fmt.Errorf("%w: %w", query.ErrMemory, err)
	}
	return err
}
