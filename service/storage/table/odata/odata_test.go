package odata

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"reslog/service/storage/tablestore"
)

// example is an entity with a property of each type.
func example() *tablestore.Entity {
	number := func(name string, t tablestore.Type, n int64) tablestore.Property {
		return tablestore.Property{Name: name, Type: t, Number: n}
	}
	text := func(name string, t tablestore.Type, s string) tablestore.Property {
		return tablestore.Property{Name: name, Type: t, Text: s}
	}
	ticks := func(s string) int64 {
		n, _ := parseDateTime(s)
		return n
	}
	return &tablestore.Entity{
		Key:       tablestore.Key{Partition: "part", Row: "row's"},
		Timestamp: time.Date(2024, 2, 29, 12, 30, 15, 1234567*100, time.UTC),
		Properties: []tablestore.Property{
			text("Text", tablestore.String, "o'clock"), text("Empty", tablestore.String, ""), text("Größe", tablestore.String, "ü"),
			text("Digits", tablestore.String, "5"),
			number("Int", tablestore.Int32, 5), number("Negative", tablestore.Int32, -7), number("Long", tablestore.Int64, 5),
			number("Big", tablestore.Int64, math.MaxInt64),
			number("Double", tablestore.Double, int64(math.Float64bits(5))), number("Half", tablestore.Double, int64(math.Float64bits(0.5))),
			number("NaN", tablestore.Double, int64(math.Float64bits(math.NaN()))), number("Infinite", tablestore.Double, int64(math.Float64bits(math.Inf(-1)))),
			number("Yes", tablestore.Boolean, 1), number("No", tablestore.Boolean, 0),
			number("Day", tablestore.DateTime, ticks("2020-05-17")),
			text("ID", tablestore.GUID, "c9da6455-213d-42c9-9a79-3e9149a57833"), text("Bytes", tablestore.Binary, "\x0a\xff"),
			number("_x1", tablestore.Int32, 1),
		},
	}
}

func TestMatch(t *testing.T) {
	for expression, want := range map[string]bool{
		"":                       true,
		"  ":                     true,
		"true":                   true,
		"false":                  false,
		"PartitionKey eq 'part'": true,
		"'part' eq PartitionKey": true,
		"PartitionKey eq 'Part'": false,
		"RowKey eq 'row''s'":     true,
		"RowKey gt 'row' and 'row' lt RowKey and 'row''t' gt RowKey": true,
		"Timestamp eq datetime'2024-02-29T12:30:15.1234567Z'":        true,
		"Timestamp gt datetime'2024-02-29T12:30:15.1234566Z'":        true,
		"Timestamp lt datetime'2024-02-29T13:30:15.1234568+01:00'":   true,
		"Timestamp ge datetime'2024-03-01'":                          false,

		// Strings.
		"Text eq 'o''clock'": true,
		"Text eq ''''":       false,
		"Empty eq ''":        true,
		"Empty ne ''":        false,
		"Größe eq 'ü'":       true,
		"Digits lt '10'":     false, // as text

		// Numbers.
		"Int eq 5":                    true,
		"Int eq 5L":                   false, // another type
		"Int ne 5L":                   true,
		"Int eq 5.0":                  false,
		"Long eq 5":                   true,
		"Long ge 5":                   true,
		"Long eq 5L":                  true,
		"Long lt 5l":                  false,
		"Double eq 5":                 false,
		"Double gt 4":                 false,
		"Double eq 5.0":               true,
		"Double eq 5D":                true,
		"Double eq 0.5e1":             true,
		"Double le 5E+0":              true,
		"Half lt 1e0":                 true,
		"Half gt 5e-2":                true,
		"Negative eq -7":              true,
		"Negative lt -6":              true,
		"Big eq 9223372036854775807L": true,
		"Big gt 2147483647":           true,
		"NaN eq NaN":                  false,
		"NaN ne NaN":                  true,
		"NaN lt 1.0":                  false,
		"Infinite eq -INF":            true,
		"Infinite lt -1e308":          true,
		"Double lt INF":               true,

		// Other types.
		"Yes":         true,
		"No":          false,
		"not No":      true,
		"not not Yes": true,
		"Yes eq true and No eq false and No lt true": true,
		"Yes ne true":                                      false,
		"Day eq datetime'2020-05-17T00:00:00Z'":            true,
		"Day lt datetime'2020-05-17T00:00:00.0000001'":     true,
		"Day lt DateTime'2020-05-17T00:01'":                true,
		"ID eq guid'C9DA6455-213D-42C9-9A79-3E9149A57833'": true,
		"ID gt guid'c9da6455-213d-42c9-9a79-3e9149a57832'": true,
		"ID eq 'c9da6455-213d-42c9-9a79-3e9149a57833'":     false,
		"Bytes eq X'0aFF'":                                 true,
		"Bytes eq binary'0aff'":                            true,
		"Bytes lt X'0aff00'":                               true,
		"Bytes gt X''":                                     true,

		// Properties that are not there, or of another type.
		"Missing eq 1":           false,
		"Missing ne 1":           false,
		"Missing lt ''":          false,
		"not (Missing eq 1)":     true,
		"not Missing":            true,
		"Missing":                false,
		"int eq 5":               false, // names have case
		"Day ne ''":              true,
		"Double lt ''":           true,
		"Double gt ''":           false,
		"Digits gt 7":            true, // strings are the greatest
		"Digits eq 5":            false,
		"Yes gt 0":               false,
		"Text":                   false,
		"partitionkey eq 'part'": false,
		"Day gt guid'c9da6455-213d-42c9-9a79-3e9149a57833'": false,

		// Precedence, white space, names.
		"false and false or true":                   true,
		"false and (false or true)":                 false,
		"true or true and false":                    true,
		"not (false) and false":                     false,
		"(PartitionKey eq 'part')and(RowKey ne '')": true,
		"((PartitionKey)) eq ('part')":              true,
		"\tInt\n eq\r\n5\u00a0":                     true,
		"_x1 eq 1":                                  true,
		"1 eq 1":                                    true,
		"'a' gt 'b'":                                false,
		"true eq true":                              true,
	} {
		f, err := Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		e := example()
		got := within(f.Ranges, e.Key) && (f.Match == nil || f.Match(e))
		if got != want {
			t.Errorf("%s: %v", expression, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		expression string
		offset     int
		reason     string
	}{
		{"Int eq", 6, "it ends where"},
		{"eq 5", 3, `where an operator should be`},
		{"Int eq 5 and", 12, "it ends where"},
		{"Int eq 5 Yes", 9, `"Yes" is where`},
		{"Int == 5", 4, "= has no meaning"},
		{"Int EQ 5", 4, `"EQ" is where an operator should be`},
		{"Yes AND No", 4, `"AND" is where`},
		{"(Yes", 4, "closing parenthesis"},
		{"Yes)", 3, `")" is where`},
		{"()", 1, `")" is where`},
		{"Text eq 'abc", 8, "the string has no end"},
		{"Text eq 'abc''", 8, "the string has no end"},
		{`Text eq "abc"`, 8, "has no meaning"},
		{"Text eq null", 8, "null"},
		{"Text eq Other", 5, "one side of a comparison must be a constant"},
		{"Text eq 'a' eq true", 12, `"eq" is where`},
		{"(Text eq 'a') eq true", 14, "conditions cannot be compared"},
		{"not Text eq 'a'", 9, "not binds tighter"},
		{"5", 0, "Edm.Int32 is no condition"},
		{"Yes and 'x'", 8, "Edm.String is no condition"},
		{"PartitionKey", 0, "operand types Edm.String and Edm.Boolean"},
		{"PartitionKey eq 5", 16, "operand types Edm.String and Edm.Int32"},
		{"5L lt RowKey", 0, "operand types Edm.String and Edm.Int64"},
		{"Timestamp gt '2020-01-01'", 13, "operand types Edm.DateTime and Edm.String"},
		{"1 eq 1L", 5, "operand types"},
		{"Int eq 1498179600055", 7, "unrecognized 'Edm.Int32' literal '1498179600055'; an Edm.Int64 ends with L"},
		{"Int eq 9223372036854775808L", 7, "unrecognized 'Edm.Int64' literal"},
		{"Int eq 1e999", 7, "unrecognized 'Edm.Double' literal"},
		{"Int eq 1.", 7, "digits after its point"},
		{"Int eq 1e+", 7, "digits in its exponent"},
		{"Int eq .5", 7, "has no meaning"},
		{"Int eq -x", 7, "needs digits"},
		{"Int eq 5x", 7, "ends with x"},
		{"Int eq 5.0L", 7, "ends with L"},
		{"Day eq datetime'2020-13-01'", 7, "the datetime is not well formed"},
		{"Day eq datetime'2020-05-17 10:00'", 7, "the datetime is not well formed"},
		{"Day eq datetime'2020-05-17T1:00:00Z'", 7, "the datetime is not well formed"},
		{"Day eq datetime'2020-05-17T10:00:00,5Z'", 7, "the datetime is not well formed"},
		{"Day eq datetime'0000-05-17'", 7, "the datetime is not well formed"},
		{"Day eq datetime'0001-01-01T00:00+01:00'", 7, "the datetime is not well formed"},
		{"Day eq datetime'9999-12-31T23:00-02:00'", 7, "the datetime is not well formed"},
		{"Day eq datetime''", 7, "the datetime is not well formed"},
		{"Day eq datetime'2020", 15, "the string has no end"},
		{"ID eq guid'c9da6455213d42c99a793e9149a57833'", 6, "the guid is not well formed"},
		{"ID eq guid'c9da6455-213d-42c9-9a79-3e9149a5783g'", 6, "the guid is not well formed"},
		{"Bytes eq X'0'", 9, "the X is not well formed"},
		{"Bytes eq binary'zz'", 9, "the binary is not well formed"},
		{"Bytes eq x'00'", 9, "x is no type of constants"},
		{"\x00", 0, "has no meaning"},
		{strings.Repeat("a", MaxLength+1), MaxLength, "longer than"},
		{strings.Repeat("(", 100000/4) + "Yes", MaxDepth, "nested deeper"},
		{strings.Repeat("not ", 600) + "Yes", MaxDepth * 4, "nested deeper"},
		{"a" + strings.Repeat(" or a", 500), 500 * 5, "more than 500 comparisons"},
		{"1 eq 1" + strings.Repeat(" or 1 eq 1", 500), -1, "more than 500 comparisons"},
	} {
		f, err := Compile(c.expression)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%.60q: %v, %+v", c.expression, err, f)
			continue
		}
		if !strings.Contains(e.Reason, c.reason) || c.offset >= 0 && e.Offset != c.offset || e.Unsupported {
			t.Errorf("%.60q: %v (unsupported %v), want %q at %d", c.expression, e, e.Unsupported, c.reason, c.offset)
		}
		if len(e.Error()) > 300 {
			t.Errorf("%.60q: an error of %d bytes", c.expression, len(e.Error()))
		}
	}
}

// TestUnsupported is about what OData has and the service answers with
// NotImplemented.
func TestUnsupported(t *testing.T) {
	for expression, offset := range map[string]int{
		"startswith(Text, 'o')":                       0,
		"Yes and substringof('o', Text)":              8,
		"Int add 1 eq 6":                              4,
		"Int eq 12 mod 7":                             10,
		"Int eq 5M":                                   7,
		"Int eq 5.5f":                                 7,
		"Day eq time'13:20:00'":                       7,
		"Day eq datetimeoffset'2020-01-01T00:00:00Z'": 7,
	} {
		_, err := Compile(expression)
		var e *Error
		if !errors.As(err, &e) || !e.Unsupported || e.Offset != offset {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestTables(t *testing.T) {
	names := []string{"Customers", "Orders", "customers2"}
	for expression, want := range map[string]string{
		"":                      "Customers Orders customers2",
		"true":                  "Customers Orders customers2",
		"false":                 "",
		"TableName eq 'Orders'": "Orders",
		"TableName eq 'orders'": "",
		"'Orders' eq TableName": "Orders",
		"TableName ge 'Cus' and TableName lt 'Cus{'":            "Customers",
		"not (TableName eq 'Orders')":                           "Customers customers2",
		"TableName eq 'Customers' or TableName eq 'customers2'": "Customers customers2",
	} {
		match, err := CompileTables(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		var got []string
		for _, name := range names {
			if match == nil || match(name) {
				got = append(got, name)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s", expression, s)
		}
	}
	for _, expression := range []string{"PartitionKey eq 'a'", "Timestamp gt datetime'2020-01-01'", "TableName eq 5", "TableName", "TableName eq"} {
		if _, err := CompileTables(expression); err == nil {
			t.Errorf("%s was taken", expression)
		}
	}
	if _, err := Compile("TableName eq 'a'"); err != nil {
		t.Errorf("a property of that name: %v", err)
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	for _, expression := range []string{
		"PartitionKey ge 'part' and RowKey lt 'z'",
		"Int eq 5 and (Text gt 'a' or Missing eq 1) and not (Day lt datetime'2000-01-01')",
		"a eq 1 or b eq 1 or c eq 1 or d eq 1 or e eq 1 or f eq 1 or g eq 1 or h eq 1 or Int eq 5",
	} {
		f, err := Compile(expression)
		if err != nil {
			t.Fatal(err)
		}
		e := example()
		if !f.Match(e) {
			t.Errorf("%s does not match", expression)
		}
		if n := testing.AllocsPerRun(1000, func() { f.Match(e) }); n >= 1 {
			t.Errorf("%s: %v allocations", expression, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	f, err := Compile("PartitionKey eq 'part' and Int eq 5 and Day gt datetime'2000-01-01' and Text ge 'o'")
	if err != nil {
		b.Fatal(err)
	}
	e := example()
	b.ReportAllocs()
	for b.Loop() {
		if !f.Match(e) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile("PartitionKey eq 'part' and RowKey ge 'a' and RowKey lt 'b' and Size gt 10L"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompileWide(b *testing.B) {
	var s strings.Builder
	for i := range MaxComparisons {
		if i > 0 {
			s.WriteString(" or ")
		}
		s.WriteString("PartitionKey eq '" + string(rune('a'+i*7%26)) + string(rune('a'+i%26)) + strings.Repeat("x", i%17) + "'")
	}
	expression := s.String()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(expression); err != nil {
			b.Fatal(err)
		}
	}
}
