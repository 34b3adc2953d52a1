package arm

import (
	"cmp"
	"net/http"
	"strings"

	"reslog/catalog"
	"reslog/resource"
)

const actionReadCategories = "Microsoft.Insights/diagnosticSettingsCategories/read"

// categories answers what is called on the categories of a resource: what it can
// log, logs before metrics. They are those of its type.
func (a *settingsAPI) categories(r *request, x extension) (answer, error) {
	if err := cmp.Or(knownVersion(r), extended(x)); err != nil {
		return answer{}, err
	}
	if len(x.rest) > 2 {
		return answer{}, noType(x, r.version)
	}
	if err := r.wantMethod(http.MethodGet); err != nil {
		return answer{}, err
	}
	if err := a.authorize(r, actionReadCategories, x.scope); err != nil {
		return answer{}, err
	}
	typ, err := a.rules.Source(x.id)
	if err != nil {
		return answer{}, settingError(err)
	}
	all := showCategories(x.id, typ, r.version)
	if len(x.rest) == 1 {
		return ok(map[string]any{"value": all})
	}
	for _, c := range all {
		if strings.EqualFold(c.Name, x.rest[1]) {
			return ok(c)
		}
	}
	return answer{}, notThere("The diagnostic settings category '%s' doesn't exist.", shorten(x.rest[1]))
}

type categoryProperties struct {
	CategoryType string `json:"categoryType"`
	// CategoryGroups are shown by the later version, for logs.
	CategoryGroups []string `json:"categoryGroups,omitempty"`
}

func showCategories(id resource.ID, typ *catalog.Type, version string) []insightsResource {
	list := []insightsResource{}
	add := func(c *catalog.Category, p categoryProperties) {
		if strings.EqualFold(version, version2021) {
			p.CategoryGroups = c.Groups
		}
		const kind = "diagnosticSettingsCategories"
		list = append(list, insightsResource{
			ID: insightsID(id, kind+"/"+string(c.Name)), Type: "microsoft.insights/" + kind, Name: string(c.Name), Properties: p,
		})
	}
	for i := range typ.Logs {
		add(&typ.Logs[i], categoryProperties{CategoryType: "Logs"})
	}
	for i := range typ.Metrics {
		add(&typ.Metrics[i], categoryProperties{CategoryType: "Metrics"})
	}
	return list
}
