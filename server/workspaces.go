package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"reslog/analytics"
	"reslog/catalog"
	"reslog/control/arm"
	"reslog/deliver"
	"reslog/deliver/workspace"
	"reslog/diagnostic"
	"reslog/kql"
	"reslog/resource"
)

const (
	workspaceType = "Microsoft.OperationalInsights/workspaces"
	tableType     = workspaceType + "/tables"
	ruleType      = "Microsoft.Insights/dataCollectionRules"
)

// workspaces are the Log Analytics workspaces of a node: resources by name, and
// what they hold.
type workspaces struct {
	store     *analytics.Store // nil without cgo
	resources *resource.Store
	settings  *diagnostic.Store
	logger    *slog.Logger
	now       func() time.Time
	changes   *changes // that what is held has not followed yet
	started   atomic.Bool
}

// openWorkspaces opens what the workspaces hold. A build without cgo has none: it
// says so to whoever asks.
func (n *Node) openWorkspaces(ctx context.Context) error {
	logger := n.cfg.Logger.With("part", "workspaces")
	n.workspaces = &workspaces{resources: n.resources, settings: n.settings, logger: logger, now: n.cfg.Now, changes: newChanges()}
	folder := filepath.Join(n.cfg.Data, "workspaces")
	n.figures.named = n.workspaces.name
	store, err := analytics.Open(ctx, analytics.Config{
		Folder:   folder,
		Known:    catalog.Table,
		Maintain: min(time.Minute, n.cfg.RetentionInterval),
		Memory:   n.cfg.QueryMemory,
		Observer: n.figures,
		Logger:   logger,
		Now:      n.cfg.Now,
	})
	if errors.Is(err, analytics.ErrNoCgo) {
		logger.Warn("this node has no workspaces", "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	n.workspaces.store = store
	n.onStop("workspaces", store.Close)
	n.background("changes of workspaces", n.workspaces.follow)
	n.resources.Watch(n.workspaces.changed)
	n.workspaces.started.Store(true)
	return n.workspaces.ownerless(folder)
}

func (w *workspaces) apply(ctx context.Context, c changed) error {
	if strings.EqualFold(c.resource.ID.Type(), tableType) {
		return w.applyTable(ctx, c.resource.ID)
	}
	props, err := arm.WorkspaceOf(c.resource)
	if err != nil {
		return err
	}
	if !c.exists {
		return w.store.Remove(ctx, props.CustomerID)
	}
	held, err := w.held(ctx, c.resource)
	if errors.Is(err, resource.ErrNotFound) {
		return nil // its removal is on the way
	}
	if err != nil {
		return err
	}
	return held.SetDefaultRetention(ctx, props.RetentionInDays)
}

// applyTable makes a table what its resource says now.
func (w *workspaces) applyTable(ctx context.Context, id resource.ID) error {
	r, ok := w.resources.Get(id)
	if !ok {
		return nil // it was dropped before its resource was
	}
	parent, ok := w.resources.Get(id.Parent())
	if !ok {
		return nil // it goes with its workspace
	}
	held, err := w.held(ctx, parent)
	if errors.Is(err, resource.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	props, err := arm.TableOf(r)
	if err != nil {
		return err
	}
	if props.Schema != nil {
		if err := held.Declare(ctx, props.Schema.Table()); err != nil {
			return err
		}
	}
	return held.SetRetention(ctx, id.Name(), props.Days())
}

// held is what a workspace holds.
func (w *workspaces) held(ctx context.Context, r resource.Resource) (*analytics.Workspace, error) {
	if w.store == nil {
		return nil, analytics.ErrNoCgo
	}
	props, err := arm.WorkspaceOf(r)
	if err != nil {
		return nil, err
	}
	held, err := w.store.Workspace(ctx, props.CustomerID)
	if err != nil {
		return nil, err
	}
	// Who asks may have read the resource before it was deleted. What is deleted
	// later is removed later.
	if is, ok := w.resources.Get(r.ID); ok {
		if now, err := arm.WorkspaceOf(is); err == nil && now.CustomerID == props.CustomerID {
			return held, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("workspace %s: %w", r.ID.Name(), resource.ErrNotFound), w.store.Remove(ctx, props.CustomerID))
}

// find finds a workspace by its customer ID, its resource ID, or its name where
// only one has it.
func (w *workspaces) find(ref string) (resource.Resource, error) {
	if strings.Contains(ref, "/") {
		id, err := resource.Parse(ref)
		if err == nil && strings.EqualFold(id.Type(), workspaceType) {
			if r, ok := w.resources.Get(id); ok {
				return r, nil
			}
		}
		return resource.Resource{}, fmt.Errorf("workspace %.200q: %w", ref, resource.ErrNotFound)
	}
	var named []resource.Resource
	for _, r := range w.resources.List(workspaceType) {
		if props, err := arm.WorkspaceOf(r); err == nil && strings.EqualFold(props.CustomerID, ref) {
			return r, nil
		}
		if strings.EqualFold(r.ID.Name(), ref) {
			named = append(named, r)
		}
	}
	if len(named) != 1 {
		return resource.Resource{}, fmt.Errorf("%d workspaces are called %.200q: %w", len(named), ref, resource.ErrNotFound)
	}
	return named[0], nil
}

// name is that of the workspace with a customer ID, and nothing when it is gone.
func (w *workspaces) name(customerID string) string {
	for _, r := range w.resources.List(workspaceType) {
		if props, err := arm.WorkspaceOf(r); err == nil && strings.EqualFold(props.CustomerID, customerID) {
			return r.ID.Name()
		}
	}
	return ""
}

// of returns the workspaces that settings of a resource and below send to.
func (w *workspaces) of(id resource.ID) []resource.Resource {
	var list []resource.Resource
	scope := strings.ToLower(id.String())
	for _, s := range w.settings.All() {
		of := strings.ToLower(s.Resource.String())
		if of != scope && !strings.HasPrefix(of, scope+"/") {
			continue
		}
		for _, d := range s.Destinations {
			r, ok := w.resources.Get(d.Target)
			if d.Kind != diagnostic.Workspace || !ok || slices.ContainsFunc(list, func(in resource.Resource) bool { return in.ID.Equal(r.ID) }) {
				continue
			}
			list = append(list, r)
		}
	}
	return list
}

var _ arm.WorkspaceTables = (*workspaces)(nil)

// Tables implements arm.WorkspaceTables.
func (w *workspaces) Tables(ctx context.Context, r resource.Resource) ([]kql.Table, error) {
	if w.store == nil {
		return catalog.Tables(), nil
	}
	held, err := w.held(ctx, r)
	if err != nil {
		return nil, err
	}
	infos, err := allTables(ctx, held)
	if err != nil {
		return nil, err
	}
	list := make([]kql.Table, 0, len(infos))
	for i := range infos {
		list = append(list, infos[i].Table)
	}
	return list, nil
}

// allTables are the tables of a workspace by name. Those that are documented are
// there before their first row.
func allTables(ctx context.Context, held *analytics.Workspace) ([]analytics.TableInfo, error) {
	infos, err := held.Tables(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range catalog.Tables() {
		if !slices.ContainsFunc(infos, func(i analytics.TableInfo) bool { return i.Name == t.Name }) {
			infos = append(infos, analytics.TableInfo{Table: t})
		}
	}
	slices.SortFunc(infos, func(a, b analytics.TableInfo) int { return strings.Compare(a.Name, b.Name) })
	return infos, nil
}

// Apply implements arm.WorkspaceTables. The resource is kept by now: what fails is
// told, and tried again.
func (w *workspaces) Apply(ctx context.Context, _, table resource.Resource) error {
	if w.store == nil {
		return nil // it was said at the start that there are no rows
	}
	err := w.applyTable(ctx, table.ID)
	if err != nil {
		w.changes.add(changed{table, true})
	}
	return err
}

// Drop implements arm.WorkspaceTables.
func (w *workspaces) Drop(ctx context.Context, r resource.Resource, table string) error {
	if w.store == nil {
		return nil
	}
	held, err := w.held(ctx, r)
	if err != nil {
		return err
	}
	if _, documented := catalog.Table(table); documented {
		return held.SetRetention(ctx, table, 0)
	}
	if err := held.Drop(ctx, table); !errors.Is(err, analytics.ErrNoTable) {
		return err
	}
	return nil
}

var _ workspace.Store = (*analytics.Workspace)(nil)

// columnsOf are those that a table of a workspace has.
func columnsOf(ctx context.Context, held *analytics.Workspace, table string) ([]kql.Column, error) {
	infos, err := held.Tables(ctx)
	if err != nil {
		return nil, err
	}
	for i := range infos {
		if infos[i].Name == table {
			return infos[i].Columns, nil
		}
	}
	return nil, nil
}

// workspace is the deliver.Factory of workspaces.
func (d *destinations) workspace(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
	r, err := d.target(o.Destination.Target)
	if err != nil {
		return nil, err
	}
	held, err := d.workspaces.held(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("open workspace %s: %w", r.ID.Name(), err)
	}
	dest, err := workspace.New(workspace.Config{
		Store:     held,
		Source:    workspace.Source(o),
		Dedicated: o.Destination.Options[diagnostic.OptionTables] != "AzureDiagnostics",
		Columns: func(ctx context.Context, table string) ([]kql.Column, error) {
			return columnsOf(ctx, held, table)
		},
		Logger: d.cfg.Logger.With("part", "workspace", "workspace", r.ID.Name()),
	})
	return d.following(dest, err, r)
}
