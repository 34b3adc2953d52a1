package blob

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

func conditionCall(v storage.Version, lines map[string]string) *storage.Call {
	h := http.Header{}
	for k, value := range lines {
		h.Set(k, value)
	}
	return &storage.Call{Request: &http.Request{Header: h}, Version: v}
}

func statusOf(err error) int {
	var e *storage.Error
	if errors.As(err, &e) {
		return e.Status
	}
	if err != nil {
		return -1
	}
	return 200
}

// TestReadConditions is the examples of "Specifying conditional headers for read
// operations in version 2013-08-15 or later": what each header would give by
// itself, and what they give together.
func TestReadConditions(t *testing.T) {
	modified := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	before, after := modified.Add(-time.Hour).Format(http.TimeFormat), modified.Add(time.Hour).Format(http.TimeFormat)
	at := modified.Format(http.TimeFormat)
	const (
		im, inm = "If-Match", "If-None-Match"
		ims     = "If-Modified-Since"
		ius     = "If-Unmodified-Since"
	)
	for _, tc := range []struct {
		headers map[string]string
		want    int
	}{
		{nil, 200},
		{map[string]string{im: `"e"`}, 200},
		{map[string]string{im: `e`}, 200},
		{map[string]string{im: `*`}, 200},
		{map[string]string{im: `W/"e"`}, 200},
		{map[string]string{im: `"x"`}, 412},
		{map[string]string{im: `"x", "e"`}, 200},
		{map[string]string{inm: `"e"`}, 304},
		{map[string]string{inm: `"x"`}, 200},
		{map[string]string{inm: `"x","e"`}, 304},
		{map[string]string{inm: `*`}, 400},
		{map[string]string{ims: before}, 200},
		{map[string]string{ims: at}, 304},
		{map[string]string{ims: after}, 304},
		{map[string]string{ius: before}, 412},
		{map[string]string{ius: at}, 200},
		// Example 1
		{map[string]string{im: `"x"`, ims: before}, 412},
		{map[string]string{im: `"x"`, ims: after}, 412},
		{map[string]string{im: `"e"`, ims: before}, 200},
		{map[string]string{im: `"e"`, ims: after}, 304},
		// Example 2
		{map[string]string{inm: `"e"`, ims: before}, 200},
		{map[string]string{inm: `"x"`, ims: before}, 200},
		{map[string]string{inm: `"x"`, ims: after}, 200},
		{map[string]string{inm: `"e"`, ims: after}, 304},
		// Example 3
		{map[string]string{ims: before, im: `"x"`, ius: after}, 412},
		{map[string]string{ims: before, im: `"e"`, ius: before}, 412},
		{map[string]string{ims: after, im: `"e"`, ius: before}, 412},
		{map[string]string{ims: after, im: `"e"`, ius: after}, 304},
		// Example 4
		{map[string]string{ims: before, inm: `"x"`, ius: after, im: `"e"`}, 200},
		{map[string]string{ims: before, inm: `"e"`, ius: before, im: `"e"`}, 412},
		{map[string]string{ims: before, inm: `"e"`, ius: after, im: `"e"`}, 200},
		{map[string]string{ims: after, inm: `"x"`, ius: after, im: `"x"`}, 412},
		{map[string]string{ims: after, inm: `"x"`, ius: after, im: `"e"`}, 200},
		{map[string]string{ims: after, inm: `"e"`, ius: before, im: `"e"`}, 412},
	} {
		q, err := parseConditions(conditionCall(storage.Newest, tc.headers), useRead)
		if err == nil {
			err = q.checkBlob(&blobstore.Blob{ETag: "e", LastModified: modified})
		}
		if got := statusOf(err); got != tc.want {
			t.Errorf("%v: got %d, want %d", tc.headers, got, tc.want)
		}
	}
}

// TestSingleConditions is the rule for writes, and for reads before 2013-08-15.
func TestSingleConditions(t *testing.T) {
	modified := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	before, after := modified.Add(-time.Hour).Format(http.TimeFormat), modified.Add(time.Hour).Format(http.TimeFormat)
	for _, tc := range []struct {
		use     use
		headers map[string]string
		absent  bool
		want    string
	}{
		{useWrite, map[string]string{"If-None-Match": `"e"`}, false, "ConditionNotMet"},
		{useWrite, map[string]string{"If-Modified-Since": after}, false, "ConditionNotMet"},
		{useWrite, map[string]string{"If-None-Match": `"x"`, "If-Modified-Since": after}, false, ""},
		{useWrite, map[string]string{"If-Match": `"e"`, "If-Unmodified-Since": before}, false, ""},
		{useWrite, map[string]string{"If-Match": `"e"`, "If-Modified-Since": before}, false, "MultipleConditionHeadersNotSupported"},
		{useWrite, map[string]string{"If-Match": `"e", "x"`}, false, "MultipleConditionHeadersNotSupported"},
		{useWrite, map[string]string{"If-Modified-Since": "yesterday"}, false, "InvalidHeaderValue"},
		{useCreate, map[string]string{"If-None-Match": "*"}, false, "BlobAlreadyExists"},
		{useCreate, map[string]string{"If-None-Match": "*"}, true, ""},
		{useCreate, map[string]string{"If-Match": "*"}, true, "ConditionNotMet"},
		{useTarget, map[string]string{"If-Match": `"x"`}, false, "TargetConditionNotMet"},
		{useSource, map[string]string{"x-ms-source-if-match": `"x"`}, false, "SourceConditionNotMet"},
		{useSource, map[string]string{"If-Match": `"x"`}, false, ""},
		{useWrite, map[string]string{"x-ms-if-tags": "a = '2'"}, false, "ConditionNotMet"},
		{useWrite, map[string]string{"x-ms-if-tags": "a = '1'"}, false, ""},
		{useWrite, map[string]string{"x-ms-if-tags": "a <> '2'"}, true, "ConditionNotMet"},
	} {
		q, err := parseConditions(conditionCall(storage.Newest, tc.headers), tc.use)
		if err == nil {
			b := &blobstore.Blob{ETag: "e", LastModified: modified, Tags: blobstore.Metadata{{Name: "a", Value: "1"}}}
			if tc.absent {
				b = nil
			}
			err = q.checkBlob(b)
		}
		got := ""
		var e *storage.Error
		if errors.As(err, &e) {
			got = e.Code
		}
		if got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.headers, got, tc.want)
		}
	}
	if _, err := parseConditions(conditionCall(storage.V2012_02_12, map[string]string{"If-Match": `"e"`, "If-None-Match": `"e"`}), useRead); statusOf(err) != 400 {
		t.Errorf("two headers before 2013-08-15: %v", err)
	}
}
