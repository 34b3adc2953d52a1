// Package catalog is what each resource type can log: its categories of logs,
// with the operations in them and the table they fill, the groups that switch
// several on together, and its categories of metrics, as Azure Monitor lists
// them.
//
// The data is embedded (types.json); there is nothing to configure and nothing
// to load. Which requests are which operation is known to the front end that
// logs them, and only to it; tests hold its names against this list.
package catalog

import (
	_ "embed" // for types.json
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"reslog/record"
)

// AllMetrics is the category of metrics of most types. A type whose metrics have
// categories of their own takes it for all of them.
const AllMetrics record.Category = "AllMetrics"

// Type is a resource type.
type Type struct {
	// Name is the full type, "Microsoft.Storage/storageAccounts/blobServices".
	Name string `json:"name"`
	// Logs are empty for a type that has only metrics, such as a storage account.
	Logs    []Category `json:"logs"`
	Metrics []Category `json:"metrics"`
}

// Category is a category of logs or metrics of a type.
type Category struct {
	Name        record.Category `json:"name"`
	DisplayName string          `json:"displayName"`
	// Groups are the category groups it belongs to, "audit" and "allLogs".
	Groups []string `json:"groups,omitempty"`
	// Table is the Log Analytics table of resource-specific mode.
	Table string `json:"table,omitempty"`
	// Operations are the operation names of its records, sorted.
	Operations []string `json:"operations,omitempty"`
}

//go:embed types.json
var typesJSON []byte

// types parses the embedded data once. That it parses is tested.
var types = sync.OnceValue(func() []Type {
	var list []Type
	if err := json.Unmarshal(typesJSON, &list); err != nil {
		panic(fmt.Sprintf("catalog: types.json: %v", err))
	}
	return list
})

// Types returns all types, in the order of the catalogue.
func Types() []Type { return slices.Clone(types()) }

// Find returns a resource type by its name, without regard to case.
func Find(name string) (Type, bool) {
	list := types()
	i := slices.IndexFunc(list, func(t Type) bool { return strings.EqualFold(t.Name, name) })
	if i < 0 {
		return Type{}, false
	}
	return list[i], true
}

// Log returns the category of logs with a name, without regard to case.
func (t *Type) Log(name string) (Category, bool) { return find(t.Logs, name) }

// Metric returns the category of metrics with a name, without regard to case.
func (t *Type) Metric(name string) (Category, bool) { return find(t.Metrics, name) }

func find(list []Category, name string) (Category, bool) {
	i := slices.IndexFunc(list, func(c Category) bool { return strings.EqualFold(string(c.Name), name) })
	if i < 0 {
		return Category{}, false
	}
	return list[i], true
}

// Groups returns the names of the type's category groups, in the order in which
// its categories name them.
func (t *Type) Groups() []string {
	var groups []string
	for _, c := range t.Logs {
		for _, g := range c.Groups {
			if !slices.Contains(groups, g) {
				groups = append(groups, g)
			}
		}
	}
	return groups
}

// Group returns the categories of logs in a group, whose name is compared
// without regard to case.
func (t *Type) Group(name string) []record.Category {
	var in []record.Category
	for _, c := range t.Logs {
		if slices.ContainsFunc(c.Groups, func(g string) bool { return strings.EqualFold(g, name) }) {
			in = append(in, c.Name)
		}
	}
	return in
}

// Expand returns the categories that the category of metrics with a name stands
// for: itself, or for AllMetrics all that the type has. None when the type has
// no such category.
func (t *Type) Expand(metric string) []record.Category {
	if c, ok := t.Metric(metric); ok {
		return []record.Category{c.Name}
	}
	if !strings.EqualFold(metric, string(AllMetrics)) {
		return nil
	}
	var all []record.Category
	for _, c := range t.Metrics {
		all = append(all, c.Name)
	}
	return all
}

// IsMetrics reports whether a category is one of metrics, of whatever type.
func IsMetrics(c record.Category) bool {
	for _, t := range types() {
		if _, ok := find(t.Metrics, string(c)); ok {
			return true
		}
	}
	return false
}

// SinkName returns what Azure Monitor calls that which holds the records of a
// category, be it a container or an event hub: "insights-logs-" and the category
// in lower case, "insights-metrics-pt1m" for metrics.
func SinkName(c record.Category) string {
	if IsMetrics(c) {
		return "insights-metrics-pt1m"
	}
	return "insights-logs-" + strings.ToLower(string(c))
}

// FindCategory returns the category of logs or metrics with a name, without
// regard to case, of whatever type.
func FindCategory(name string) (record.Category, bool) {
	for _, t := range types() {
		for _, list := range [...][]Category{t.Logs, t.Metrics} {
			if c, ok := find(list, name); ok {
				return c.Name, true
			}
		}
	}
	return "", false
}

// CategoryNames returns the names of all categories of all types, sorted.
func CategoryNames() []string {
	var names []string
	for _, t := range types() {
		for _, c := range slices.Concat(t.Logs, t.Metrics) {
			names = append(names, string(c.Name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
