package rows

import (
	"slices"

	"reslog/catalog"
	"reslog/internal/jsonlex"
	"reslog/kql"
	"reslog/resource"
)

// Stream makes rows of JSON objects whose columns are declared, as the Logs
// Ingestion API takes them. It is a part of its Builder.
type Stream struct {
	b     *Builder
	t     *table
	field map[string]int
}

// Stream returns the stream that fills a table, with the columns of its
// declaration. A time that an object does not have is that of receipt.
func (b *Builder) Stream(table string, columns []kql.Column) *Stream {
	all := slices.DeleteFunc(slices.Clone(columns), func(c kql.Column) bool { return computed(c.Name) })
	t := newTable(catalog.NewTable(table, all))
	b.tables = append(b.tables, t)
	s := &Stream{b: b, t: t, field: make(map[string]int, len(all))}
	for _, c := range all {
		s.field[c.Name] = t.index[c.Name]
	}
	return s
}

// Add makes a row of an object. Names are case-sensitive; members that are not
// declared are dropped, as are those that the store makes.
func (s *Stream) Add(object []byte) error {
	b, t := s.b, s.t
	end, err := b.posted(object)
	if err != nil {
		return err
	}
	t.begin()
	for i := 0; i < end; i = b.parser.members[i].end {
		m := &b.parser.members[i]
		if i, ok := s.field[m.name]; ok && i != t.billed && i != t.billable {
			t.setValue(&b.arena, i, m.value)
		}
	}
	if ticks, ok := t.row[t.time].(int64); ok {
		t.setInteger(t.time, b.timely(ticks))
	} else {
		t.setInteger(t.time, b.now())
	}
	t.end()
	b.count++
	return nil
}

// posted takes an object apart.
func (b *Builder) posted(object []byte) (end int, err error) {
	if len(object) > MaxLine {
		return 0, unusable("the object has %d bytes, at most %d are taken", len(object), MaxLine)
	}
	end, ok := b.parse(object)
	if !ok {
		return 0, unusable("this is not a JSON object")
	}
	return end, nil
}

// CollectorOptions are what the headers of the HTTP Data Collector API say.
type CollectorOptions struct {
	// Resource is x-ms-AzureResourceId; zero for none.
	Resource resource.ID
	// TimeField is time-generated-field: the member that holds the time. Without
	// it, or when it is none, the time is that of receipt.
	TimeField string
	// Columns are those that the table has already, for its bound of 500.
	Columns []kql.Column
}

// Collector makes rows of JSON objects with columns by the types of their values,
// as the HTTP Data Collector API does. It is a part of its Builder.
type Collector struct {
	b *Builder
	t *table
	o CollectorOptions
}

// maxCollected bounds the names of what is posted, without suffix.
const maxCollected = 45

// Collector returns the collector that fills the table of a log type, which is
// its name and _CL.
func (b *Builder) Collector(logType string, o CollectorOptions) *Collector {
	t := newTable(catalog.NewTable(logType+"_CL", nil))
	t.know(o.Columns)
	b.tables = append(b.tables, t)
	return &Collector{b: b, t: t, o: o}
}

// Add makes a row of an object. Nulls are dropped; objects and arrays are text.
// An object with a name that is too long, or that needs more columns than a table
// may have, cannot become a row.
func (c *Collector) Add(object []byte) error {
	b, t := c.b, c.t
	end, err := b.posted(object)
	if err != nil {
		return err
	}
	if err := c.room(end); err != nil {
		return err
	}
	t.begin()
	t.setText(t.source, "RestAPI")
	t.setText(t.resource, string(c.o.Resource.Key()))
	ticks := b.now()
	for i := 0; i < end; i = b.parser.members[i].end {
		m := &b.parser.members[i]
		suffix, v := b.arena.typed(m.value)
		if v == nil {
			continue
		}
		if m.name == c.o.TimeField && suffix == 't' {
			if at, ok := v.(int64); ok {
				ticks = b.timely(at)
			}
		}
		b.name = append(appendName(b.name[:0], m.name), '_', suffix)
		i, ok := t.index[string(b.name)]
		if !ok {
			i = t.add(kql.Column{Name: string(b.name), Type: suffixType(suffix)})
		}
		t.set(i, v)
	}
	t.setInteger(t.time, ticks)
	t.end()
	b.count++
	return nil
}

// room reports an error when the columns of an object cannot be made.
func (c *Collector) room(end int) error {
	more := 0
	members := c.b.parser.members
	for i := 0; i < end; i = members[i].end {
		m := &members[i]
		if len(m.name) > maxCollected || m.name == "" {
			return unusable("the name %.60q has %d characters, want 1 to %d", m.name, len(m.name), maxCollected)
		}
		suffix, v := c.b.arena.typed(m.value)
		c.b.name = append(appendName(c.b.name[:0], m.name), '_', suffix)
		if _, ok := c.t.index[string(c.b.name)]; !ok && v != nil && !c.t.known[string(c.b.name)] {
			more++
		}
	}
	if more > 0 && c.t.total()+more > maxColumns {
		return unusable("the table would have more than %d columns", maxColumns)
	}
	return nil
}

// Elements calls fn for every object of a posted body, which is an array of
// objects or a single one. fn's error ends it and is returned.
func Elements(body []byte, fn func(object []byte) error) error {
	var a arena
	s := a.add(body)
	i := jsonlex.SkipSpace(s, 0)
	if i == len(s) || s[i] != '[' {
		return fn(body)
	}
	if i = jsonlex.SkipSpace(s, i+1); i < len(s) && s[i] == ']' && jsonlex.SkipSpace(s, i+1) == len(s) {
		return nil
	}
	for {
		_, end := scanValue(s, i, 1)
		if end < 0 {
			return unusable("the body is not a JSON array of objects, from byte %d on", i)
		}
		if err := fn([]byte(s[i:end])); err != nil {
			return err
		}
		i = jsonlex.SkipSpace(s, end)
		switch {
		case i < len(s) && s[i] == ',':
			i = jsonlex.SkipSpace(s, i+1)
		case i < len(s) && s[i] == ']' && jsonlex.SkipSpace(s, i+1) == len(s):
			return nil
		default:
			return unusable("the body is not a JSON array of objects, from byte %d on", i)
		}
	}
}
