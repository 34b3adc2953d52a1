package odata

import (
	"cmp"
	"math"
	"sync"

	"reslog/service/storage/tablestore"
)

// predicate evaluates a condition on an entity. slots are its properties that the
// expression names, nil where it has none of that name.
type predicate func(e *tablestore.Entity, slots []*tablestore.Property) bool

// manyNames is from how many names on a map finds them faster than a loop.
const manyNames = 8

// matcher returns the function that evaluates c, names being those of its slots.
// Each is looked up once an entity, and nothing is allocated for it.
func matcher(c *condition, names []string) func(*tablestore.Entity) bool {
	match := c.predicate()
	if len(names) == 0 {
		return func(e *tablestore.Entity) bool { return match(e, nil) }
	}
	find := finder(names)
	pool := sync.Pool{New: func() any {
		slots := make([]*tablestore.Property, len(names))
		return &slots
	}}
	return func(e *tablestore.Entity) bool {
		slots, ok := pool.Get().(*[]*tablestore.Property)
		if !ok {
			return false // nothing else is put there
		}
		find(e, *slots)
		matches := match(e, *slots)
		clear(*slots)
		pool.Put(slots)
		return matches
	}
}

// finder returns the function that fills slots.
func finder(names []string) func(*tablestore.Entity, []*tablestore.Property) {
	if len(names) < manyNames {
		return func(e *tablestore.Entity, slots []*tablestore.Property) {
			for i := range e.Properties {
				for slot, name := range names {
					if e.Properties[i].Name == name {
						slots[slot] = &e.Properties[i]
						break
					}
				}
			}
		}
	}
	bySlot := make(map[string]int, len(names))
	for slot, name := range names {
		bySlot[name] = slot
	}
	return func(e *tablestore.Entity, slots []*tablestore.Property) {
		for i := range e.Properties {
			if slot, ok := bySlot[e.Properties[i].Name]; ok {
				slots[slot] = &e.Properties[i]
			}
		}
	}
}

// predicate compiles a condition.
func (c *condition) predicate() predicate {
	switch c.kind {
	case condConst:
		return func(*tablestore.Entity, []*tablestore.Property) bool { return c.value }
	case condNot:
		inner := c.list[0].predicate()
		return func(e *tablestore.Entity, slots []*tablestore.Property) bool { return !inner(e, slots) }
	case condCompare:
		return c.comparison()
	}
	decisive := c.kind == condOr
	list := make([]predicate, len(c.list))
	for i, part := range c.list {
		list[i] = part.predicate()
	}
	return func(e *tablestore.Entity, slots []*tablestore.Property) bool {
		for _, match := range list {
			if match(e, slots) == decisive {
				return decisive
			}
		}
		return !decisive
	}
}

// comparison compiles a comparison.
func (c *condition) comparison() predicate {
	switch c.property {
	case partitionKey:
		test := textTest(c.op, c.literal.text)
		return func(e *tablestore.Entity, _ []*tablestore.Property) bool { return test(e.Partition) }
	case rowKey:
		test := textTest(c.op, c.literal.text)
		return func(e *tablestore.Entity, _ []*tablestore.Property) bool { return test(e.Row) }
	case timestamp:
		test := orderedTest(c.op, c.literal.number)
		return func(e *tablestore.Entity, _ []*tablestore.Property) bool { return test(tablestoreTicks(e.Timestamp)) }
	}
	slot, test := int(c.property), c.literal.test(c.op)
	return func(_ *tablestore.Entity, slots []*tablestore.Property) bool {
		return slots[slot] != nil && test(slots[slot])
	}
}

// test returns the function that compares a property with the constant. What
// becomes of one with another type is in the package comment.
func (v literal) test(op operator) func(*tablestore.Property) bool {
	same := v.sameTypeTest(op)
	alsoInt64 := v.typ == tablestore.Int32
	others := op == opNE
	text := op.holds(1) // a string is greater than what is none
	if v.typ == tablestore.String {
		others = op.holds(-1)
	}
	return func(p *tablestore.Property) bool {
		switch {
		case p.Type == v.typ, alsoInt64 && p.Type == tablestore.Int64:
			return same(p)
		case p.Type == tablestore.String:
			return text
		}
		return others
	}
}

// sameTypeTest is test for properties of the constant's type.
func (v literal) sameTypeTest(op operator) func(*tablestore.Property) bool {
	switch v.typ {
	case tablestore.String:
		test := textTest(op, v.text)
		return func(p *tablestore.Property) bool { return test(p.Text) }
	case tablestore.Binary, tablestore.GUID:
		test := orderedTest(op, v.text)
		return func(p *tablestore.Property) bool { return test(p.Text) }
	case tablestore.Double:
		test := orderedTest(op, v.float)
		return func(p *tablestore.Property) bool { return test(math.Float64frombits(uint64(p.Number))) }
	}
	test := orderedTest(op, v.number)
	return func(p *tablestore.Property) bool { return test(p.Number) }
}

// property is the constant as a property has it.
func (v literal) property() *tablestore.Property {
	p := tablestore.Property{Type: v.typ, Text: v.text, Number: v.number}
	if v.typ == tablestore.Double {
		p.Number = int64(math.Float64bits(v.float))
	}
	return &p
}

// textTest compares strings as the service does.
func textTest(op operator, want string) func(string) bool {
	switch op {
	case opEQ:
		return func(s string) bool { return s == want }
	case opNE:
		return func(s string) bool { return s != want }
	}
	return func(s string) bool { return op.holds(compareText(s, want)) }
}

// orderedTest compares what Go compares in the same way. NaN is ne everything,
// and nothing else is true of it.
func orderedTest[T cmp.Ordered](op operator, want T) func(T) bool {
	switch op {
	case opEQ:
		return func(v T) bool { return v == want }
	case opNE:
		return func(v T) bool { return v != want }
	case opGT:
		return func(v T) bool { return v > want }
	case opGE:
		return func(v T) bool { return v >= want }
	case opLT:
		return func(v T) bool { return v < want }
	}
	return func(v T) bool { return v <= want }
}
