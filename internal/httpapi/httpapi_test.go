package httpapi

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func TestBearerToken(t *testing.T) {
	longest := strings.Repeat("x", MaxToken)
	for header, want := range map[string]string{
		"Bearer a.b": "a.b", "bearer  a.b ": "a.b", "BEARER " + longest: longest,
		"": "", "Bearer": "", "Bearer ": "", "Basic a": "", "a.b": "", "Bearer " + longest + "x": "",
	} {
		got, ok := BearerToken(header)
		if got != want || ok != (want != "") {
			t.Errorf("%.40q: %.40q, %v; want %.40q", header, got, ok, want)
		}
	}
}

func TestPanicked(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	Panicked(log, "oh", "request panicked", "id", 7)
	for _, want := range []string{"level=ERROR", "request panicked", "id=7", "panic=oh", "TestPanicked"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	out.Reset()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler || out.Len() != 0 { //nolint:errorlint // the very value
			t.Errorf("%v, %s", p, out.String())
		}
	}()
	Panicked(log, http.ErrAbortHandler, "request panicked")
}
