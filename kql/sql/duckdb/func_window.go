package duckdb

import (
	"strconv"

	"reslog/kql"
)

// windowCalls print functions over the rows before and after. A condition that
// restarts a count is in the partition of over already.
var windowCalls = windows{
	"prev": neighbour("lag"), "next": neighbour("lead"),
	"row_number": rowNumber, "row_cumsum": runningSum,
}

// neighbour prints prev and next (x, offset, default).
func neighbour(name string) emitWindow {
	return func(w *kql.WindowCall, args []string, over string) (string, error) {
		offset, fallback := int64(1), "NULL"
		if len(args) > 1 {
			n, ok := constantLong(w.Args[1])
			if !ok {
				return "", refuseWindow(w, "%s with an offset that is no constant is not supported", w.Func)
			}
			offset = n
		}
		if len(args) > 2 {
			fallback = args[2]
		} else if w.T == kql.String {
			fallback = "''"
		}
		return name + "(" + args[0] + ", " + strconv.FormatInt(offset, 10) + ", " + fallback + ") OVER (" + over + ")", nil
	}
}

// rowNumber counts from 1 or from its argument.
func rowNumber(_ *kql.WindowCall, args []string, over string) (string, error) {
	number := "row_number() OVER (" + over + ")"
	if len(args) == 0 {
		return number, nil
	}
	return number + " - 1 + " + args[0], nil
}

// runningSum leaves nulls out.
func runningSum(w *kql.WindowCall, args []string, over string) (string, error) {
	total := "coalesce(sum(" + args[0] + ") OVER (" + over + " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0)"
	if isReal(w.T) {
		return total, nil
	}
	return Dialect{}.Cast(w.T, narrowed(total)), nil
}
