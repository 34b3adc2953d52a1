package faulttest

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// metricsOf returns the metrics of a node.
func metricsOf(t *testing.T, admin string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, admin+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %s, %v", resp.Status, err)
	}
	return string(body)
}

// metric returns the sum of a metric over the series whose labels have all the parts.
func metric(t *testing.T, admin, name string, labels ...string) float64 {
	t.Helper()
	total, found := 0.0, false
next:
	for text := range strings.Lines(metricsOf(t, admin)) {
		rest, ok := strings.CutPrefix(text, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(rest, label) {
				continue next
			}
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
		if err != nil {
			t.Fatalf("metric %s: %v", name, err)
		}
		total, found = total+v, true
	}
	if !found {
		t.Errorf("there is no metric %s %v", name, labels)
	}
	return total
}
