package table

import (
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// What the Front cannot know when it lets a request through: which entity it is
// about, and what the commands of a batch are.

// admit decides whether the caller may run op on an entity of a table; key is nil
// for a query. The Front has found op allowed in general; admitCommand is for what
// it has not.
func admit(c *storage.Call, op *storage.Operation, table string, key *tablestore.Key) error {
	if op.Class == storage.Write && isMetrics(table) && c.Identity.Type != storage.System {
		return storage.ErrInsufficientAccountPermissions
	}
	if !c.Identity.IsSAS() {
		return nil
	}
	for i := range len(op.SAS) { // one is what the Front asked for
		if strings.IndexByte(c.Identity.SASPermissions, op.SAS[i]) < 0 {
			return storage.ErrAuthorizationPermissionMismatch
		}
	}
	t := c.Identity.Table
	if t != nil && (t.Name != strings.ToLower(table) || key != nil && !within(t, key)) {
		return storage.ErrAuthorizationFailure
	}
	return nil
}

// admitCommand is admit for a command of a batch, whose operation the Front does
// not see.
func admitCommand(c *storage.Call, op *storage.Operation, table string, key *tablestore.Key) error {
	if c.Identity.Type == storage.OAuth && !tokenAllows(c, op, table) {
		return storage.ErrAuthorizationPermissionMismatch
	}
	return admit(c, op, table, key)
}

// tokenAllows reports whether a bearer token allows all actions of one of the
// alternatives of op.
func tokenAllows(c *storage.Call, op *storage.Operation, table string) bool {
next:
	for _, all := range op.Actions {
		for _, a := range all {
			if !c.TokenAllows(table, a) {
				continue next
			}
		}
		return true
	}
	c.TokenLacks(table, op.Actions[0][0])
	return false
}

// within reports whether a key is one of those that a SAS is for.
func within(t *storage.SignedTable, k *tablestore.Key) bool {
	r := signedRange(t)
	return (r.From == nil || compareKeys(k, r.From) >= 0) && (r.To == nil || compareKeys(k, r.To) <= 0)
}

// signedRange are the keys that a SAS is for. A partition without a row is the
// whole of it.
//
// Source: REST API reference, "Create a service SAS", Table Storage access ranges.
func signedRange(t *storage.SignedTable) tablestore.Range {
	var r tablestore.Range
	if t.StartPartition != "" || t.StartRow != "" {
		r.From = &tablestore.Key{Partition: t.StartPartition, Row: t.StartRow}
	}
	switch {
	case t.EndPartition == "" && t.EndRow == "":
	case t.EndRow == "":
		// No entity has this key: it is behind all of the partition.
		r.To = &tablestore.Key{Partition: t.EndPartition + "\x00"}
	default:
		r.To = &tablestore.Key{Partition: t.EndPartition, Row: t.EndRow}
	}
	return r
}

// cut returns what of ranges (nil is everywhere) is in r.
func cut(ranges []tablestore.Range, r tablestore.Range) []tablestore.Range {
	if r.From == nil && r.To == nil {
		return ranges
	}
	if ranges == nil {
		return []tablestore.Range{r}
	}
	inside := make([]tablestore.Range, 0, len(ranges))
	for _, one := range ranges {
		if r.From != nil && (one.From == nil || compareKeys(one.From, r.From) < 0) {
			one.From = r.From
		}
		if r.To != nil && (one.To == nil || compareKeys(one.To, r.To) > 0) {
			one.To = r.To
		}
		if one.From == nil || one.To == nil || compareKeys(one.From, one.To) <= 0 {
			inside = append(inside, one)
		}
	}
	return inside
}

// compareKeys orders keys as the service does.
func compareKeys(a, b *tablestore.Key) int {
	if c := compareUnits(a.Partition, b.Partition); c != 0 {
		return c
	}
	return compareUnits(a.Row, b.Row)
}

// compareUnits orders strings by their UTF-16 code units: as UTF-8 sorts, but for
// the characters above U+FFFF, which come before those from U+E000 on.
func compareUnits(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0) {
			x, y = y, x // one of them begins a character above U+FFFF, the other none
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}
