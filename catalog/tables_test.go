package catalog

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reslog/kql"
)

func TestTables(t *testing.T) {
	for _, table := range Tables() {
		seen := map[string]bool{}
		for _, c := range table.Columns {
			if seen[strings.ToLower(c.Name)] && !strings.EqualFold(c.Name, ResourceID) {
				t.Errorf("%s: %s is there twice", table.Name, c.Name)
			}
			seen[strings.ToLower(c.Name)] = true
			if c.Type == kql.Unknown {
				t.Errorf("%s: %s has no type", table.Name, c.Name)
			}
			if c.Hidden && !IsStandard(c.Name) {
				t.Errorf("%s: %s is hidden", table.Name, c.Name)
			}
		}
		if table.Columns[0].Name != TenantID || table.Columns[1].Name != TimeGenerated || table.Time != TimeGenerated {
			t.Errorf("%s begins with %v, time is %q", table.Name, table.Columns[:2], table.Time)
		}
		if found, ok := Table(table.Name); !ok || !slices.Equal(found.Columns, table.Columns) {
			t.Errorf("%s is not found as it is", table.Name)
		}
	}
	if _, ok := Table("storagebloblogs"); ok {
		t.Error("names of tables are not case-sensitive")
	}
}

// What getschema lists of the storage tables: the last of them, in order, and
// nothing that is hidden.
func TestStorageColumns(t *testing.T) {
	blob, _ := Table("StorageBlobLogs")
	var visible []string
	for _, c := range blob.Columns {
		if !c.Hidden {
			visible = append(visible, c.Name)
		}
	}
	if last := visible[len(visible)-3:]; !slices.Equal(last, []string{"SourceSystem", "Type", "_ResourceId"}) {
		t.Errorf("the last columns are %v", last)
	}
	queue, _ := Table("StorageQueueLogs")
	table, _ := Table("StorageTableLogs")
	if !slices.Equal(queue.Columns, table.Columns) {
		t.Error("the tables of queues and tables differ")
	}
	for _, c := range []kql.Column{{Name: "StatusCode", Type: kql.String}, {Name: "DurationMs", Type: kql.Real}, {Name: "AuthorizationDetails", Type: kql.Dynamic}} {
		if !slices.Contains(blob.Columns, c) {
			t.Errorf("no column %v", c)
		}
	}
}

// Every table that a category names is there.
func TestCategoriesHaveTables(t *testing.T) {
	for _, typ := range Types() {
		for _, c := range typ.Logs {
			if _, ok := Table(c.Table); !ok {
				t.Errorf("%s of %s goes to %s, which is not in tables.json", c.Name, typ.Name, c.Table)
			}
		}
	}
}

func TestNewTable(t *testing.T) {
	table := NewTable("Mine_CL", []kql.Column{{Name: "TimeGenerated", Type: kql.Datetime}, {Name: "A", Type: kql.Int}})
	if len(table.Columns) != len(standardFirst)+1+len(standardLast) || table.Columns[2].Name != "A" {
		t.Errorf("columns are %v", table.Columns)
	}
	for _, c := range table.Columns {
		if IsStandard(c.Name) == (c.Name == "A") {
			t.Errorf("%s is taken for what it is not", c.Name)
		}
	}
}

// The schemas against the published table reference, where it is at hand.
func TestReference(t *testing.T) {
	folder := os.Getenv("RESLOG_KQL_CORPORA")
	if folder == "" {
		return
	}
	data, err := os.ReadFile(filepath.Join(folder, "table-schemas.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Tables map[string][]string }
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Tables) < len(Tables()) {
		t.Errorf("the reference has %d tables", len(reference.Tables))
	}
	// Seen in a workspace, and newer than the reference.
	newer := []string{"EncryptionKeyTypeOfBlob", "RequestRegion", "TrafficClassification", "CopyDestinationArmId", "_ItemId", "_TimeReceived", "TenantId"}
	for _, table := range Tables() {
		ours := map[string]kql.Type{}
		for _, c := range table.Columns {
			ours[c.Name] = c.Type
		}
		for _, c := range reference.Tables[table.Name] {
			name, text, _ := strings.Cut(c, ":")
			typ, ok := kql.ParseType(text)
			switch has, there := ours[name]; {
			case !ok:
				t.Errorf("%s: the reference has a type %q", table.Name, text)
			case !there && table.Name == "AzureDiagnostics" && strings.Contains(name, "_"):
				// columns that records made
			case !there || has != typ:
				t.Errorf("%s.%s is %v, want %v", table.Name, name, has, typ)
			}
			delete(ours, name)
		}
		for name := range ours {
			if table.Name != "AzureDiagnostics" && !slices.Contains(newer, name) {
				t.Errorf("%s.%s is not in the reference", table.Name, name)
			}
		}
	}
}
