// Package catalog is what each resource type can log: its categories and the
// groups that switch several on together, as Azure Monitor lists them.
//
// The data is embedded (types.json); there is nothing to configure and nothing
// to load. Which operations are in a category is known to the front end that
// logs them, and only to it.
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

// Type is a resource type.
type Type struct {
	// Name is the full type, "Microsoft.Storage/storageAccounts/blobServices".
	Name       string     `json:"name"`
	Categories []Category `json:"categories"`
}

// Category is a category of logs of a type.
type Category struct {
	Name        record.Category `json:"name"`
	DisplayName string          `json:"displayName"`
	// Groups are the category groups it belongs to, "audit" and "allLogs".
	Groups []string `json:"groups"`
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

// Find returns a resource type by its name, without regard to case.
func Find(name string) (Type, bool) {
	list := types()
	i := slices.IndexFunc(list, func(t Type) bool { return strings.EqualFold(t.Name, name) })
	if i < 0 {
		return Type{}, false
	}
	return list[i], true
}

// FindCategory returns the category with a name, without regard to case, of
// whatever type.
func FindCategory(name string) (record.Category, bool) {
	for _, t := range types() {
		for _, c := range t.Categories {
			if strings.EqualFold(string(c.Name), name) {
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
		for _, c := range t.Categories {
			names = append(names, string(c.Name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
