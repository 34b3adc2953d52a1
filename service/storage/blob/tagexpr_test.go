package blob

import (
	"strings"
	"testing"

	"reslog/service/storage/blobstore"
)

func TestTagConditions(t *testing.T) {
	tags := blobstore.Metadata{{Name: "Status", Value: "In Progress"}, {Name: "Age", Value: "050"}, {Name: "odd name", Value: "it's"}}
	for expr, want := range map[string]bool{
		`Status = 'In Progress'`:                            true,
		`Status <> 'Done'`:                                  true,
		`Missing <> 'Done'`:                                 false,
		`Age > '032' AND Age < '100'`:                       true,
		`Age>='050'and Age<='050'`:                          true,
		`Age < '050' OR Age > '050'`:                        false,
		`Status = 'Done' or Age > '032'`:                    true,
		`"odd name" = 'it''s'`:                              true,
		`(Age = '1' OR Age = '050') AND Status = 'x'`:       false,
		`Age = '1' OR Age = '050' AND Status='In Progress'`: true,
		`((Status = 'In Progress'))`:                        true,
	} {
		e, err := parseTagCondition(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got := e.match(tags); got != want {
			t.Errorf("%s: got %v", expr, got)
		}
	}
	for _, expr := range []string{
		``, `Status`, `Status =`, `Status = Done`, `= 'x'`, `Status = 'x' AND`, `Status = 'x`, `(Status = 'x'`, `Status = 'x')`,
		`Status = 'x' Age = 'y'`, `Status ! 'x'`, `@container = 'x'`, `NOT Status = 'x'`,
		strings.Repeat("(", 40) + "a='1'" + strings.Repeat(")", 40),
		"a='1'" + strings.Repeat(" AND a='1'", 11),
	} {
		if _, err := parseTagCondition(expr); err == nil {
			t.Errorf("%s: was taken", expr)
		}
	}
}

func TestTagQueries(t *testing.T) {
	e, err := parseTagQuery(`@container = 'logs' AND "a" >= '1' AND b = 'x'`)
	if err != nil {
		t.Fatal(err)
	}
	if !e.inContainer("logs") || e.inContainer("other") || !e.names("a") || e.names("c") {
		t.Error("container or names")
	}
	if !e.matchFound(blobstore.Metadata{{Name: "a", Value: "2"}, {Name: "b", Value: "x"}}) || e.matchFound(blobstore.Metadata{{Name: "a", Value: "2"}}) {
		t.Error("match")
	}
	for _, expr := range []string{`a = '1' OR b = '2'`, `a <> '1'`, `(a = '1')`, `@what = 'x'`} {
		if _, err := parseTagQuery(expr); err == nil {
			t.Errorf("%s: was taken", expr)
		}
	}
}
