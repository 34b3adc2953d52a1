//go:build cgo

package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/analytics/engine/enginetest"
	"reslog/kql"
)

// verdict is what became of a case.
type verdict struct {
	Area, Source, Query string
	Kind                kind
	// Why is what differs, What the name of what was refused.
	Why, What string
}

type kind uint8

const (
	right kind = iota
	refused
	wrong
	unsure // the case cannot be used
)

func (k kind) String() string { return [...]string{"right", "refused", "WRONG", "unusable"}[k] }

// patience is how long a query of a case may run.
const patience = 3 * time.Minute

// judge runs a case.
func judge(t *testing.T, q *enginetest.Queries, x example) verdict {
	t.Helper()
	v := verdict{Area: x.Area, Source: x.Source, Query: x.Query}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	results, err := q.Run(ctx, x.Query)
	var e *kql.Error
	isError := errors.As(err, &e)
	switch {
	case isError && e.Refused:
		v.Kind, v.What = refused, e.What
	case x.Fails && isError:
		v.Kind = right
	case x.Unusable != "":
		v.Kind, v.Why = unsure, x.Unusable
		if err == nil && differs(x, results[0]) == "" {
			v.Kind = right
		}
	case x.Fails && err == nil:
		v.Kind, v.Why = wrong, "the engine rejects it"
	case isError && x.Loose && (e.Code == "KS211" || e.Code == "KS204"):
		v.Kind, v.Why = unsure, "it names a function or a table that are not in it"
	case err != nil:
		first, _, _ := strings.Cut(err.Error(), "\n")
		v.Kind, v.Why = wrong, first
	default:
		v.Why = differs(x, results[0])
		if v.Why != "" && !loosely(x, results[0]) {
			v.Kind = wrong
		}
	}
	return v
}

var fickle = regexp.MustCompile(`\b(now|ago|rand|new_guid|sample|sample-distinct|take_any|any|current_principal)\b`)

// loosely compares an answer that is not the only one: of what is random or of the
// clock the columns and the number of rows, and of an innerunique join too, which
// keeps an arbitrary row.
func loosely(x example, got enginetest.Result) bool {
	c := comparison{x: x, got: got}
	arbitrary := hasInnerUnique(got.Plan.Root)
	if !fickle.MatchString(x.Query) && !arbitrary || x.LastLine != nil || c.columns() != "" {
		return false
	}
	return len(got.Rows) == x.RowCount
}

func hasInnerUnique(r kql.Rel) bool {
	if j, ok := r.(*kql.Join); ok && j.Kind == kql.InnerUnique {
		return true
	}
	return slices.ContainsFunc(kql.Inputs(r), hasInnerUnique)
}

// score is the number of verdicts of an area.
type score struct {
	area                            string
	right, refused, wrong, unusable int
}

func (s score) total() int { return s.right + s.refused + s.wrong }

func (s *score) add(k kind) {
	switch k {
	case right:
		s.right++
	case refused:
		s.refused++
	case wrong:
		s.wrong++
	case unsure:
		s.unusable++
	}
}

// scores counts verdicts by area, in order of appearance.
func scores(verdicts []verdict) []score {
	var out []score
	for _, v := range verdicts {
		at := slices.IndexFunc(out, func(s score) bool { return s.area == v.Area })
		if at < 0 {
			at = len(out)
			out = append(out, score{area: v.Area})
		}
		out[at].add(v.Kind)
	}
	return out
}

// frequencies lists what was refused, the most frequent first.
func frequencies(verdicts []verdict) []string {
	n := map[string]int{}
	for _, v := range verdicts {
		if v.Kind == refused {
			n[v.What]++
		}
	}
	var names []string
	for name := range n {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if n[a] != n[b] {
			return n[b] - n[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", n[name], name)
	}
	return names
}

func oneline(s string) string { return strings.Join(strings.Fields(s), " ") }
