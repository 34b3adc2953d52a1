package storagelog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func hour(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestLogName(t *testing.T) {
	n := LogName{Service: Blob, Hour: hour("2011-07-31T18:00"), Counter: 1}
	if got := n.String(); got != "blob/2011/07/31/1800/000001.log" {
		t.Errorf("name %s", got)
	}
	for _, s := range []string{n.String(), "$logs/" + n.String()} {
		if got, err := ParseLogName(s); err != nil || got != n {
			t.Errorf("%s is read as %v, %v", s, got, err)
		}
	}
	n.Counter = 1234567
	if got, err := ParseLogName(n.String()); err != nil || got != n {
		t.Errorf("%s is read as %v, %v", n, got, err)
	}
	for _, s := range []string{
		"", "blob", "/2011/07/31/1800/000001.log", "blob/2011/07/31/1800/00001.log", "blob/2011/07/31/1830/000001.log",
		"blob/2011/13/31/1800/000001.log", "blob/2011/02/31/1800/000001.log", "blob/2011/07/31/1800/000001.txt",
		"blob/2011/07/31/1800/00000x.log", "blob/2011/07/31/1800/-00001.log", "blob/2011/07/31/1800-000001.log", "blob/2011/07/31/1800/99999999999.log",
	} {
		if got, err := ParseLogName(s); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

func TestLogTypes(t *testing.T) {
	for text, want := range map[string]LogTypes{
		"": 0, "write": LogWrite, "READ,WRITE": LogRead | LogWrite, "delete, read": LogRead | LogDelete, "all": LogAll,
	} {
		if got, err := ParseLogTypes(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if got := LogAll.String(); got != "read,write,delete" {
		t.Errorf("all is %s", got)
	}
	if _, err := ParseLogTypes("read,list"); err == nil {
		t.Error("list is a type")
	}
}

func TestMetadata(t *testing.T) {
	m := Metadata{Types: LogRead | LogDelete, Start: hour("2011-03-04T05:02").Add(30*time.Second + 100), End: hour("2011-03-04T05:08").Add(5*time.Second + 1e8), Version: V1}
	text := m.Map()
	want := map[string]string{"LogType": "read,delete", "StartTime": "2011-03-04T05:02:30.0000001Z", "EndTime": "2011-03-04T05:08:05.1000000Z", "LogVersion": "1.0"}
	if d := cmp.Diff(want, text); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := ParseMetadata(text); got != m {
		t.Errorf("read again: %+v", got)
	}
	// As HTTP has it, and as documented: to the second.
	got := ParseMetadata(map[string]string{"logtype": "write", "Starttime": "2011-07-31T18:21:46Z", "ENDTIME": "2011-07-31T18:22:09Z", "other": "x"})
	if got.Types != LogWrite || !got.Start.Equal(hour("2011-07-31T18:21").Add(46*time.Second)) {
		t.Errorf("%+v", got)
	}
	if !got.mayHold(hour("2011-07-31T18:22").Add(9*time.Second+5e8), time.Time{}, LogAll) {
		t.Error("an end to the second excludes the rest of that second")
	}
	if (Metadata{}) != ParseMetadata(map[string]string{"LogType": "peek", "StartTime": "yesterday"}) {
		t.Error("what cannot be read is not left zero")
	}
}

func TestPrefixes(t *testing.T) {
	tests := []struct {
		name        string
		first, last string
		want        string
	}{
		{"one hour", "2011-06-27T02:00", "2011-06-27T02:00", "2011/06/27/02"},
		{"three hours", "2011-06-27T02:00", "2011-06-27T04:00", "2011/06/27/02 2011/06/27/03 2011/06/27/04"},
		{"four hours", "2011-06-27T02:00", "2011-06-27T05:00", "2011/06/27/"},
		{"over midnight", "2011-06-27T23:00", "2011-06-28T00:00", "2011/06/27/23 2011/06/28/00"},
		{"over new year", "2011-12-31T23:00", "2012-01-01T00:00", "2011/12/31/23 2012/01/01/00"},
		{"two days", "2011-06-27T00:00", "2011-06-28T23:00", "2011/06/27/ 2011/06/28/"},
		{"a month", "2011-06-01T00:00", "2011-06-30T23:00", "2011/06/"},
		{"nearly a month", "2011-06-02T00:00", "2011-06-30T23:00", "2011/06/"},
		{"february", "2012-02-01T00:00", "2012-02-29T23:00", "2012/02/"},
		{"months", "2011-11-01T00:00", "2012-01-31T23:00", "2011/11/ 2011/12/ 2012/01/"},
		{"a year", "2011-01-01T00:00", "2011-12-31T23:00", "2011/"},
		{"a year and an hour", "2011-01-01T00:00", "2012-01-01T00:00", "2011/ 2012/01/01/00"},
	}
	for _, tt := range tests {
		got := prefixes(Blob, hour(tt.first), hour(tt.last))
		want := strings.Fields(tt.want)
		for i := range want {
			want[i] = "blob/" + want[i]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	if got := prefixes(Queue, time.Time{}, hour("2011-01-01T00:00")); !slices.Equal(got, []string{"queue/"}) {
		t.Errorf("open range: %v", got)
	}
	if got := prefixes(Queue, hour("2011-01-01T01:00"), hour("2011-01-01T00:00")); got != nil {
		t.Errorf("empty range: %v", got)
	}
}

// Whatever the range, its hours are covered, in order, each by one prefix.
func TestPrefixesCover(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		first := hour("2010-01-01T00:00").Add(time.Duration(rnd.IntN(40000)) * time.Hour)
		last := first.Add(time.Duration(rnd.IntN([]int{3, 100, 2000, 20000}[rnd.IntN(4)])) * time.Hour)
		ps := prefixes(Blob, first, last)
		if !slices.IsSorted(ps) {
			t.Fatalf("%s to %s: %v is not in order", first, last, ps)
		}
		if len(ps) > 80 {
			t.Errorf("%s to %s: %d prefixes", first, last, len(ps))
		}
		at := 0
		for h := first; !h.After(last); h = h.Add(time.Hour) {
			folder := HourFolder(Blob, h)
			if at < len(ps) && !strings.HasPrefix(folder, ps[at]) {
				at++
			}
			if at == len(ps) || !strings.HasPrefix(folder, ps[at]) || (at+1 < len(ps) && strings.HasPrefix(folder, ps[at+1])) {
				t.Fatalf("%s to %s: hour %s is not in one of %v", first, last, h, ps)
			}
		}
		if at != len(ps)-1 {
			t.Fatalf("%s to %s: %v are not all needed", first, last, ps)
		}
	}
}

// memory is a Lister of names and metadata.
type memory []Listed

func (m memory) ListBlobs(_ context.Context, prefix string, fn func(Listed) error) error {
	for _, b := range m {
		if strings.HasPrefix(b.Name, prefix) {
			if err := fn(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestList(t *testing.T) {
	md := func(types, start, end string) map[string]string {
		return map[string]string{"LogType": types, "StartTime": start, "EndTime": end}
	}
	blobs := memory{
		{Name: "blob/2011/06/27/0100/000000.log", Metadata: md("read,write,delete", "2011-06-27T01:00:00Z", "2011-06-27T01:59:59Z")},
		{Name: "blob/2011/06/27/0200/000000.log", Metadata: md("read,write,delete", "2011-06-27T02:58:06Z", "2011-06-27T02:59:45Z")},
		{Name: "blob/2011/06/27/0200/000001.log", Metadata: md("read,write,delete", "2011-06-27T02:00:00Z", "2011-06-27T02:49:59Z")},
		{Name: "blob/2011/06/27/0200/notes.txt"},
		{Name: "blob/2011/06/27/0300/000000.log", Metadata: md("read,write", "2011-06-27T03:00:25Z", "2011-06-27T03:53:42Z")},
		{Name: "blob/2011/06/27/0300/000001.log", Metadata: md("", "2011-06-27T03:00:25Z", "2011-06-27T03:53:42Z")},
		{Name: "blob/2011/06/27/0300/000002.log"},
		{Name: "blob/2011/06/27/0300/000003.log", Metadata: md("delete", "2011-06-27T03:06:00Z", "2011-06-27T03:53:42Z")},
		{Name: "blob/2011/06/27/0400/000000.log", Metadata: md("delete", "2011-06-27T03:04:00Z", "2011-06-27T03:04:00Z")},
		{Name: "blob/2011/06/27/0500/000000.log", Metadata: md("delete", "2011-06-27T03:04:00Z", "2011-06-27T05:03:47Z")},
		{Name: "queue/2011/06/27/0300/000000.log"},
	}
	var listed, selected, ignored []string
	c := ListConfig{
		Lister: blobs, Service: Blob, Start: hour("2011-06-27T02:50"), End: hour("2011-06-27T03:05"), Types: LogDelete,
		Prefix: func(p string) { listed = append(listed, p) },
		Observe: func(l Log, ok bool) {
			if !ok {
				ignored = append(ignored, l.BlobName[len("blob/2011/06/27/"):])
			}
		},
	}
	if err := List(t.Context(), c, func(l Log) error { selected = append(selected, l.BlobName[len("blob/2011/06/27/"):]); return nil }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"blob/2011/06/27/02", "blob/2011/06/27/03", "blob/2011/06/27/04"}, listed); d != "" {
		t.Errorf("listed (-want +got):\n%s", d)
	}
	// The log of hour 4 holds a request that began at 3:04 and took an hour.
	if d := cmp.Diff([]string{"0200/000000.log", "0300/000001.log", "0300/000002.log", "0400/000000.log"}, selected); d != "" {
		t.Errorf("selected (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"0200/000001.log", "0300/000000.log", "0300/000003.log"}, ignored); d != "" {
		t.Errorf("ignored (-want +got):\n%s", d)
	}

	// Without a start, names decide, and the listing ends behind the range.
	selected, listed = nil, nil
	c.Start, c.Types, c.Observe = time.Time{}, 0, func(l Log, _ bool) {
		if l.Hour.After(hour("2011-06-27T04:00")) {
			t.Errorf("%s is looked at", l.BlobName)
		}
	}
	if err := List(t.Context(), c, func(l Log) error { selected = append(selected, l.BlobName); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(selected) != 7 || !slices.Equal(listed, []string{"blob/"}) {
		t.Errorf("selected %v by %v", selected, listed)
	}

	stop := errors.New("stop")
	if err := List(t.Context(), c, func(Log) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestFields(t *testing.T) {
	for i := range maxFields {
		f := Field(i + 1)
		for _, name := range []string{f.String(), f.Key(), strings.ToUpper(f.String())} {
			if got, ok := ParseField(name); !ok || got != f {
				t.Errorf("%q is field %d, want %d", name, got, f)
			}
		}
		if s := f.spec().short; s != "" {
			if got, ok := ParseField(s); !ok || got != f {
				t.Errorf("%q is field %d, want %d", s, got, f)
			}
		}
	}
	if _, ok := ParseField(""); ok {
		t.Error("the empty name is a field")
	}
	if got := FieldEndToEndLatency.Key(); got != "endToEndLatencyInMs" {
		t.Errorf("key %s", got)
	}
	want := "Log version; Transaction Start Time; REST Operation Type; Transaction Status; HTTP Status; E2E Latency; Server Latency; Authentication Type; Accessing Account; Owner Account; Service Type; " +
		"Request url; Object Key; RequestId; Operation #; User IP; Request Version; Request Header Size; Request Packet Size; Response Header Size; " +
		"Response Packet Size; Request Content Length; Request MD5; Server MD5; Etag returned; LMT; Condition Used; User Agent; Referrer; Client Request Id"
	if got := Header(V1); got != want {
		t.Errorf("header %s", got)
	}
	if n := strings.Count(Header(V2), ";"); n != 37 {
		t.Errorf("header of 2.0 has %d separators", n)
	}
	if got := fmt.Sprint(Field(0), Field(39), Field(12)); got != "extra-field extra-field request-url" {
		t.Error(got)
	}
}
