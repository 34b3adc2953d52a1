package catalog

import (
	"slices"
	"testing"
)

func TestTypes(t *testing.T) {
	typ, ok := Find("microsoft.storage/STORAGEACCOUNTS/blobservices")
	if !ok || typ.Name != "Microsoft.Storage/storageAccounts/blobServices" || len(typ.Categories) != 3 {
		t.Fatalf("found %+v, %v", typ, ok)
	}
	for _, typ := range types() {
		if len(typ.Categories) == 0 {
			t.Errorf("%s has no categories", typ.Name)
		}
		for _, c := range typ.Categories {
			if c.Name == "" || c.DisplayName == "" || !slices.Contains(c.Groups, "allLogs") {
				t.Errorf("%s: category %+v is incomplete: every category is in allLogs", typ.Name, c)
			}
		}
	}
	if _, ok := Find("Microsoft.Nothing/things"); ok {
		t.Error("found a type that is not there")
	}
}

func TestCategories(t *testing.T) {
	if c, ok := FindCategory("storageREAD"); !ok || c != "StorageRead" {
		t.Errorf("found %q, %v", c, ok)
	}
	if c, ok := FindCategory("StorageRed"); ok {
		t.Errorf("found %q", c)
	}
	if names := CategoryNames(); !slices.IsSorted(names) || !slices.Contains(names, "StorageDelete") {
		t.Errorf("names are %v", names)
	}
}
