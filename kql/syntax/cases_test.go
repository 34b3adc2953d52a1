package syntax

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the parser gives into the case files")

// testCase is a query of a file in testdata, which begins with `== name`. The
// sections after it say what Parse makes of it: `-- text` as Format writes it,
// `-- tree` the tree, `-- error` why it is refused.
type testCase struct {
	file, name, query string
	sections          []section
}

type section struct{ kind, text string }

func cases(t testing.TB) []testCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.kqltest")
	if err != nil || len(files) == 0 {
		t.Fatal("no case files", err)
	}
	var list []testCase
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split("\n"+string(text), "\n== ")[1:] {
			name, rest, _ := strings.Cut(block, "\n")
			parts := strings.Split("\n"+rest, "\n-- ")
			c := testCase{file: file, name: name, query: strings.Trim(parts[0], "\n")}
			for _, part := range parts[1:] {
				kind, text, _ := strings.Cut(part, "\n")
				c.sections = append(c.sections, section{kind, strings.Trim(text, "\n")})
			}
			list = append(list, c)
		}
	}
	return list
}

func TestCases(t *testing.T) {
	written := map[string]string{}
	list := cases(t)
	for _, c := range list {
		t.Run(strings.TrimSuffix(filepath.Base(c.file), ".kqltest")+"/"+c.name, func(t *testing.T) {
			written[c.file] += "== " + c.name + "\n" + c.query + "\n"
			if len(c.sections) == 0 {
				t.Fatal("nothing is expected")
			}
			for _, s := range c.sections {
				got := outcome(t, c.query, s.kind)
				written[c.file] += "-- " + s.kind + "\n" + got + "\n"
				if got != s.text && !*update {
					t.Errorf("%s:\n%s\nwant:\n%s", s.kind, got, s.text)
				}
			}
			written[c.file] += "\n"
		})
	}
	if *update {
		for file, text := range written {
			if err := os.WriteFile(file, []byte(strings.TrimSuffix(text, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// outcome is what a section should have.
func outcome(t *testing.T, query, kind string) string {
	q, err := Parse(query)
	if kind == "error" {
		e := (*Error)(nil)
		if !errors.As(err, &e) {
			t.Fatalf("no error but %v", err)
		}
		return e.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	if wrong := roundTrip(q); wrong != "" {
		t.Error(wrong)
	}
	spans(t, q)
	if kind == "text" {
		return Format(q)
	}
	var b strings.Builder
	for i, s := range q.Statements {
		if i > 0 {
			b.WriteByte('\n')
		}
		tree(&b, reflect.ValueOf(s))
	}
	return b.String()
}

// tree writes a tree on a line: names and literals as they are, of everything else
// the fields that are set.
func tree(b *strings.Builder, v reflect.Value) {
	switch x := v.Interface().(type) {
	case Name:
		b.WriteString(x.Text)
		if x.Wild {
			b.WriteString("(wild)")
		}
		return
	case *Ref:
		tree(b, reflect.ValueOf(x.Name))
		return
	case *Star:
		b.WriteString("*")
		return
	case *Literal:
		fmt.Fprintf(b, "%s(%s)", [...]string{"", "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"}[x.Kind], x.Text)
		if x.Hidden {
			b.WriteString("hidden")
		}
		return
	case string:
		fmt.Fprintf(b, "%q", x)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		tree(b, v.Elem())
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(' ')
			}
			tree(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Struct:
		b.WriteString("(" + v.Type().Name())
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Type == reflect.TypeFor[Span]() || f.Name == "Source" && f.Type.Kind() == reflect.String || v.Field(i).IsZero() {
				continue
			}
			b.WriteString(" " + f.Name + "=")
			tree(b, v.Field(i))
		}
		b.WriteByte(')')
	default:
		fmt.Fprint(b, v)
	}
}

// spans fails where a part of a tree is not within the whole.
func spans(t *testing.T, q *Query) {
	t.Helper()
	within(t, Span{0, len(q.Source)}, reflect.ValueOf(q))
}

func within(t *testing.T, outer Span, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			within(t, outer, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			within(t, outer, v.Index(i))
		}
	case reflect.Struct:
		if v.IsZero() {
			return
		}
		if n, ok := v.Interface().(Node); ok {
			s := n.Pos()
			if s.Start < outer.Start || s.End > outer.End || s.Start > s.End {
				t.Errorf("%s: %v is not within %v", v.Type().Name(), s, outer)
			}
			outer = s
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Type != reflect.TypeFor[Span]() {
				within(t, outer, v.Field(i))
			}
		}
	}
}
