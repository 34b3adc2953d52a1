package catalog

import (
	"slices"
	"testing"

	"reslog/record"
)

func TestTypes(t *testing.T) {
	typ, ok := Find("microsoft.storage/STORAGEACCOUNTS/blobservices")
	if !ok || typ.Name != "Microsoft.Storage/storageAccounts/blobServices" || len(typ.Logs) != 3 {
		t.Fatalf("found %+v, %v", typ, ok)
	}
	for _, typ := range Types() {
		if len(typ.Logs)+len(typ.Metrics) == 0 {
			t.Errorf("%s has no categories", typ.Name)
		}
		for _, c := range typ.Logs {
			if c.Name == "" || c.DisplayName == "" || c.Table == "" || len(c.Operations) == 0 || !slices.Contains(c.Groups, "allLogs") {
				t.Errorf("%s: category %+v is incomplete: every category of logs is in allLogs", typ.Name, c)
			}
			if !slices.IsSorted(c.Operations) {
				t.Errorf("%s: operations of %s are not sorted", typ.Name, c.Name)
			}
		}
		for _, c := range typ.Metrics {
			if c.Name == "" || c.DisplayName == "" || len(c.Groups) != 0 {
				t.Errorf("%s: category %+v of metrics is not right", typ.Name, c)
			}
		}
	}
	if _, ok := Find("Microsoft.Nothing/things"); ok {
		t.Error("found a type that is not there")
	}
}

// An operation belongs to one category of its type.
func TestOperationsAreInOneCategory(t *testing.T) {
	for _, typ := range Types() {
		seen := map[string]record.Category{}
		for _, c := range typ.Logs {
			for _, o := range c.Operations {
				if other, ok := seen[o]; ok {
					t.Errorf("%s: %s is in %s and in %s", typ.Name, o, other, c.Name)
				}
				seen[o] = c.Name
			}
		}
	}
}

func TestGroups(t *testing.T) {
	blobs, _ := Find("Microsoft.Storage/storageAccounts/blobServices")
	if got := blobs.Groups(); !slices.Equal(got, []string{"audit", "allLogs"}) {
		t.Errorf("groups are %v", got)
	}
	if got := blobs.Group("ALLLOGS"); !slices.Equal(got, []record.Category{"StorageRead", "StorageWrite", "StorageDelete"}) {
		t.Errorf("allLogs is %v", got)
	}
	signalR, _ := Find("Microsoft.SignalRService/SignalR")
	if got := signalR.Group("audit"); got != nil {
		t.Errorf("the audit group of SignalR is %v", got)
	}
}

func TestMetrics(t *testing.T) {
	blobs, _ := Find("Microsoft.Storage/storageAccounts/blobServices")
	signalR, _ := Find("Microsoft.SignalRService/SignalR")
	for _, c := range []struct {
		typ  Type
		name string
		want []record.Category
	}{
		{blobs, "transaction", []record.Category{"Transaction"}},
		{blobs, "AllMetrics", []record.Category{"Transaction", "Capacity"}},
		{signalR, "allmetrics", []record.Category{AllMetrics}},
		{signalR, "Transaction", nil},
	} {
		if got := c.typ.Expand(c.name); !slices.Equal(got, c.want) {
			t.Errorf("%s of %s is %v, want %v", c.name, c.typ.Name, got, c.want)
		}
	}
	if !IsMetrics("Transaction") || !IsMetrics(AllMetrics) || IsMetrics("StorageRead") {
		t.Error("metrics are not told from logs")
	}
}

func TestCategories(t *testing.T) {
	if c, ok := FindCategory("storageREAD"); !ok || c != "StorageRead" {
		t.Errorf("found %q, %v", c, ok)
	}
	if c, ok := FindCategory("StorageRed"); ok {
		t.Errorf("found %q", c)
	}
	if names := CategoryNames(); !slices.IsSorted(names) || !slices.Contains(names, "StorageDelete") || !slices.Contains(names, "AllMetrics") {
		t.Errorf("names are %v", names)
	}
}

func TestSinkName(t *testing.T) {
	for c, want := range map[record.Category]string{
		"AllLogs": "insights-logs-alllogs", "ConnectionEvents": "insights-logs-connectionevents",
		AllMetrics: "insights-metrics-pt1m", "Transaction": "insights-metrics-pt1m",
	} {
		if got := SinkName(c); got != want {
			t.Errorf("sink of %s is %s, want %s", c, got, want)
		}
	}
}
