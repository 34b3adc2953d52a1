package storage

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestHTTPTime holds dates against those of the standard library.
func TestHTTPTime(t *testing.T) {
	times := []time.Time{{}, time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC), time.Date(2024, 2, 29, 1, 2, 3, 4, time.FixedZone("", -7200))}
	for range 1000 {
		times = append(times, time.Unix(rand.Int64N(253_402_300_800), 0))
	}
	for _, at := range times {
		if got, want := HTTPTime(at), at.UTC().Format(http.TimeFormat); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
