package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"reslog/catalog"
	"reslog/kql"
	"reslog/resource"
)

const (
	wsV    = "2020-08-01"
	tableV = "2022-10-01"
	ruleV  = "2022-06-01"
)

// fakeTables is a workspace with the documented tables and one that data made.
type fakeTables struct{ applied, dropped []string }

func (f *fakeTables) Tables(context.Context, resource.Resource) ([]kql.Table, error) {
	return append(catalog.Tables(), catalog.NewTable("Posted_CL", []kql.Column{{Name: "n_d", Type: kql.Real}})), nil
}

func (f *fakeTables) Apply(_ context.Context, _, table resource.Resource) error {
	f.applied = append(f.applied, table.ID.Name())
	return nil
}

func (f *fakeTables) Drop(_ context.Context, _ resource.Resource, table string) error {
	f.dropped = append(f.dropped, table)
	return nil
}

// workspace makes a workspace and returns its path.
func (b *bench) workspace(name string) string {
	b.t.Helper()
	path := b.group("g") + "/providers/Microsoft.OperationalInsights/workspaces/" + name
	b.must(http.StatusCreated, http.MethodPut, path, wsV, `{"location":"westeurope","properties":{"retentionInDays":60}}`)
	return path
}

func TestTables(t *testing.T) {
	b := start(t)
	stored := &fakeTables{}
	b.arm.cfg.Tables = stored
	ws := b.workspace("space")

	list := b.must(200, "GET", ws+"/tables", tableV, "").values()
	if len(list) != len(catalog.Tables())+1 {
		t.Errorf("%d tables", len(list))
	}
	got := b.must(200, "GET", ws+"/tables/StorageBlobLogs", tableV, "")
	for path, want := range map[string]any{
		"name": "StorageBlobLogs", "type": "Microsoft.OperationalInsights/workspaces/tables", "properties.plan": "Analytics",
		"properties.retentionInDaysAsDefault": true, "properties.schema.tableType": "Microsoft", "properties.provisioningState": "Succeeded",
	} {
		if got.at(path) != want {
			t.Errorf("%s is %v, want %v", path, got.at(path), want)
		}
	}
	if !strings.Contains(got.text, `"retentionInDays":60`) || !strings.Contains(got.text, `{"name":"TimeGenerated","type":"dateTime","isDefaultDisplay":true,"isHidden":false}`) {
		t.Errorf("table %s", got.text)
	}
	// How long rows are kept is the table's own once it is set, until -1.
	got = b.must(200, "PATCH", ws+"/tables/StorageBlobLogs", tableV, `{"properties":{"retentionInDays":30,"totalRetentionInDays":100}}`)
	if !strings.Contains(got.text, `"archiveRetentionInDays":70`) || got.at("properties.retentionInDaysAsDefault") != false {
		t.Errorf("set: %s", got.text)
	}
	kept, _ := b.resources.Get(resource.MustParse(ws + "/tables/StorageBlobLogs"))
	if p, err := TableOf(kept); err != nil || p.Days() != 100 || p.Schema != nil {
		t.Errorf("kept %+v, %v", p, err)
	}
	if n := len(b.must(200, "GET", ws+"/tables", tableV, "").values()); n != len(catalog.Tables())+1 {
		t.Errorf("%d tables", n)
	}
	got = b.must(200, "PUT", ws+"/tables/StorageBlobLogs", tableV, `{"properties":{"retentionInDays":-1}}`)
	if !strings.Contains(got.text, `"retentionInDays":60`) {
		t.Errorf("reset: %s", got.text)
	}

	got = b.must(200, "PUT", ws+"/tables/Own_CL", tableV, `{"properties":{"schema":{"name":"Own_CL","columns":[{"name":"TimeGenerated","type":"DateTime"},{"name":"n","type":"long"}]}}}`)
	if got.at("properties.schema.tableType") != "CustomLog" || !strings.Contains(got.text, `"columns":[{"name":"TimeGenerated","type":"dateTime"`) {
		t.Errorf("own: %s", got.text)
	}
	kept, _ = b.resources.Get(resource.MustParse(ws + "/tables/Own_CL"))
	p, err := TableOf(kept)
	if err != nil || !slices.Contains(p.Schema.Table().Columns, kql.Column{Name: "n", Type: kql.Long}) {
		t.Errorf("kept %+v, %v", p, err)
	}
	b.must(200, "PATCH", ws+"/tables/Own_CL", tableV, `{"properties":{"retentionInDays":10}}`)
	if again := b.must(200, "GET", ws+"/tables/Own_CL", tableV, ""); !strings.Contains(again.text, `"name":"n"`) {
		t.Errorf("the columns are gone: %s", again.text)
	}
	// A table that data made has columns already, which stay what they are.
	got = b.must(200, "PATCH", ws+"/tables/Posted_CL", tableV, `{"properties":{"retentionInDays":10}}`)
	if !strings.Contains(got.text, `{"name":"n_d","type":"real"`) || !strings.Contains(got.text, `"retentionInDays":10`) {
		t.Errorf("posted: %s", got.text)
	}
	b.refused(400, "InvalidParameter", "PUT", ws+"/tables/Posted_CL", tableV, `{"properties":{"schema":{"columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"n_d","type":"string"}]}}}`)
	got = b.must(200, "PUT", ws+"/tables/Posted_CL", tableV, `{"properties":{"schema":{"columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"more","type":"string"}]}}}`)
	if !strings.Contains(got.text, `{"name":"n_d","type":"real"`) || !strings.Contains(got.text, `{"name":"more","type":"string"`) {
		t.Errorf("columns of data and of its own: %s", got.text)
	}
	if want := []string{"StorageBlobLogs", "StorageBlobLogs", "Own_CL", "Own_CL", "Posted_CL", "Posted_CL"}; !slices.Equal(stored.applied, want) {
		t.Errorf("applied %v, want %v", stored.applied, want)
	}
	// What data made can be dropped, what is documented only forgets its setting.
	for _, name := range []string{"Own_CL", "Posted_CL", "StorageBlobLogs"} {
		b.must(200, "DELETE", ws+"/tables/"+name, tableV, "")
	}
	if !slices.Equal(stored.dropped, []string{"Own_CL", "Posted_CL", "StorageBlobLogs"}) {
		t.Errorf("dropped %v", stored.dropped)
	}
	b.must(204, "DELETE", ws+"/tables/None_CL", tableV, "")
}

func TestTablesRefuse(t *testing.T) {
	b := start(t)
	b.arm.cfg.Tables = &fakeTables{}
	ws := b.workspace("space")
	column := func(s string) string {
		return `{"properties":{"schema":{"columns":[{"name":"TimeGenerated","type":"datetime"},` + s + `]}}}`
	}
	for _, c := range []struct{ name, body string }{
		{"StorageBlobLogs", `{"properties":{"retentionInDays":3}}`},
		{"StorageBlobLogs", `{"properties":{"retentionInDays":731}}`},
		{"StorageBlobLogs", `{"properties":{"retentionInDays":"x"}}`},
		{"StorageBlobLogs", `{"properties":{"totalRetentionInDays":5000}}`},
		{"Nothing", `{"properties":{"schema":{"columns":[]}}}`},
		{"None_CL", `{"properties":{}}`},
		{"None_CL", column(`{"name":"a","type":"int64"}`)},
		{"None_CL", column(`{"name":"a b","type":"int"}`)},
		{"None_CL", column(`{"name":"a","type":"int"},{"name":"a","type":"int"}`)},
		{"None_CL", column(`{"name":"TenantId","type":"string"}`)},
		{"None_CL", column(`{"name":"` + strings.Repeat("x", 46) + `","type":"int"}`)},
		{"None_CL", `{"properties":{"schema":{"columns":[{"name":"a","type":"int"}]}}}`},
		{"None_CL", `{"properties":{"schema":{"columns":[{"name":"TimeGenerated","type":"string"}]}}}`},
		{"None_CL", `{"properties":{"schema":{"name":"Other_CL","columns":[]}}}`},
		{"None_CL", `{"properties":{"schema":5}}`},
		{"9_CL", column(`{"name":"a","type":"int"}`)},
	} {
		b.refused(400, "InvalidParameter", "PUT", ws+"/tables/"+c.name, tableV, c.body)
	}
	b.refused(400, "UnsupportedProperty", "PUT", ws+"/tables/StorageBlobLogs", tableV, `{"properties":{"plan":"Basic"}}`)
	b.refused(404, "ResourceNotFound", "PATCH", ws+"/tables/None_CL", tableV, `{"properties":{}}`)
	b.refused(404, "ResourceNotFound", "GET", ws+"/tables/None_CL", tableV, "")
	if got := b.call(reader, "PUT", ws+"/tables/StorageBlobLogs", tableV, `{"properties":{"retentionInDays":30}}`); got.status != 403 {
		t.Errorf("a reader writes: %d", got.status)
	}
}

func TestDataCollection(t *testing.T) {
	b := start(t)
	b.arm.cfg.IngestionURL = func() string { return "https://localhost:10443" }
	ws := b.workspace("space")
	dir := b.group("g") + "/providers/Microsoft.Insights/"

	dce := b.must(201, "PUT", dir+"dataCollectionEndpoints/dce", ruleV, `{"location":"westeurope","properties":{"networkAcls":{"publicNetworkAccess":"Enabled"}}}`)
	if id, _ := dce.at("properties.immutableId").(string); !strings.HasPrefix(id, "dce-") || dce.at("properties.logsIngestion.endpoint") != "https://localhost:10443" {
		t.Errorf("endpoint %s", dce.text)
	}
	body := `{"location":"westeurope","kind":"Direct","properties":{"immutableId":"mine",
		"streamDeclarations":{"Custom-Raw":{"columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"n","type":"long"}]}},
		"destinations":{"logAnalytics":[{"workspaceResourceId":"` + ws + `","name":"w"}]},
		"dataFlows":[{"streams":["Custom-Raw"],"destinations":["w"],"transformKql":"source","outputStream":"Custom-Own_CL"},
			{"streams":["Microsoft-StorageBlobLogs"],"destinations":["W"]}]}}`
	dcr := b.must(201, "PUT", dir+"dataCollectionRules/dcr", ruleV, body)
	id, _ := dcr.at("properties.immutableId").(string)
	if !strings.HasPrefix(id, "dcr-") || len(id) != 36 || dcr.at("properties.endpoints.logsIngestion") != "https://localhost:10443" {
		t.Errorf("rule %s", dcr.text)
	}
	if again := b.must(200, "PUT", dir+"dataCollectionRules/dcr", ruleV, body); again.at("properties.immutableId") != id {
		t.Errorf("another id: %s", again.text)
	}
	kept, _ := b.resources.Get(resource.MustParse(dir + "dataCollectionRules/dcr"))
	rule, err := CollectionRuleOf(kept)
	if err != nil {
		t.Fatal(err)
	}
	columns, ok := rule.Columns("Custom-Raw")
	if !ok || !slices.Equal(columns, []kql.Column{{Name: "TimeGenerated", Type: kql.Datetime}, {Name: "n", Type: kql.Long}}) || rule.DataFlows[0].Table("Custom-Raw") != "Own_CL" || rule.DataFlows[1].Table("Microsoft-StorageBlobLogs") != "StorageBlobLogs" {
		t.Errorf("rule %+v, columns %v", rule, columns)
	}

	for name, change := range map[string][2]string{
		"no flows":          {`"dataFlows":[`, `"dataFlows":[],"x":[`},
		"no destination":    {`"destinations":["w"]`, `"destinations":["v"]`},
		"unknown stream":    {`"streams":["Custom-Raw"]`, `"streams":["Custom-None"]`},
		"a stream's name":   {`"Custom-Raw":`, `"Raw":`},
		"a column's type":   {`"type":"long"`, `"type":"int64"`},
		"the output stream": {"Custom-Own_CL", "Custom-Own"},
		"no workspace":      {ws, "/subscriptions/s"},
		"another sink":      {`"logAnalytics":[`, `"eventHubs":[],"logAnalytics":[`},
		"agents":            {`"streamDeclarations":`, `"dataSources":{"syslog":[]},"streamDeclarations":`},
		"broken":            {`"dataFlows":[`, `"dataFlows":5,"x":[`},
	} {
		changed := strings.Replace(body, change[0], change[1], 1)
		if changed == body {
			t.Fatalf("%s changes nothing", name)
		}
		r := b.refused(400, "InvalidPayload", "PUT", dir+"dataCollectionRules/other", ruleV, changed)
		if !strings.Contains(r.message(), "Data collection rule is invalid: ") {
			t.Errorf("%s: %s", name, r.text)
		}
	}
	b.refused(400, "UnsupportedProperty", "PUT", dir+"dataCollectionEndpoints/other", ruleV, `{"location":"westeurope","properties":{"networkAcls":{"publicNetworkAccess":"Disabled"}}}`)
}
