package rest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// row is a route as docs/compat/signalr-rest.md has it.
func (r Route) row() string {
	since, notFound := r.Since, "-"
	if r.Alias {
		since += ", alias"
	}
	if r.NotFound != "" {
		notFound = r.NotFound
	}
	path := r.Path
	if len(r.Query) > 0 {
		path += "?" + strings.Join(r.Query, "&")
	}
	return fmt.Sprintf("| %s | `%s %s` | %s | %d | %s |\n", r.Name, strings.Join(r.Methods, ", "), path, since, r.Status, notFound)
}

// TestCompatPage compares the page of what is there with the routes.
func TestCompatPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/compat/signalr-rest.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n## Requests\n")
	if !found {
		t.Fatal("the page has no section of requests")
	}
	section, _, _ := strings.Cut(rest, "\n## ")
	var want strings.Builder
	want.WriteString("| what | request | since | answer | 404 |\n|---|---|---|---|---|\n")
	for _, r := range Routes() {
		want.WriteString(r.row())
	}
	_, table, _ := strings.Cut(section, "\n|")
	if got := "|" + strings.TrimRight(table, "\n") + "\n"; got != want.String() {
		t.Errorf("the table of docs/compat/signalr-rest.md is not that of the code, which is:\n%s", want.String())
	}
}
