package odata

import "reslog/service/storage/tablestore"

// operator is how a property is compared with a constant.
type operator uint8

const (
	opEQ operator = iota
	opNE
	opGT
	opGE
	opLT
	opLE
)

var operators = map[string]operator{"eq": opEQ, "ne": opNE, "gt": opGT, "ge": opGE, "lt": opLT, "le": opLE}

// mirrored is the operator with its sides changed.
func (o operator) mirrored() operator {
	return [...]operator{opEQ: opEQ, opNE: opNE, opGT: opLT, opGE: opLE, opLT: opGT, opLE: opGE}[o]
}

// holds reports whether an operator holds for two values of which the first is
// less (-1), the same (0) or greater (1).
func (o operator) holds(order int) bool {
	switch o {
	case opEQ:
		return order == 0
	case opNE:
		return order != 0
	case opGT:
		return order > 0
	case opGE:
		return order >= 0
	case opLT:
		return order < 0
	}
	return order <= 0
}

// conditionKind is what a condition is made of.
type conditionKind uint8

const (
	condConst conditionKind = iota
	condAnd
	condOr
	condNot
	condCompare
)

// condition is a checked expression. Conditions of and, or and not are joined
// flat and folded: a constant is never part of another condition.
type condition struct {
	kind  conditionKind
	value bool         // of a condConst
	list  []*condition // of condAnd and condOr, two at least; one of condNot
	// The rest is of a condCompare.
	property property
	op       operator
	literal  literal
}

// property is what a comparison looks at: a declared one, or a slot, the index of a
// name among those of the expression.
type property int

const (
	partitionKey property = -1 - iota
	rowKey
	timestamp
)

// schema are the declared properties of what a filter is over.
type schema struct {
	declared map[string]property
	closed   bool // there are no others
}

var (
	entities = &schema{declared: map[string]property{"PartitionKey": partitionKey, "RowKey": rowKey, "Timestamp": timestamp}}
	// A table is an entity whose partition key is its name.
	tables = &schema{declared: map[string]property{"TableName": partitionKey}, closed: true}
)

// typ is the type of a declared property.
func (p property) typ() tablestore.Type {
	if p == timestamp {
		return tablestore.DateTime
	}
	return tablestore.String
}

func constant(value bool) *condition { return &condition{kind: condConst, value: value} }

// join makes an and or an or of two conditions.
func join(kind conditionKind, left, right *condition) *condition {
	decisive := kind == condOr // the constant that decides alone
	switch {
	case left.kind == condConst:
		left, right = right, left
		fallthrough
	case right.kind == condConst:
		if right.value == decisive {
			return right
		}
		return left
	case left.kind != kind:
		left = &condition{kind: kind, list: []*condition{left}}
	}
	if right.kind == kind {
		left.list = append(left.list, right.list...)
	} else {
		left.list = append(left.list, right)
	}
	return left
}

// negate makes a not.
func negate(c *condition) *condition {
	switch c.kind {
	case condConst:
		return constant(!c.value)
	case condNot:
		return c.list[0]
	}
	return &condition{kind: condNot, list: []*condition{c}}
}
