package syntax

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpora is the folder of collected queries, empty if none is given.
func corpora(t testing.TB) string {
	t.Helper()
	return os.Getenv("RESLOG_KQL_CORPORA")
}

// collected calls f with every query of the folder that the official parser takes,
// and with those that it refuses.
func collected(t testing.TB, folder string, f func(name, query string, invalid bool)) {
	t.Helper()
	root := filepath.Join(folder, "queries")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		f(strings.TrimPrefix(path, root+"/"), string(text), strings.Contains(path, "/invalid/"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl", "docs-cases.jsonl"} {
		lines(t, filepath.Join(folder, name), func(c jsonCase) {
			if !c.Error {
				f(c.Source, c.Query, false)
			}
		})
	}
}

// jsonCase is a line of a file of cases.
type jsonCase struct {
	Source string `json:"source"`
	Query  string `json:"query"`
	Error  bool   `json:"error"` // refused by the engine, for whatever reason
}

func lines(t testing.TB, path string, f func(jsonCase)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 64<<20)
	for scan.Scan() {
		var c jsonCase
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		f(c)
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestCollectedQueries(t *testing.T) {
	folder := corpora(t)
	if folder == "" {
		t.Log("RESLOG_KQL_CORPORA is not set: no collected queries")
		return
	}
	n := 0
	collected(t, folder, func(name, query string, invalid bool) {
		n++
		q, err := Parse(query)
		switch {
		case invalid && err == nil:
			t.Errorf("%s: is taken", name)
		case invalid:
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			spans(t, q)
			if wrong := roundTrip(q); wrong != "" {
				t.Errorf("%s: %s", name, wrong)
			}
		}
	})
	t.Logf("%d queries", n)
}
