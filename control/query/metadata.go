package query

import (
	"encoding/json"
	"net/http"
	"time"
)

// properties say what a table holds.
type properties struct {
	Rows            int64      `json:"rows"`
	BilledBytes     int64      `json:"billedBytes"`
	StoredBytes     int64      `json:"storedBytes"`
	First           *time.Time `json:"firstTime,omitempty"`
	Last            *time.Time `json:"lastTime,omitempty"`
	RetentionInDays int        `json:"retentionInDays"`
}

func propertiesOf(t Table) properties {
	p := properties{Rows: t.Rows, BilledBytes: t.BilledBytes, StoredBytes: t.StoredBytes, RetentionInDays: t.Retention}
	if !t.First.IsZero() {
		p.First, p.Last = &t.First, &t.Last
	}
	return p
}

// metadata answers with the tables of a workspace and their columns.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request, caller Caller, to route) error {
	list, err := s.workspaces(r.Context(), caller, to, nil)
	if err != nil {
		return err
	}
	ws := list[0]
	tables, err := ws.Data.Tables(r.Context())
	if err != nil {
		return err
	}
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	type table struct {
		ID             string         `json:"id"`
		Name           string         `json:"name"`
		TimespanColumn string         `json:"timespanColumn,omitempty"`
		Columns        []column       `json:"columns"`
		Properties     properties     `json:"properties"`
		Related        map[string]any `json:"related"`
	}
	shown := make([]table, 0, len(tables))
	ids := make([]string, 0, len(tables))
	for _, t := range tables {
		entry := table{ID: "t/" + t.Name, Name: t.Name, TimespanColumn: t.Time, Columns: []column{}, Properties: propertiesOf(t), Related: map[string]any{"workspaces": []string{ws.ID}}}
		for _, c := range t.Columns {
			entry.Columns = append(entry.Columns, column{c.Name, c.Type.String()})
		}
		shown, ids = append(shown, entry), append(ids, entry.ID)
	}
	none := []any{}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{
		"categories": none, "resourceTypes": none, "solutions": none, "functions": none, "queries": none, "applications": none,
		"tables": shown,
		"workspaces": []any{map[string]any{
			"id": ws.ID, "resourceId": ws.Resource.String(), "name": ws.Resource.Name(), "region": ws.Location,
			"related": map[string]any{"tables": ids},
		}},
		"resources": none, "permissions": []any{map[string]any{"workspaces": []any{map[string]any{"resourceId": ws.Resource.String()}}}},
	})
}
