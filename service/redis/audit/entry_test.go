package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"reslog/service/redis/event"
)

// samples are the records of the documentation of a version of Redis Software.
func samples(t testing.TB, version string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/redis-software-" + version + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParseSamples(t *testing.T) {
	v80 := entry{ts: 1655821384, id: 2285001002, src: netip.MustParseAddrPort("127.0.0.1:39338"), trg: netip.MustParseAddrPort("127.0.0.1:12635"), database: "DB1"}
	v82 := entry{ts: 1779874366, id: 13001000, src: netip.MustParseAddrPort("127.0.0.1:46252"), trg: netip.MustParseAddrPort("127.0.0.1:12000"), database: "D1", numbered: true}
	with := func(e entry, kind kind, ts, seq int64) entry {
		e.kind, e.ts, e.seq = kind, ts, seq
		return e
	}
	login := func(e entry, seq int64, status event.Status, user string) entry {
		e.kind, e.seq, e.status, e.user = authentication, seq, status, user
		return e
	}
	of := func(seq, ts int64) entry { return entry{kind: command, ts: ts, numbered: true, seq: seq} }
	for version, want := range map[string][]entry{
		"8.0": {with(v80, newConnection, v80.ts, 0), login(v80, 0, event.NotRequired, "user_one"), with(v80, closeConnection, v80.ts, 0)},
		"8.2": {with(v82, newConnection, v82.ts, 0), login(v82, 1, event.NotRequired, "default"), of(3, 1779874374), of(4, 1779874378), with(v82, closeConnection, 1779874380, 5)},
	} {
		lines := decode(t, strings.NewReader(samples(t, version)), 1<<20)
		if len(lines) != len(want) {
			t.Fatalf("%s: %d records, want %d", version, len(lines), len(want))
		}
		for i, line := range lines {
			if got, err := parse([]byte(line)); err != nil || got != want[i] {
				t.Errorf("%s: %s\n got %+v, %v\nwant %+v", version, line, got, err, want[i])
			}
		}
	}
}

// record is the 8.2 record of an authentication, with members replaced: JSON by
// name, "" takes the member out.
func record(members map[string]string) string {
	all := [][2]string{
		{"ts", "1"},
		{"action", `"auth"`},
		{"id", "2"},
		{"srcip", `"10.0.0.1"`},
		{"srcp", `"3"`},
		{"trgip", `"10.0.0.2"`},
		{"trgp", `"4"`},
		{"bdb_name", `"db"`},
		{"bdb_uid", `"1"`},
		{"status", "8"},
		{"username", `"u"`},
		{"audit_worker_id", "5"},
		{"audit_seq", "6"},
	}
	var out []string
	for _, m := range all {
		value, ok := members[m[0]]
		if !ok {
			value = m[1]
		}
		if value != "" {
			out = append(out, `"`+m[0]+`":`+value)
		}
		delete(members, m[0])
	}
	for name, value := range members {
		out = append(out, `"`+name+`":`+value)
	}
	return "{" + strings.Join(out, ",") + "}"
}

func TestParse(t *testing.T) {
	type change = map[string]string
	for _, c := range []struct {
		name    string
		members change
		check   func(entry) bool
	}{
		{"as it is", change{}, func(e entry) bool {
			return e == entry{
				kind: authentication, ts: 1, id: 2, src: netip.MustParseAddrPort("10.0.0.1:3"), trg: netip.MustParseAddrPort("10.0.0.2:4"),
				database: "db", status: event.OK, user: "u", numbered: true, worker: 5, seq: 6,
			}
		}},
		{"ports as numbers", change{"srcp": "3", "trgp": "65535"}, func(e entry) bool { return e.src.Port() == 3 && e.trg.Port() == 65535 }},
		{"no ports", change{"srcp": "", "trgp": `""`}, func(e entry) bool { return e.src.Port() == 0 && e.src.Addr().Is4() && e.trg.Port() == 0 }},
		{"no addresses", change{"srcip": "", "trgip": "null", "srcp": "null"}, func(e entry) bool { return !e.src.Addr().IsValid() && !e.trg.Addr().IsValid() }},
		{"a private link", change{"srcip": `"fd40:8913:31:6810:6c31:200:a01:104"`}, func(e entry) bool { return e.src.Addr().String() == "fd40:8913:31:6810:6c31:200:a01:104" }},
		{"IPv4 in IPv6", change{"srcip": `"::ffff:10.1.2.3"`}, func(e entry) bool { return e.src.Addr().String() == "10.1.2.3" }},
		{"a zone", change{"srcip": `"fe80::1%\"x"`}, func(e entry) bool { return e.src.Addr().String() == "fe80::1" }},
		{"the largest id", change{"id": "9223372036854775807"}, func(e entry) bool { return e.id == math.MaxInt64 }},
		{"Azure's id", change{"id": "6185063009002"}, func(e entry) bool { return e.id == 6185063009002 }},
		{"a code of later", change{"status": "17"}, func(e entry) bool { return e.status == 17 && !e.status.Succeeded() && !e.status.Pending() }},
		{"unknown members", change{"group": `"cn=x"`, "later": `{"ts":[{"id":7}]}`, "hname": `""`}, func(e entry) bool { return e.ts == 1 && e.id == 2 }},
		{"bdb_uid of any type", change{"bdb_uid": "1"}, func(e entry) bool { return e.database == "db" }},
		{"a name with everything", change{"username": `"\u0000\r\n\"\\\ud83d\ude00\ud800\/é"`}, func(e entry) bool { return e.user == "\x00\r\n\"\\😀\ufffd/é" }},
		{"bytes that are no UTF-8", change{"username": "\"\xff\xfe\""}, func(e entry) bool { return e.user == "\xff\xfe" }},
		{"a long name", change{"username": `"` + strings.Repeat("ab", 1000) + `"`}, func(e entry) bool { return e.user == strings.Repeat("ab", event.MaxUser/2) }},
		{"a long name in escapes", change{"username": `"` + strings.Repeat(`\u0041`, 1000) + `"`}, func(e entry) bool { return e.user == strings.Repeat("A", event.MaxUser) }},
		{"no name", change{"username": ""}, func(e entry) bool { return e.user == "" }},
		{"no number", change{"audit_worker_id": "", "audit_seq": ""}, func(e entry) bool { return !e.numbered && e.id == 2 }},
		{"an internal connection", change{"action": "", "new_int_conn": `{"id":9,"srcip":"10.0.0.9","srcp":"1","bdb_name":"x"}`}, func(e entry) bool {
			return e.kind == newInternal && e.id == 9 && e.src.String() == "10.0.0.9:1" && e.status == 0 && e.user == ""
		}},
		{"a command, of which little is looked at", change{"action": `"command"`, "status": `"?"`, "id": "[]"}, func(e entry) bool { return e.kind == command && e.numbered }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := record(c.members)
			if e, err := parse([]byte(s)); err != nil || !c.check(e) {
				t.Errorf("%s\ngot %+v, %v", s, e, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	type change = map[string]string
	for _, c := range []struct {
		members change
		want    error
	}{
		{change{"ts": ""}, errTime},
		{change{"ts": `"1"`}, errTime},
		{change{"ts": "1.5"}, errTime},
		{change{"ts": "1e3"}, errTime},
		{change{"ts": "0"}, errTime},
		{change{"ts": "-1"}, errTime},
		{change{"ts": "253402300800"}, errTime},
		{change{"ts": "null"}, errTime},
		{change{"id": ""}, errID},
		{change{"id": `"2"`}, errID},
		{change{"id": "9223372036854775808"}, errID},
		{change{"id": "2.0"}, errID},
		{change{"id": "{}"}, errID},
		{change{"action": ""}, errKind},
		{change{"action": `"quit"`}, errKind},
		{change{"action": "1"}, errKind},
		{change{"action": "", "new_conn": "1"}, errKind},
		{change{"action": "", "close_conn": "null"}, errKind},
		{change{"new_conn": "{}"}, errMember},
		{change{"action": "", "new_conn": `{"id":1}`, "close_conn": `{"id":1}`}, errMember},
		{change{"action": "", "id": "", "new_conn": "{}"}, errID},
		{change{"status": ""}, errStatus},
		{change{"status": `"8"`}, errStatus},
		{change{"status": "-1"}, errStatus},
		{change{"status": "4294967304"}, errStatus},
		{change{"srcip": "1"}, errAddress},
		{change{"srcip": `"redis.example.com"`}, errAddress},
		{change{"trgip": `"10.0.0.256"`}, errAddress},
		{change{"srcp": `"65536"`}, errPort},
		{change{"srcp": "-1"}, errPort},
		{change{"trgp": `"x"`}, errPort},
		{change{"trgp": "[]"}, errPort},
		{change{"bdb_name": "1"}, errName},
		{change{"username": "{}"}, errName},
		{change{"later": "tru"}, errBroken},
		{change{"later": "01"}, errBroken},
		{change{"later": `"\x"`}, errBroken},
	} {
		s := record(c.members)
		e, err := parse([]byte(s))
		if !errors.Is(err, c.want) {
			t.Errorf("%s\ngot %v, want %v", s, err, c.want)
		}
		if !errors.Is(err, errBroken) && (!e.numbered || e.worker != 5 || e.seq != 6) {
			t.Errorf("%s: its number is not known: %+v", s, e)
		}
	}
	for _, members := range []change{{"audit_seq": ""}, {"audit_worker_id": ""}, {"audit_seq": "-1"}, {"audit_seq": `"1"`}, {"audit_worker_id": "1.5"}} {
		s := record(members)
		if e, err := parse([]byte(s)); !errors.Is(err, errNumber) || e.numbered {
			t.Errorf("%s\ngot %+v, %v", s, e, err)
		}
	}
}

// TestStatuses are the codes of the documentation and what they stand for.
func TestStatuses(t *testing.T) {
	succeeded, pending := map[int]bool{2: true, 7: true, 8: true}, map[int]bool{3: true, 5: true, 10: true}
	for code := range 11 {
		e, err := parse([]byte(record(map[string]string{"status": strconv.Itoa(code)})))
		if err != nil || int(e.status) != code || e.status.Succeeded() != succeeded[code] || e.status.Pending() != pending[code] {
			t.Errorf("%d: %+v, %v", code, e, err)
		}
	}
}

// FuzzParse compares what is read of JSON objects with encoding/json.
func FuzzParse(f *testing.F) {
	for _, version := range []string{"8.0", "8.2"} {
		for line := range strings.Lines(samples(f, version)) {
			f.Add([]byte(strings.TrimSpace(line)))
		}
	}
	f.Add([]byte(record(map[string]string{"username": `"\ud83d\ude00\u0000"`})))
	f.Add([]byte(`{"ts":1,"new_int_conn":{"id":-1,"srcp":65535,"srcip":"::1%eth0"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s scanner
		if n, v := s.scan(b); v != finished || n != len(b) || b[0] != '{' {
			return
		}
		e, err := parse(b)
		if errors.Is(err, errBroken) == json.Valid(b) {
			t.Fatalf("%q: %v", b, err)
		}
		if len(e.user) > event.MaxUser || len(e.database) > maxDatabase || e.src.Addr().Zone() != "" || e.trg.Addr().Zone() != "" {
			t.Fatalf("%q: %+v", b, e)
		}
		// encoding/json takes names in any case, and escaped ones.
		plain := !bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf || 'A' <= r && r <= 'Z' }) && !bytes.Contains(b, []byte(`\u`))
		if err != nil || e.kind != authentication || !plain {
			return
		}
		var want struct {
			TS       int64   `json:"ts"`
			ID       int64   `json:"id"`
			Status   int     `json:"status"`
			Username *string `json:"username"`
		}
		if json.Unmarshal(b, &want) != nil {
			return // of two values for a name, one is of another type
		}
		user := ""
		if want.Username != nil {
			user = *want.Username
		}
		if e.ts != want.TS || e.id != want.ID || int(e.status) != want.Status || e.user != user[:min(len(user), event.MaxUser)] {
			t.Fatalf("%q: %+v, want %+v %q", b, e, want, user)
		}
	})
}
