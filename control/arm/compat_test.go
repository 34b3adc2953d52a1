package arm

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// The page about compatibility says what the code does.
func TestCompatPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/compat/resource-manager.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "TestCompatPage")
	if !found {
		t.Fatal("the page has no table that says it is tested")
	}
	table, _, _ = strings.Cut(table, "| what |")
	var rows []string
	for _, typ := range resourceTypes() {
		created := fmt.Sprint(cmp.Or(typ.created, http.StatusOK))
		if typ.implicit != "" {
			created = "exists"
		}
		var actions []string
		for _, a := range typ.actions {
			actions = append(actions, a.name)
		}
		row := "| " + typ.name + " | " + typ.versions[len(typ.versions)-1] + " | " + created + " | " + strings.Join(actions, ", ")
		rows = append(rows, strings.TrimSpace(row)+" |")
	}
	for _, row := range rows {
		if !strings.Contains(table, "\n"+strings.ReplaceAll(row, "|  |", "| |")+"\n") {
			t.Errorf("the page has no row %s", row)
		}
	}
	if n := strings.Count(table, "\n| ") - 1; n != len(rows) {
		t.Errorf("the page has %d rows, the code %d types", n, len(rows))
	}
	for _, typ := range resourceTypes() {
		for _, p := range typ.promises {
			last := p.path[strings.LastIndexByte(p.path, '.')+1:]
			if !strings.Contains(string(page), p.path) && !strings.Contains(string(page), last) {
				t.Errorf("the page does not say that %s refuses %s", typ.name, p.path)
			}
		}
	}
}
