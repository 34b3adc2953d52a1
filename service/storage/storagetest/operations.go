package storagetest

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reslog/catalog"
	"reslog/record"
	"reslog/service/storage"
)

// Operations are those in the fields of a struct, which are operations and maps of
// them. table is a pointer to it.
func Operations(table any) []*storage.Operation {
	var all []*storage.Operation
	fields := reflect.ValueOf(table).Elem()
	for i := range fields.NumField() {
		switch f := reflect.NewAt(fields.Field(i).Type(), fields.Field(i).Addr().UnsafePointer()).Elem().Interface().(type) {
		case *storage.Operation:
			all = append(all, f)
		case map[string]*storage.Operation:
			for _, o := range f {
				all = append(all, o)
			}
		default:
			panic("a field of the operations is of another type")
		}
	}
	return all
}

// Names are those of operations.
func Names(all []*storage.Operation) []string {
	var names []string
	for _, o := range all {
		names = append(names, o.Name)
	}
	return names
}

// CheckPage compares the section of a page with the operations that it must name in
// the second column of its tables: these and no others.
func CheckPage(t *testing.T, path, section string, want []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), section+"\n")
	if !ok {
		t.Fatalf("%s has no %q", path, section)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	got := namesInSecondColumn(text)
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s: %s is not under %q", path, name, section)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s: %s is under %q, but not so in the code", path, name, section)
		}
	}
}

var operationName = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w+`)

func namesInSecondColumn(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			names = append(names, operationName.FindAllString(cells[2], -1)...)
		}
	}
	return names
}

// CheckCatalog demands that the catalogue has every operation of a service, in the
// category that its records get, and none besides but preflight, which is of the
// Front.
func CheckCatalog(t *testing.T, resourceType, preflight string, all []*storage.Operation) {
	t.Helper()
	typ, ok := catalog.Find(resourceType)
	if !ok {
		t.Fatalf("%s is not in the catalogue", resourceType)
	}
	listed := map[string]record.Category{}
	for _, c := range typ.Logs {
		for _, name := range c.Operations {
			listed[name] = c.Name
		}
	}
	seen := map[string]bool{preflight: true}
	for _, o := range all {
		if got := listed[o.Name]; got != o.Class.Category() {
			t.Errorf("%s is in %q in the catalogue, its records are %s", o.Name, got, o.Class.Category())
		}
		seen[o.Name] = true
	}
	for name := range listed {
		if !seen[name] {
			t.Errorf("%s is in the catalogue, but no operation", name)
		}
	}
}
