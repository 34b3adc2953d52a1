package rows

import "reslog/kql"

// metrics fills a row of AzureMetrics: one metric of one minute, as metrics are
// exported: flat, without dimensions.
//
//	{"time":"…","resourceId":"…","metricName":"Transactions","timeGrain":"PT1M",
//	 "total":4,"count":4,"minimum":1,"maximum":1,"average":1}
//
// Source: "Azure Monitor metrics export through diagnostic settings", the table
// reference of AzureMetrics. The resource is in upper case there.
func (b *Builder) metrics(p *place, end int) {
	b.fill(p.table, b.shapeOf(p.table), 0, end)
	p.setResource()
}

// setResource sets the columns that say in parts which resource it was.
func (p *place) setResource() {
	t := p.table
	for _, c := range [...]struct{ name, value string }{
		{"ResourceId", p.upper},
		{"Resource", p.name},
		{"ResourceGroup", p.group},
		{"ResourceProvider", p.provider},
		{"ResourceType", p.typ},
		{"SubscriptionId", p.subscription},
	} {
		if i, ok := t.index[c.name]; ok && t.columns[i].Type == kql.String {
			t.setText(i, c.value)
		}
	}
}
