package rows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"reslog/catalog"
	"reslog/kql"
	"reslog/record"
	"reslog/resource"
)

// ErrUnusable is wrapped by the errors about what cannot become a row. Trying
// again does not help.
var ErrUnusable = errors.New("this cannot become a row")

func unusable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnusable, fmt.Sprintf(format, args...))
}

// MaxLine bounds a line or an object, in bytes.
const MaxLine = 4 << 20

// Config says how rows are made.
type Config struct {
	// Dedicated puts records into the tables of their categories. Otherwise they go
	// to AzureDiagnostics.
	Dedicated bool
	// Columns are the columns that a table has already, of which AzureDiagnostics
	// matters: no more than 500 are made there, what comes then goes to
	// AdditionalFields. Nil: it has its fixed columns only.
	Columns func(table string) []kql.Column
	// Now makes the rule of ingestion hold, that a time of more than two days ago
	// or of more than a day ahead is that of receipt instead. Nil keeps all times:
	// an archive is read for what it says. Times that posted objects do not say
	// are Now's, of the system's clock when it is nil.
	Now func() time.Time
}

// Builder makes rows and collects them by table. It is for one goroutine.
type Builder struct {
	cfg    Config
	tables []*table
	named  map[string]*table // of the catalogue
	shapes map[*table]*shape
	places map[origin]*place
	arena  arena
	count  int
	// members is memory for the members of objects, by how deep they lie.
	members [][]member
	name    []byte // a column's, while it is made
	extra   []byte // AdditionalFields, while they are made
}

// NewBuilder returns a Builder without rows.
func NewBuilder(cfg Config) *Builder {
	return &Builder{cfg: cfg, named: map[string]*table{}, shapes: map[*table]*shape{}, places: map[origin]*place{}}
}

// Len returns how many rows there are to take.
func (b *Builder) Len() int { return b.count }

// Take returns the rows made since the last Take, a table each, in the order
// in which tables came up; within a table in the order of the calls.
func (b *Builder) Take() []Rows {
	var all []Rows
	for _, t := range b.tables {
		if len(t.rows) > 0 {
			all = append(all, t.take())
		}
	}
	b.count = 0
	b.arena = arena{}
	for _, m := range b.members {
		clear(m[:cap(m)]) // they hold on to the lines
	}
	if len(b.places) > maxPlaces {
		clear(b.places)
	}
	return all
}

// table returns the table of the catalogue with a name.
func (b *Builder) table(name string) *table {
	if t, ok := b.named[name]; ok {
		return t
	}
	schema, ok := catalog.Table(name)
	if !ok {
		schema = catalog.NewTable(name, nil)
	}
	t := newTable(schema)
	if name == diagnosticsTable && b.cfg.Columns != nil {
		for _, c := range b.cfg.Columns(name) {
			if _, has := t.index[c.Name]; !has && !computed(c.Name) {
				t.add(c)
			}
		}
	}
	b.named[name] = t
	b.tables = append(b.tables, t)
	return t
}

// origin is where a line comes from, in the words of the line.
type origin struct {
	resource string
	category record.Category
}

// place is what is known of an origin.
type place struct {
	table *table
	id    string // in lower case, for _ResourceId
	// The rest is of AzureDiagnostics and AzureMetrics, in upper case but for the
	// subscription.
	upper, name, group, provider, typ, subscription string
}

// maxPlaces bounds how many origins are remembered from one Take to the next.
const maxPlaces = 4096

// place finds out where rows of an origin go.
func (b *Builder) place(o origin, metrics bool) *place {
	if p, ok := b.places[o]; ok {
		return p
	}
	// What is remembered must not hold on to the line.
	o = origin{strings.Clone(o.resource), record.Category(strings.Clone(string(o.category)))}
	id, err := resource.Parse(o.resource)
	p := &place{id: strings.ToLower(o.resource)}
	name := diagnosticsTable
	if err == nil {
		p.id = string(id.Key())
		p.upper, p.name, p.group = id.Upper(), strings.ToUpper(id.Name()), strings.ToUpper(id.ResourceGroup())
		p.provider, p.typ, _ = strings.Cut(strings.ToUpper(id.Type()), "/")
		p.subscription = strings.ToLower(id.SubscriptionID())
		if typ, ok := catalog.Find(id.Type()); ok && b.cfg.Dedicated {
			if c, ok := typ.Log(string(o.category)); ok && c.Table != "" {
				name = c.Table
			}
		}
	} else {
		p.upper = strings.ToUpper(o.resource)
	}
	if metrics || catalog.IsMetrics(o.category) {
		name = metricsTable
	}
	p.table = b.table(name)
	b.places[o] = p
	return p
}

// scratch returns memory for the members of an object that lies depth deep.
func (b *Builder) scratch(depth int) []member {
	for len(b.members) <= depth {
		b.members = append(b.members, make([]member, 0, 32))
	}
	return b.members[depth][:0]
}

// parse returns the members of the object that s is.
func (b *Builder) parse(s string, depth int) ([]member, bool) {
	m, ok := parseObject(b.scratch(depth), s, &b.arena)
	b.members[depth] = m
	return m, ok
}

// timely returns a time of a row by the rule of Config.Now.
func (b *Builder) timely(ticks int64) int64 {
	if b.cfg.Now == nil {
		return ticks
	}
	now, ok := ticksOf(b.cfg.Now())
	if ok && (ticks < now-2*ticksDay || ticks > now+ticksDay) {
		return now
	}
	return ticks
}

func (b *Builder) now() int64 {
	now := time.Now
	if b.cfg.Now != nil {
		now = b.cfg.Now
	}
	ticks, _ := ticksOf(now())
	return ticks
}

// find returns the value of the first member with one of the names, in order of
// the names.
func find(members []member, names ...string) (value, bool) {
	for _, name := range names {
		i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
		if i < 0 {
			i = slices.IndexFunc(members, func(m member) bool { return strings.EqualFold(m.name, name) })
		}
		if i >= 0 && members[i].value.kind != null {
			return members[i].value, true
		}
	}
	return value{}, false
}
