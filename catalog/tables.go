package catalog

import (
	_ "embed" // for tables.json
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"reslog/kql"
)

// The standard columns of every table, "Standard columns in Azure Monitor Logs".
const (
	TimeGenerated  = "TimeGenerated"   // when what the row is about happened
	TimeReceived   = "_TimeReceived"   // when it came to the workspace
	TenantID       = "TenantId"        // the workspace's customer id, a GUID
	SourceSystem   = "SourceSystem"    // "Azure" for resource logs
	TypeColumn     = "Type"            // the name of the table
	ResourceID     = "_ResourceId"     // in lower case
	SubscriptionID = "_SubscriptionId" // that of _ResourceId
	ItemID         = "_ItemId"         // a GUID, one a row
	IsBillable     = "_IsBillable"     // "True" or "False"
	BilledSize     = "_BilledSize"     // bytes
)

// Columns come in the order in which getschema of a workspace lists them: these
// two, those of the table, and the rest. What getschema does not list is hidden.
var (
	standardFirst = []kql.Column{
		{Name: TenantID, Type: kql.String},
		{Name: TimeGenerated, Type: kql.Datetime},
	}
	standardLast = []kql.Column{
		{Name: SourceSystem, Type: kql.String},
		{Name: TypeColumn, Type: kql.String},
		{Name: ResourceID, Type: kql.String},
		{Name: SubscriptionID, Type: kql.String, Hidden: true},
		{Name: TimeReceived, Type: kql.Datetime, Hidden: true},
		{Name: ItemID, Type: kql.String, Hidden: true},
		{Name: BilledSize, Type: kql.Real, Hidden: true},
		{Name: IsBillable, Type: kql.String, Hidden: true},
	}
)

//go:embed tables.json
var tablesJSON []byte

// tables parses the embedded data once, sorted by name. That it parses is tested.
var tables = sync.OnceValue(func() []kql.Table {
	var list []struct {
		Name    string
		Columns []string
	}
	if err := json.Unmarshal(tablesJSON, &list); err != nil {
		panic(fmt.Sprintf("catalog: tables.json: %v", err))
	}
	out := make([]kql.Table, 0, len(list))
	for _, t := range list {
		columns := make([]kql.Column, 0, len(t.Columns))
		for _, c := range t.Columns {
			name, typ, typed := strings.Cut(c, ":")
			column := kql.Column{Name: name, Type: kql.String}
			if typed {
				var ok bool
				if column.Type, ok = kql.ParseType(typ); !ok {
					panic(fmt.Sprintf("catalog: tables.json: type of %s.%s", t.Name, c))
				}
			}
			columns = append(columns, column)
		}
		out = append(out, NewTable(t.Name, columns))
	}
	slices.SortFunc(out, func(a, b kql.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
})

// Tables returns the Log Analytics tables with a documented schema that the types
// of the catalogue fill, sorted by name. AzureDiagnostics has its fixed columns;
// records add others.
func Tables() []kql.Table {
	list := slices.Clone(tables())
	for i := range list {
		list[i].Columns = slices.Clone(list[i].Columns)
	}
	return list
}

// Table returns the table with a name, which is case-sensitive as names in
// queries are.
func Table(name string) (kql.Table, bool) {
	list := tables()
	i, ok := slices.BinarySearchFunc(list, name, func(t kql.Table, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return kql.Table{}, false
	}
	t := list[i]
	t.Columns = slices.Clone(t.Columns)
	return t, true
}

// NewTable returns a table that has the standard columns beside its own. Those of
// columns that are standard are left out: TimeGenerated of a custom table, say.
func NewTable(name string, columns []kql.Column) kql.Table {
	all := make([]kql.Column, 0, len(standardFirst)+len(columns)+len(standardLast))
	all = append(all, standardFirst...)
	for _, c := range columns {
		if !IsStandard(c.Name) {
			all = append(all, c)
		}
	}
	return kql.Table{Name: name, Columns: append(all, standardLast...), Time: TimeGenerated}
}

// IsStandard reports whether a column is one of those that every table has.
func IsStandard(column string) bool {
	named := func(c kql.Column) bool { return c.Name == column }
	return slices.ContainsFunc(standardFirst, named) || slices.ContainsFunc(standardLast, named)
}
