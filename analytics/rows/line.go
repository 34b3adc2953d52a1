package rows

import (
	"time"

	"reslog/catalog"
	"reslog/record"
	"reslog/resource"
)

// Origin is what is known of a line beside what it says.
type Origin struct {
	// Resource and Category go before what the line says. Zero: the line says it.
	Resource resource.ID
	Category record.Category
	// Otherwise is the resource of a line that says none.
	Otherwise resource.ID
	// Time is that of a line that has none, or none that can be read. Zero: such a
	// line cannot become a row.
	Time time.Time
}

// Record makes a row of a record.
func (b *Builder) Record(r *record.Record) error {
	return b.Line(r.Line, Origin{Resource: r.Resource, Category: r.Category, Time: r.Time})
}

// Line makes a row of a resource log record or a metric, given as one JSON object
// of the common schema ("Common and service-specific schemas for Azure resource
// logs"). line is not kept.
func (b *Builder) Line(line []byte, o Origin) error {
	if len(line) > MaxLine {
		return unusable("the line has %d bytes, at most %d are taken", len(line), MaxLine)
	}
	end, ok := b.parse(line)
	if !ok {
		return unusable("the line is not a JSON object")
	}
	ticks, ok := b.lineTime(end, o.Time)
	if !ok {
		return unusable("the line says no time")
	}
	from := origin{resource: o.Resource.String(), category: o.Category}
	if from.resource == "" {
		if v, ok := b.find(end, "resourceId"); ok && v.kind == text {
			from.resource = b.arena.text(v)
		} else {
			from.resource = o.Otherwise.String()
		}
	}
	metrics := false
	if from.category == "" {
		if v, ok := b.find(end, "category", "type"); ok && v.kind == text {
			from.category = record.Category(b.arena.text(v))
		} else {
			_, metrics = b.find(end, "metricName")
		}
	}
	if metrics {
		from.category = catalog.AllMetrics
	}
	p := b.place(from, metrics)
	t := p.table
	t.begin()
	t.setInteger(t.time, b.timely(ticks))
	t.setText(t.resource, p.id)
	t.setText(t.source, "Azure")
	switch t.name {
	case diagnosticsTable:
		b.diagnostics(p, end)
		t.setCategory(from.category)
	case metricsTable:
		b.metrics(p, end)
	default:
		b.dedicated(t, end)
		t.setCategory(from.category)
	}
	t.end()
	b.count++
	return nil
}

// lineTime returns the time of a line; some services call it timestamp.
func (b *Builder) lineTime(end int, otherwise time.Time) (int64, bool) {
	for _, name := range [...]string{"time", "timestamp"} {
		if v, ok := b.find(end, name); ok && v.kind == text {
			if ticks, ok := parseTicks(b.arena.text(v)); ok {
				return ticks, true
			}
		}
	}
	if otherwise.IsZero() {
		return 0, false
	}
	return ticksOf(otherwise)
}

// setCategory sets the category of a record that does not say it.
func (t *table) setCategory(c record.Category) {
	if i, ok := t.index["Category"]; ok && t.row[i] == nil {
		t.setText(i, string(c))
	}
}
