package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"reslog/catalog"
	"reslog/kql"
	"reslog/resource"
)

const (
	workspaceType = "Microsoft.OperationalInsights/workspaces"
	tableType     = workspaceType + "/tables"

	// customSuffix is what names of tables with columns of one's own end with.
	customSuffix = "_CL"
	maxColumns   = 500
)

// WorkspaceTables are the tables of workspaces, as the node stores them.
type WorkspaceTables interface {
	// Tables lists those of a workspace: those it has by itself, and those that
	// came with data.
	Tables(ctx context.Context, workspace resource.Resource) ([]kql.Table, error)
	// Apply makes a table what its resource says: its columns, how long rows are kept.
	Apply(ctx context.Context, workspace, table resource.Resource) error
	// Drop removes a table with its rows. One that Log Analytics documents stays, and
	// keeps its rows as long as the workspace says.
	Drop(ctx context.Context, workspace resource.Resource, table string) error
}

// noTables is what a node without workspaces has.
type noTables struct{}

func (noTables) Tables(context.Context, resource.Resource) ([]kql.Table, error) { return nil, nil }
func (noTables) Apply(context.Context, resource.Resource, resource.Resource) error {
	return nil
}
func (noTables) Drop(context.Context, resource.Resource, string) error { return nil }

// tableTypes are the tables of workspaces. Each has those that Log Analytics
// documents, and those that data has made; a PUT sets how long rows are kept, and
// makes tables of one's own. Source: the REST reference of
// Microsoft.OperationalInsights, "Tables".
func tableTypes() []*resourceType {
	return []*resourceType{{
		name:     tableType,
		versions: []string{"2023-09-01", "2022-10-01", "2021-12-01-preview"},
		names: nameRule{
			form: regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`), max: 100, code: "InvalidParameter",
			message: "Table name '%s' is invalid: it must begin with a letter and have only letters, digits and underscores.",
		},
		computed: []string{
			"archiveRetentionInDays", "retentionInDaysAsDefault", "totalRetentionInDaysAsDefault", "lastPlanModifiedDate", "resultStatistics",
			"schema.standardColumns", "schema.solutions", "schema.source", "schema.tableType", "schema.tableSubType", "schema.isTroubleshootingAllowed",
			"schema.labels", "schema.categories",
		},
		promises: []promise{{"plan", "Basic"}, {"plan", "Auxiliary"}},
		itself:   ownTables,
		prepare:  prepareTable,
		show:     showTable,
		verify:   checkColumns,
		after: func(ctx context.Context, s *Server, d *draft) error {
			workspace, _ := s.lookup(d.ID.Parent())
			return s.cfg.Tables.Apply(ctx, workspace, d.Resource)
		},
		gone: func(ctx context.Context, s *Server, res resource.Resource) error {
			workspace, ok := s.lookup(res.ID.Parent())
			if !ok {
				return nil
			}
			return s.cfg.Tables.Drop(ctx, workspace, res.ID.Name())
		},
	}}
}

// ownTables are those that a workspace has without a resource of their own.
func ownTables(ctx context.Context, s *Server, workspace resource.Resource) ([]resource.Resource, error) {
	tables, err := s.cfg.Tables.Tables(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("list the tables of %s: %w", workspace.ID, err)
	}
	list := make([]resource.Resource, 0, len(tables))
	for _, t := range tables {
		res := resource.Resource{ID: workspace.ID.Child("tables", t.Name), Created: workspace.Created, Changed: workspace.Changed}
		if strings.HasSuffix(t.Name, customSuffix) {
			raw, err := json.Marshal(TableProperties{Schema: schemaOf(t)})
			if err != nil {
				return nil, fmt.Errorf("encode the schema of %s: %w", t.Name, err)
			}
			res.Properties = raw
		}
		list = append(list, res)
	}
	return list, nil
}

// TableProperties are the properties of a table that others need.
type TableProperties struct {
	// Days that rows are kept; nil is the workspace's.
	RetentionInDays      *int        `json:"retentionInDays,omitempty"`
	TotalRetentionInDays *int        `json:"totalRetentionInDays,omitempty"`
	Schema               *TableShape `json:"schema,omitempty"`
}

// TableShape is the schema of a table of one's own.
type TableShape struct {
	Name        string        `json:"name"`
	DisplayName string        `json:"displayName,omitempty"`
	Description string        `json:"description,omitempty"`
	Columns     []TableColumn `json:"columns"`
}

// TableColumn is a column, with the names that the API has for types.
type TableColumn struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
}

// TableOf decodes the properties of a Microsoft.OperationalInsights/workspaces/tables.
func TableOf(r resource.Resource) (TableProperties, error) {
	return propertiesOf[TableProperties](r)
}

// Days is how long the rows are kept, 0 for as long as the workspace says. Rows
// are as searchable after the interactive retention as in it.
func (p TableProperties) Days() int {
	days := 0
	for _, d := range []*int{p.RetentionInDays, p.TotalRetentionInDays} {
		if d != nil && *d > days {
			days = *d
		}
	}
	return days
}

// Table is the schema with the standard columns.
func (t *TableShape) Table() kql.Table {
	columns := make([]kql.Column, 0, len(t.Columns))
	for _, c := range t.Columns {
		if typ, ok := columnType(c.Type); ok {
			columns = append(columns, kql.Column{Name: c.Name, Type: typ})
		}
	}
	return catalog.NewTable(t.Name, columns)
}

// columnType reads the API's name of a type, in any case.
func columnType(name string) (kql.Type, bool) {
	for _, t := range []kql.Type{kql.String, kql.Int, kql.Long, kql.Real, kql.Bool, kql.Datetime, kql.Guid, kql.Dynamic} {
		if fold(name, columnTypeName(t)) {
			return t, true
		}
	}
	return kql.Unknown, false
}

func columnTypeName(t kql.Type) string {
	switch t {
	case kql.Bool:
		return "boolean"
	case kql.Datetime:
		return "dateTime"
	}
	return t.String()
}

func schemaOf(t kql.Table) *TableShape {
	shape := &TableShape{Name: t.Name, Columns: []TableColumn{}}
	for _, c := range t.Columns {
		if !catalog.IsStandard(c.Name) || c.Name == catalog.TimeGenerated {
			shape.Columns = append(shape.Columns, TableColumn{Name: c.Name, Type: columnTypeName(c.Type)})
		}
	}
	return shape
}

func badTable(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "InvalidParameter", format, args...)
}

// prepareTable checks how long rows are kept and the columns.
func prepareTable(d *draft) error {
	name := d.ID.Name()
	for _, p := range []string{"retentionInDays", "totalRetentionInDays"} {
		low, high := int64(4), int64(4383)
		if p == "retentionInDays" {
			high = 730
		}
		days, err := d.whole(p, -1, -1, high)
		switch {
		case err != nil || days != -1 && days < low:
			return badTable("'%s' must be from %d to %d, or -1 for the default.", p, low, high)
		case days == -1:
			d.props.take(p)
		default:
			d.props.set(p, days)
		}
	}
	if err := d.oneOf("plan", "Analytics"); err != nil {
		return err
	}
	_, known := catalog.Table(name)
	raw, err := d.props.raw()
	if err != nil {
		return err
	}
	var p TableProperties
	if err := json.Unmarshal(raw, &p); err != nil {
		return badTable("The schema of table '%s' cannot be read: it has a 'name' and 'columns' with a 'name' and a 'type' each.", name)
	}
	switch {
	case known:
		d.props.take("schema")
		return nil
	case !strings.HasSuffix(name, customSuffix):
		return badTable("Table '%s' does not exist, and one of your own has a name that ends with %s.", name, customSuffix)
	case p.Schema == nil && d.old == nil:
		return badTable("Table '%s' needs a schema: its columns.", name)
	case p.Schema == nil:
		was, err := TableOf(*d.old)
		if err != nil {
			return err
		}
		p.Schema = was.Schema
	default:
		if err := p.Schema.check(name); err != nil {
			return err
		}
	}
	return d.setSchema(p.Schema)
}

// checkColumns refuses columns that are there with another type: what is stored
// does not change.
func checkColumns(ctx context.Context, s *Server, d *draft) error {
	p, err := TableOf(d.Resource)
	if err != nil || p.Schema == nil {
		return err
	}
	workspace, _ := s.lookup(d.ID.Parent())
	stored, err := storedTable(ctx, s, workspace, d.ID.Name())
	if err != nil {
		return err
	}
	for _, c := range p.Schema.Columns {
		i := slices.IndexFunc(stored.Columns, func(o kql.Column) bool { return o.Name == c.Name })
		if i >= 0 && columnTypeName(stored.Columns[i].Type) != c.Type {
			return badTable("The column '%s' of table '%s' is a %s: its type cannot be changed to %s.", c.Name, d.ID.Name(), columnTypeName(stored.Columns[i].Type), c.Type)
		}
	}
	return nil
}

// storedTable is a table with the columns that it has in the workspace; without
// any when it is not there.
func storedTable(ctx context.Context, s *Server, workspace resource.Resource, name string) (kql.Table, error) {
	tables, err := s.cfg.Tables.Tables(ctx, workspace)
	if err != nil {
		return kql.Table{}, fmt.Errorf("list the tables of %s: %w", workspace.ID, err)
	}
	i := slices.IndexFunc(tables, func(t kql.Table) bool { return t.Name == name })
	if i < 0 {
		return kql.Table{Name: name}, nil
	}
	return tables[i], nil
}

func (d *draft) setSchema(shape *TableShape) error {
	raw, err := json.Marshal(shape)
	if err != nil {
		return err
	}
	o, err := parseObject(raw)
	if err != nil {
		return err
	}
	d.props.set("schema", map[string]any(o))
	return nil
}

// columnName are the names that columns may have: at most 45 letters, digits
// and underscores.
var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,44}$`)

// check settles the columns of a table.
func (t *TableShape) check(name string) error {
	if t.Name != "" && !fold(t.Name, name) {
		return badTable("The name '%s' in the schema is not that of the table, '%s'.", t.Name, name)
	}
	t.Name = name
	if len(t.Columns) > maxColumns {
		return badTable("Table '%s' has %d columns, at most %d are allowed.", name, len(t.Columns), maxColumns)
	}
	hasTime := false
	for i, c := range t.Columns {
		typ, ok := columnType(c.Type)
		switch {
		case !columnName.MatchString(c.Name):
			return badTable("The column name '%.100s' is invalid: at most 45 letters, digits and underscores, and no digit first.", c.Name)
		case !ok:
			return badTable("The type '%.100s' of column '%s' is invalid: string, int, long, real, boolean, dateTime, guid and dynamic are.", c.Type, c.Name)
		case slices.ContainsFunc(t.Columns[:i], func(o TableColumn) bool { return o.Name == c.Name }):
			return badTable("The column '%s' is there twice.", c.Name)
		case c.Name == catalog.TimeGenerated && typ != kql.Datetime:
			return badTable("The column TimeGenerated is a dateTime.")
		case catalog.IsStandard(c.Name) && c.Name != catalog.TimeGenerated:
			return badTable("The column name '%s' is reserved: every table has it.", c.Name)
		}
		t.Columns[i].Type = columnTypeName(typ)
		hasTime = hasTime || c.Name == catalog.TimeGenerated
	}
	if !hasTime {
		return badTable("Table '%s' needs the column TimeGenerated, a dateTime.", name)
	}
	return nil
}

// showTable adds what a table has by itself.
func showTable(s *Server, res *resource.Resource, props object) {
	workspace, _ := s.lookup(res.ID.Parent())
	w, _ := WorkspaceOf(workspace)
	p, _ := TableOf(*res)
	own, total := p.RetentionInDays, p.TotalRetentionInDays
	interactive := w.RetentionInDays
	if own != nil {
		interactive = *own
	}
	whole := interactive
	if total != nil {
		whole = max(whole, *total)
	}
	props["plan"] = "Analytics"
	props["retentionInDays"], props["retentionInDaysAsDefault"] = interactive, own == nil
	props["totalRetentionInDays"], props["totalRetentionInDaysAsDefault"] = whole, total == nil
	props["archiveRetentionInDays"] = whole - interactive
	props["provisioningState"] = "Succeeded"
	props["schema"] = shownSchema(res.ID.Name(), s.grown(res, workspace, p.Schema))
}

// grown adds to the schema that a table was given the columns that data has made
// since.
func (s *Server) grown(res *resource.Resource, workspace resource.Resource, own *TableShape) *TableShape {
	if _, given := s.cfg.Resources.Get(res.ID); !given || own == nil {
		return own
	}
	stored, err := storedTable(context.Background(), s, workspace, res.ID.Name())
	if err != nil {
		s.cfg.Logger.Error("the columns of a table cannot be listed", "table", res.ID.String(), "err", err)
		return own
	}
	for _, c := range schemaOf(stored).Columns {
		if !slices.ContainsFunc(own.Columns, func(o TableColumn) bool { return o.Name == c.Name }) {
			own.Columns = append(own.Columns, c)
		}
	}
	return own
}

func shownSchema(name string, own *TableShape) map[string]any {
	type column struct {
		Name             string `json:"name"`
		Type             string `json:"type"`
		DisplayName      string `json:"displayName,omitempty"`
		Description      string `json:"description,omitempty"`
		IsDefaultDisplay bool   `json:"isDefaultDisplay"`
		IsHidden         bool   `json:"isHidden"`
	}
	custom, standard := []column{}, []column{}
	var all []kql.Column
	kind, sub := "Microsoft", "Any"
	if own == nil {
		t, _ := catalog.Table(name)
		all = t.Columns
	} else {
		kind, sub = "CustomLog", "DataCollectionRuleBased"
		for _, c := range own.Columns {
			custom = append(custom, column{Name: c.Name, Type: c.Type, DisplayName: c.DisplayName, Description: c.Description, IsDefaultDisplay: true})
		}
		all = own.Table().Columns
	}
	for _, c := range all {
		if own != nil && !catalog.IsStandard(c.Name) {
			continue
		}
		standard = append(standard, column{Name: c.Name, Type: columnTypeName(c.Type), IsDefaultDisplay: !c.Hidden, IsHidden: c.Hidden})
	}
	schema := map[string]any{
		"name": name, "tableType": kind, "tableSubType": sub, "standardColumns": standard,
		"solutions": []string{"LogManagement"}, "isTroubleshootingAllowed": own == nil,
	}
	if own != nil {
		schema["columns"] = custom
	}
	return schema
}
