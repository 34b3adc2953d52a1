package rows

import (
	"errors"
	"fmt"
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
	parser parser
	count  int
	name   []byte // a column's, while it is made
	extra  []byte // AdditionalFields, while they are made
}

// NewBuilder returns a Builder without rows.
func NewBuilder(cfg Config) *Builder {
	b := &Builder{cfg: cfg, named: map[string]*table{}, shapes: map[*table]*shape{}, places: map[origin]*place{}}
	b.parser.arena = &b.arena
	return b
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
	if m := b.parser.members; cap(m) > maxMembers {
		b.parser.members = nil
	} else {
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
		t.know(b.cfg.Columns(name))
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

// maxMembers bounds the memory for members that is kept from one Take to the next.
const maxMembers = 1 << 12

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

// parse takes an object apart, b.parser.members[:end].
func (b *Builder) parse(line []byte) (end int, ok bool) {
	b.parser.members = b.parser.members[:0]
	_, end, ok = b.parser.parse(b.arena.add(line))
	return end, ok
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

// find returns the value of the first member of the object with one of the
// names, in order of the names; in the case they are written in before any other.
func (b *Builder) find(end int, names ...string) (value, bool) {
	members := b.parser.members
	for _, name := range names {
		fold := -1
		for i := 0; i < end; i = members[i].end {
			switch m := &members[i]; {
			case len(m.name) != len(name) || m.value.kind == null:
			case m.name == name:
				return m.value, true
			case fold < 0 && strings.EqualFold(m.name, name):
				fold = i
			}
		}
		if fold >= 0 {
			return members[fold].value, true
		}
	}
	return value{}, false
}
