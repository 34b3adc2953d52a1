// Package odata is the filter language of the table service: $filter expressions
// are parsed, checked and compiled once a request, into the ranges of keys that can
// match and a function for the rest.
//
//	f, err := odata.Compile("PartitionKey eq 'a' and RowKey ge 'b' and Size gt 10L")
//	page, err := store.Query(ctx, account, table, tablestore.Query{Ranges: f.Ranges, Filter: f.Match})
//
// # The language
//
// A comparison has a property on one side and a constant on the other: eq, ne, gt,
// ge, lt, le. They are joined by and, or and not, with parentheses; not binds
// tightest, then comparisons, and, or. A Boolean property, true and false are
// conditions by themselves. All words are lower case. Constants:
//
//	'text', a quote inside it doubled      Edm.String
//	true, false                            Edm.Boolean
//	5, 5L                                  Edm.Int32, Edm.Int64
//	5.0, 1e5, 5D, NaN, INF, -INF           Edm.Double
//	datetime'2008-07-10T00:00:00Z'         Edm.DateTime, UTC when it names no zone
//	guid'…', X'0aff', binary'0aff'         Edm.Guid, Edm.Binary
//
// What else OData has, functions, arithmetic and other types, the service does not
// implement; null it refuses. Sources: REST API reference, "Querying tables and
// entities"; [MS-ODATA] 2.2.3.6.1.1 for precedence and literals.
//
// # What matches
//
// A comparison with a property that an entity does not have is false, whatever the
// operator; not of it is true. The reference says no more than that "the constant
// value must be of the same data type as the property in order for the filter to
// return valid results". What the service is seen to do with one of another type:
//
//   - 5 matches an Int32 and an Int64, 5L no Int32 (AzureStorageExplorer 5346), and
//     5 no Double (azure-storage-net 122, where "Score gt 5" finds nothing);
//   - a value of another type is not equal: eq is false and ne true, and it is less
//     than any string (Azurite 2342, where ne and lt with an empty string find dates
//     and doubles).
//
// Between two other types lt, le, gt and ge are false. A key with a constant that is
// no string, and Timestamp with one that is no datetime, is a mistake and refused.
//
// Strings compare by their UTF-16 code units, GUIDs as they are written, binaries by
// their bytes, false before true; NaN is equal to nothing and ne everything.
//
// # Bounds
//
// The reference permits 15 comparisons. The service takes more, and clients count on
// it (azure-diagnostics-tools 71 asks for dozens of ranges of partitions at once), so
// the bounds here are those of the constants below.
package odata

import (
	"fmt"
	"strings"

	"reslog/service/storage/tablestore"
)

// Bounds of an expression.
const (
	MaxLength      = 32 << 10 // bytes
	MaxComparisons = 500
	MaxDepth       = 500 // of parentheses and not
)

// Filter is a compiled expression. It may be used by any number of goroutines.
type Filter struct {
	// Ranges are the keys that can match, in order and disjoint; nil is all, an
	// empty slice none.
	Ranges []tablestore.Range
	// Match reports whether an entity within Ranges matches; nil when all do. It
	// keeps nothing of the entity.
	Match func(*tablestore.Entity) bool
}

// Error says what is wrong with an expression. It repeats at most a word of it.
type Error struct {
	// Offset is the byte of the expression at which it was noticed.
	Offset int
	Reason string
	// Unsupported says that it is good OData, but nothing the service implements.
	Unsupported bool
}

func (e *Error) Error() string {
	return fmt.Sprintf("filter, at position %d: %s", e.Offset, e.Reason)
}

// Compile compiles an expression over entities; "" matches all. Its errors are of
// type *Error.
func Compile(expression string) (Filter, error) {
	if strings.TrimSpace(expression) == "" {
		return Filter{}, nil
	}
	p := parser{schema: entities}
	c, err := p.parse(expression)
	if err != nil {
		return Filter{}, err
	}
	f := Filter{Ranges: ranges(c)}
	if c.kind != condConst {
		f.Match = matcher(c, p.names)
	}
	return f, nil
}

// CompileTables compiles an expression over tables, whose one property is
// TableName; it compares names as they were created, with regard to case. nil
// matches all. Its errors are of type *Error.
func CompileTables(expression string) (func(name string) bool, error) {
	if strings.TrimSpace(expression) == "" {
		return nil, nil
	}
	p := parser{schema: tables}
	c, err := p.parse(expression)
	if err != nil {
		return nil, err
	}
	match := c.predicate()
	return func(name string) bool {
		return match(&tablestore.Entity{Key: tablestore.Key{Partition: name}}, nil)
	}, nil
}
