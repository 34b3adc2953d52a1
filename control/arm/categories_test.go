package arm

import (
	"net/http"
	"strings"
	"testing"
)

func TestCategories(t *testing.T) {
	n := newSettingsNode(t)
	show := func(scope, name, properties string) string {
		return `{"id":"` + strings.ToLower(scope) + `/providers/microsoft.insights/diagnosticSettingsCategories/` + name +
			`","type":"microsoft.insights/diagnosticSettingsCategories","name":"` + name + `","location":null,"kind":null,"tags":null,"properties":` + properties + `,"identity":null}`
	}
	for version, groups := range map[string][2]string{version2017: {}, version2021: {`,"categoryGroups":["allLogs"]`, `,"categoryGroups":["audit","allLogs"]`}} {
		logs := show(srcChat, "AllLogs", `{"categoryType":"Logs"`+groups[0]+`}`)
		metrics := show(srcChat, "AllMetrics", `{"categoryType":"Metrics"}`)
		if got := n.must(t, "GET", srcChat, "DiagnosticSettingsCategories?"+version, ""); got != `{"value":[`+logs+`,`+metrics+`]}` {
			t.Errorf("list of version %s: %s", version, got)
		}
		if got := n.must(t, "GET", strings.ToUpper(srcChat), "diagnosticSettingsCategories/alllogs?"+version, ""); got != logs {
			t.Errorf("one of version %s: %s", version, got)
		}
		want := show(srcBlobs, "StorageRead", `{"categoryType":"Logs"`+groups[1]+`}`)
		if got := n.must(t, "GET", srcBlobs, "diagnosticSettingsCategories/StorageRead?"+version, ""); got != want {
			t.Errorf("one of version %s: %s", version, got)
		}
	}
	for scope, c := range map[string]struct {
		status int
		want   string
	}{
		srcChat:          {404, flatBody("ResourceNotFound", "The diagnostic settings category 'Nope' doesn't exist.")},
		srcChat + "Gone": {404, flatBody("ResourceNotFound", "The Resource 'Microsoft.SignalRService/SignalR/ChatGone' under resource group 'RG' was not found.")},
	} {
		if status, got := n.do(t, http.MethodGet, scope, "diagnosticSettingsCategories/Nope", ""); status != c.status || got != c.want {
			t.Errorf("%d %s, want %s", status, got, c.want)
		}
	}
}
