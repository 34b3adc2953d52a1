package redis

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"reslog/resource"
	"reslog/service/redis/event"
)

// sampleDatabase is the one of the samples.
var sampleDatabase = resource.MustParse("/subscriptions/4a1c78c6-5cb1-422c-a34e-0df7fcb9bd0b/resourceGroups/TEST/providers/Microsoft.Cache/redisEnterprise/auditing-shoebox/databases/default")

// sampleEvent is the event of a sample: it happened in a second, and was captured later.
func sampleEvent(typ event.Type, captured string) event.Event {
	at, err := time.Parse(timeLayout, captured)
	if err != nil {
		panic(err)
	}
	return event.Event{
		ID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", Type: typ, Time: time.Unix(1674554402, 0), Captured: at,
		Connection: event.Connection{
			ID: 6185063009002, Source: "audit",
			Client: netip.MustParseAddrPort("20.228.16.39:50706"), Server: netip.MustParseAddrPort("10.0.0.4:10000"),
		},
		Status: event.OK,
	}
}

func newTestEncoder(t *testing.T, location string, details bool) *encoder {
	t.Helper()
	n, err := newEncoder(sampleDatabase, location, details)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The samples of "Monitor Azure Managed Redis data using diagnostic settings", with
// the spaces taken out.
func TestSamples(t *testing.T) {
	n := newTestEncoder(t, "westus", false)
	for name, e := range map[string]event.Event{
		"new_conn":   sampleEvent(event.NewConnection, "2023-01-24T10:00:02.3680050Z"),
		"auth":       sampleEvent(event.Authentication, "2023-01-24T10:00:02.3680050Z"),
		"close_conn": sampleEvent(event.CloseConnection, "2023-01-24T10:00:03.3680050Z"),
	} {
		sample, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, sample); err != nil {
			t.Fatal(err)
		}
		r := n.record(&e)
		if string(r.Line) != want.String() {
			t.Errorf("%s\n got %s\nwant %s", name, r.Line, want.String())
		}
		if r.Resource != sampleDatabase || r.Category != "ConnectionEvents" || r.ID != e.ID || !r.Time.Equal(e.Captured) || !r.Ended.Equal(e.Captured) {
			t.Errorf("%s: record %+v", name, r)
		}
	}
}

// properties are those of the record of an event.
func properties(t *testing.T, n *encoder, e *event.Event) map[string]any {
	t.Helper()
	line := n.record(e).Line
	if !json.Valid(line) || !utf8.Valid(line) || bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == '\u2028' || r == '\u202e' }) {
		t.Errorf("not a line of JSON: %q", line)
	}
	var r struct{ Properties map[string]any }
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	return r.Properties
}

func TestDetails(t *testing.T) {
	auth, closed := sampleEvent(event.Authentication, "2023-01-24T10:00:02.3680050Z"), sampleEvent(event.CloseConnection, "2023-01-24T10:00:02.3680050Z")
	auth.Status, auth.User = event.Failed, "alice"
	auth.Connection.Database = `DB"1`
	closed.Reason = event.ByServer
	internal := sampleEvent(event.NewConnection, "2023-01-24T10:00:02.3680050Z")
	internal.Connection.Internal = true
	closed.Connection.CommonName = "c\"é\n"
	n := newTestEncoder(t, "westus", true)
	const head = `"properties":{"eventEpochTime":1674554402,"id":6185063009002,"clientIP":"20.228.16.39",`
	for want, e := range map[string]event.Event{
		head + `"eventType":"auth","eventStatus":0,"username":"alice","clientPort":50706,"serverIP":"10.0.0.4","serverPort":10000,"database":"DB\"1"}}`: auth,
		head + `"eventType":"close_conn","clientPort":50706,"serverIP":"10.0.0.4","serverPort":10000,"commonName":"c\"é\\x0a","reason":"server"}}`:      closed,
		head + `"eventType":"new_conn","clientPort":50706,"serverIP":"10.0.0.4","serverPort":10000,"internal":true}}`:                                   internal,
	} {
		if line := string(n.record(&e).Line); !strings.HasSuffix(line, want) {
			t.Errorf("\n got %s\nwant …%s", line, want)
		}
	}
	if got := properties(t, newTestEncoder(t, "westus", false), &auth); len(got) != 5 {
		t.Errorf("details that nobody asked for: %v", got)
	}
}

func TestAddresses(t *testing.T) {
	n := newTestEncoder(t, "westus", true)
	for want, client := range map[string]netip.AddrPort{
		"10.1.1.4":                           netip.MustParseAddrPort("10.1.1.4:1"),
		"10.1.1.5":                           netip.MustParseAddrPort("[::ffff:10.1.1.5]:1"),
		"fd40:8913:31:6810:6c31:200:a01:104": netip.MustParseAddrPort("[fd40:8913:31:6810:6c31:200:a01:104]:1"),
		"fe80::1":                            netip.MustParseAddrPort(`[fe80::1%a"b]:1`),
		"":                                   {},
	} {
		e := sampleEvent(event.NewConnection, "2023-01-24T10:00:02.3680050Z")
		e.Connection.Client, e.Connection.Server = client, netip.AddrPort{}
		got := properties(t, n, &e)
		if got["clientIP"] != want || got["serverIP"] != nil {
			t.Errorf("%v is written as %v, want %q", client, got, want)
		}
	}
}

func TestLocationIsEscaped(t *testing.T) {
	e := sampleEvent(event.NewConnection, "2023-01-24T10:00:02.3680050Z")
	if got := properties(t, newTestEncoder(t, `we"st`+"\n", false), &e); got["eventType"] != "new_conn" {
		t.Errorf("%v", got)
	}
}

func TestEscape(t *testing.T) {
	for name, want := range map[string]string{
		"alice":                       "alice",
		"":                            "",
		"a b":                         "a b",
		`a"b`:                         `a"b`,
		`a\b`:                         `a\\b`,
		`a\x00b`:                      `a\\x00b`,
		"a\x00b":                      `a\x00b`,
		"a\r\n{\"time\":\"x\"}":       `a\x0d\x0a{"time":"x"}`,
		"\x1b[2J":                     `\x1b[2J`,
		"\x7f":                        `\x7f`,
		"J\u00fcrgen \u4e16":          "J\u00fcrgen \u4e16",
		"\xff\xfe":                    `\xff\xfe`,
		"a\xc3":                       `a\xc3`,        // cut in the middle of a character
		"\xc0\x80":                    `\xc0\x80`,     // not the shortest form
		"\xed\xa0\x80":                `\xed\xa0\x80`, // half of a surrogate pair
		"\ufffd":                      "\ufffd",       // a replacement character that was sent
		"a\u2028b\u202eb\u00a0\u200b": `a\xe2\x80\xa8b\xe2\x80\xaeb\xc2\xa0\xe2\x80\x8b`,
		"\u0085":                      `\xc2\x85`,
	} {
		if got := Escape(name); got != want {
			t.Errorf("Escape(%q) is %q, want %q", name, got, want)
		}
		if got := Unescape(want); got != name {
			t.Errorf("Unescape(%q) is %q, want %q", want, got, name)
		}
	}
	for _, text := range []string{`\`, `\x`, `\x0`, `\x0G`, `\y`, `\X00`} { // nothing that Escape writes
		if got := Unescape(text); got != text {
			t.Errorf("Unescape(%q) is %q", text, got)
		}
	}
}

// Whatever a client calls itself, its record is one line of JSON with the same
// members, from which the name can be read back.
func FuzzUserName(f *testing.F) {
	for _, name := range []string{"alice", "", "a\r\n\x00\"\\", "\xff\xc3\u2028", `\x41`, `"}}` + "\n" + `{"time":"x"}`} {
		f.Add(name)
	}
	n, err := newEncoder(sampleDatabase, "westus", true)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got := Unescape(Escape(name)); got != name {
			t.Errorf("%q became %q", name, got)
		}
		e := sampleEvent(event.Authentication, "2023-01-24T10:00:02.3680050Z")
		e.User = name
		got := properties(t, n, &e)
		user, ok := got["username"].(string)
		if !ok || Unescape(user) != name || len(got) != 9 {
			t.Errorf("%q became %v", name, got)
		}
	})
}

func TestEventIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := newEventID()
		if len(id) != 36 || id[14] != '4' || strings.IndexByte("89ab", id[19]) < 0 || id[8] != '-' || id[23] != '-' || seen[id] {
			t.Fatalf("ID %q", id)
		}
		seen[id] = true
	}
}

func BenchmarkRecord(b *testing.B) {
	n, err := newEncoder(sampleDatabase, "westus", true)
	if err != nil {
		b.Fatal(err)
	}
	e := sampleEvent(event.Authentication, "2023-01-24T10:00:02.3680050Z")
	e.User = "alice"
	b.ReportAllocs()
	for b.Loop() {
		_ = n.record(&e)
	}
}
