package table_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const minimal = "Accept: application/json;odata=minimalmetadata"

// timeOf is the Timestamp that an ETag stands for.
func timeOf(t *testing.T, etag string) string {
	t.Helper()
	text, err := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(etag, `W/"datetime'`), `'"`))
	if err != nil || !strings.HasSuffix(text, "Z") {
		t.Fatalf("ETag %s", etag)
	}
	return text
}

func TestInsertEntity(t *testing.T) {
	s := newServer(t)
	s.table("Tab")
	a := s.OK(201, "POST", "/tab", entity("p q", "r'1", `"n":1`, `"gone":null`), minimal)
	etag := a.Header.Get("ETag")
	want := `{"odata.metadata":"` + s.URL + `/$metadata#tab/@Element","odata.etag":` + strconv.Quote(etag) + `,"PartitionKey":"p q","RowKey":"r'1","Timestamp":"` + timeOf(t, etag) + `","n":1}`
	if a.Body != want {
		t.Errorf("%s\n%s", a.Body, want)
	}
	a.WantHeader(t, "Location", s.URL+"/tab(PartitionKey='p%20q',RowKey='r''1')")
	a.WantHeader(t, "Content-Type", "application/json;odata=minimalmetadata;streaming=true;charset=utf-8")
	a.WantHeader(t, "Dataserviceid", "")
	if b := s.OK(200, "GET", at("tab", "p q", "r'1"), "", minimal); b.Body != want || b.Header.Get("ETag") != etag {
		t.Errorf("read: %s %s", b.Header.Get("ETag"), b.Body)
	}
	a = s.OK(204, "POST", "/tab()", entity("", ""), "Prefer: return-no-content")
	a.WantHeader(t, "Preference-Applied", "return-no-content")
	a.WantHeader(t, "Dataserviceid", s.URL+"/tab(PartitionKey='',RowKey='')")
	if a.Body != "" || a.Header.Get("ETag") == "" || a.Header.Get("Content-Type") != "" {
		t.Errorf("no content: %v %q", a.Header, a.Body)
	}
	a = s.OK(201, "POST", "/tab", entity("a", "b"), "Prefer: return-content", "Accept: application/json;odata=fullmetadata")
	a.WantHeader(t, "Preference-Applied", "return-content")
	if !strings.Contains(a.Body, `"odata.type":"acct.tab","odata.id":"`+s.URL+`/tab(PartitionKey='a',RowKey='b')"`) {
		t.Errorf("%s", a.Body)
	}

	s.Refused(409, "EntityAlreadyExists", "POST", "/tab", entity("a", "b", `"n":2`))
	s.Refused(404, "TableNotFound", "POST", "/none", entity("a", "b"))
	s.Refused(400, "PropertiesNeedValue", "POST", "/tab", `{"RowKey":"r"}`)
	s.Refused(400, "PropertiesNeedValue", "POST", "/tab", `{"PartitionKey":"p","RowKey":null}`)
	s.Refused(400, "OutOfRangeInput", "POST", "/tab", entity("a/b", "c"))
	s.Refused(400, "PropertyValueTooLarge", "POST", "/tab", entity("a", strings.Repeat("k", 1025)))
	s.Refused(400, "DuplicatePropertiesSpecified", "POST", "/tab", entity("x", "y", `"n":1`, `"n":1`))
	s.Refused(400, "PropertyNameInvalid", "POST", "/tab", entity("x", "y", `"a-b":1`))
	s.Refused(400, "InvalidInput", "POST", "/tab", `{"PartitionKey":"p"`)
	s.Refused(415, "MediaTypeNotSupported", "POST", "/tab", entity("x", "y"), "Content-Type: application/xml")
	s.Refused(415, "MediaTypeNotSupported", "POST", "/tab", entity("x", "y"), "Accept: image/png")
	s.Refused(415, "AtomFormatNotSupported", "POST", "/tab", entity("x", "y"), "x-ms-version: 2011-08-18", "Accept: application/atom+xml")
	s.Refused(413, "RequestBodyTooLarge", "POST", "/tab", entity("x", "y", `"a":"`+strings.Repeat("x", 4<<20)+`"`))
	s.Refused(404, "ResourceNotFound", "GET", at("tab", "x", "y"), "")
}

// TestLargeEntities is how large an entity may be: 1 MiB, each of its strings 64
// KiB.
func TestLargeEntities(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	text := strings.Repeat("t", 32<<10)
	var members []string
	for i := range 15 {
		members = append(members, fmt.Sprintf(`"p%02d":"%s"`, i, text))
	}
	// 15 times 65,536+4+8+6, and the rest: 1 MiB is 1,048,576.
	fits := append(slices.Clone(members), `"rest":"`+text[:32<<10-200]+`"`)
	a := s.OK(201, "POST", "/tab", entity("a", "b", fits...))
	if b := s.OK(200, "GET", at("tab", "a", "b"), ""); b.Body != a.Body || len(b.Body) < 500<<10 {
		t.Errorf("read %d bytes, written %d", len(b.Body), len(a.Body))
	}
	s.Refused(400, "EntityTooLarge", "POST", "/tab", entity("a", "c", append(members, `"rest":"`+text+`"`)...))
	s.Refused(400, "EntityTooLarge", "PATCH", at("tab", "a", "b"), `{"more":"`+text+`"}`)
	s.Refused(400, "PropertyValueTooLarge", "PUT", at("tab", "a", "b"), `{"a":"`+text+`x"}`)
	// All of a string in escapes makes a body six times as large.
	s.OK(204, "PUT", at("tab", "e", "e"), `{"a":"`+strings.Repeat(`\u00e9`, 32<<10)+`"}`)

	var many []string
	for i := range 252 {
		many = append(many, fmt.Sprintf(`"p%d":%d`, i, i))
	}
	s.OK(204, "PUT", at("tab", "m", "m"), "{"+strings.Join(many, ",")+"}")
	s.Refused(400, "TooManyProperties", "MERGE", at("tab", "m", "m"), `{"more":1}`)
	s.OK(204, "MERGE", at("tab", "m", "m"), `{"p7":"other","none":null}`)
	s.Refused(400, "TooManyProperties", "PUT", at("tab", "m", "m"), "{"+strings.Join(append(many, `"more":1`), ",")+"}")
}

// properties are the members of an entity but for its Timestamp.
func properties(t *testing.T, a *answer) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.Body), &m); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	delete(m, "Timestamp")
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUpdateAndMerge(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	path := at("tab", "p", "r")
	get := func(want string) {
		t.Helper()
		if got := properties(t, s.OK(200, "GET", path, "")); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	// Without If-Match there need not be one.
	a := s.OK(204, "PUT", path, `{"a":1,"b":2}`)
	get(`{"PartitionKey":"p","RowKey":"r","a":1,"b":2}`)
	first := a.Header.Get("ETag")
	a = s.OK(204, "MERGE", path, `{"PartitionKey":"p","RowKey":"r","b":3,"c":"4","a":null}`)
	get(`{"PartitionKey":"p","RowKey":"r","a":1,"b":3,"c":"4"}`)
	second := a.Header.Get("ETag")
	if first == second || a.Header.Get("Location") != "" {
		t.Errorf("ETags %s and %s, headers %v", first, second, a.Header)
	}
	s.OK(204, "PATCH", path, `{"b":5}`)
	s.OK(204, "POST", path, `{"b":6}`, "X-HTTP-Method: MERGE")
	get(`{"PartitionKey":"p","RowKey":"r","a":1,"b":6,"c":"4"}`)
	s.OK(204, "PUT", path, `{"d":7}`)
	get(`{"PartitionKey":"p","RowKey":"r","d":7}`)
	s.OK(204, "PATCH", at("tab", "p", "new"), `{"a":1}`)

	// With If-Match there must be one, and it may have to be this one.
	s.OK(204, "PUT", path, `{"a":1}`, "If-Match: *")
	s.OK(204, "MERGE", path, `{"b":1}`, "If-Match: *")
	get(`{"PartitionKey":"p","RowKey":"r","a":1,"b":1}`)
	for _, method := range []string{"PUT", "MERGE", "PATCH"} {
		s.Refused(404, "ResourceNotFound", method, at("tab", "p", "none"), `{"a":1}`, "If-Match: *")
		s.Refused(412, "UpdateConditionNotSatisfied", method, path, `{"a":2}`, "If-Match: "+first)
		s.Refused(412, "UpdateConditionNotSatisfied", method, path, `{"a":2}`, `If-Match: W/"other"`)
		s.Refused(412, "UpdateConditionNotSatisfied", method, path, `{"a":2}`, `If-Match: W/"datetime'2012-06-15T22%3A51%3A44.9662825Z'"`)
		s.Refused(404, "TableNotFound", method, at("none", "p", "r"), `{"a":1}`)
		s.Refused(404, "TableNotFound", method, at("none", "p", "r"), `{"a":1}`, "If-Match: *")
		s.Refused(400, "InvalidInput", method, path, `{"a":1}`, "If-Match: x")
		s.Refused(400, "InvalidInput", method, path, `{"a":1}`, "If-None-Match: *")
		s.Refused(400, "InvalidInput", method, path, `{"a":1}`, "If-None-Match: *", "If-Match: *")
		s.Refused(400, "InvalidInput", method, path, `{"PartitionKey":"q"}`)
		s.Refused(400, "InvalidInput", method, path, `{"RowKey":"s"}`)
		s.Refused(400, "OutOfRangeInput", method, at("tab", "p", "a/b"), `{"a":1}`)
		s.Refused(400, "PropertyValueTooLarge", method, at("tab", strings.Repeat("k", 1025), "r"), `{"a":1}`)
		s.Refused(415, "MediaTypeNotSupported", method, path, `{"a":1}`, "Content-Type: text/plain")
	}
	get(`{"PartitionKey":"p","RowKey":"r","a":1,"b":1}`)
	now := s.OK(200, "GET", path, "").Header.Get("ETag")
	next := s.OK(204, "PUT", path, `{"a":3}`, "If-Match: "+now).Header.Get("ETag")
	s.OK(204, "POST", path, `{"b":4}`, "If-Match: "+next, "X-HTTP-Method: MERGE")
	get(`{"PartitionKey":"p","RowKey":"r","a":3,"b":4}`)

	s.Refused(400, "XMethodNotUsingPost", "PUT", path, `{"a":1}`, "X-HTTP-Method: MERGE")
	s.Refused(400, "XMethodIncorrectValue", "POST", path, `{"a":1}`, "X-HTTP-Method: GET")
	s.Refused(400, "XMethodIncorrectCount", "POST", path, `{"a":1}`, "X-HTTP-Method: MERGE", "X-HTTP-Method: PUT")
	s.OK(204, "POST", path, "", "X-HTTP-Method: DELETE", "If-Match: *")
	s.Refused(404, "ResourceNotFound", "GET", path, "")
}

func TestDeleteEntity(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	path := at("tab", "p", "r")
	etag := s.insert("tab", "p", "r").Header.Get("ETag")
	s.Refused(400, "MissingRequiredHeader", "DELETE", path, "")
	s.Refused(400, "InvalidInput", "DELETE", path, "", "If-None-Match: *")
	s.Refused(400, "InvalidInput", "DELETE", path, "", "If-Match: x")
	s.Refused(412, "UpdateConditionNotSatisfied", "DELETE", path, "", `If-Match: W/"datetime'2012-06-15T22%3A51%3A44.9662825Z'"`)
	a := s.OK(204, "DELETE", path, "", "If-Match: "+etag, "Accept: application/xml")
	a.WantHeader(t, "ETag", "")
	s.Refused(404, "ResourceNotFound", "DELETE", path, "", "If-Match: *")
	s.Refused(404, "TableNotFound", "DELETE", at("none", "p", "r"), "", "If-Match: *")
	s.insert("tab", "p", "r")
	s.Refused(412, "UpdateConditionNotSatisfied", "DELETE", path, "", "If-Match: "+etag) // it is another one
	s.OK(204, "DELETE", path, "", "If-Match: *")
	if a := s.OK(200, "GET", "/tab()", ""); a.Body != `{"value":[]}` {
		t.Errorf("left: %s", a.Body)
	}
}

func TestQueryEntity(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	path := at("tab", "p", "r")
	etag := s.insert("tab", "p", "r", `"a":1`, `"b":"x"`).Header.Get("ETag")
	head := `{"odata.metadata":"` + s.URL + `/$metadata#tab/@Element`
	for query, want := range map[string]string{
		"?$select=b":              head + `&$select=b","odata.etag":` + strconv.Quote(etag) + `,"b":"x"}`,
		"?$select=b,PartitionKey": head + `&$select=b,PartitionKey","odata.etag":` + strconv.Quote(etag) + `,"PartitionKey":"p","b":"x"}`,
		"?$select=none,a":         head + `&$select=none,a","odata.etag":` + strconv.Quote(etag) + `,"a":1,"none":null}`,
		"?$select=a,none,a,none":  head + `&$select=a,none,a,none","odata.etag":` + strconv.Quote(etag) + `,"a":1,"none":null}`,
		"?$select=Timestamp":      head + `&$select=Timestamp","odata.etag":` + strconv.Quote(etag) + `,"Timestamp":"` + timeOf(t, etag) + `"}`,
	} {
		if a := s.OK(200, "GET", path+query, "", minimal); a.Body != want {
			t.Errorf("%s: %s\n%s", query, a.Body, want)
		}
	}
	second := s.OK(200, "GET", "-secondary"+path, "", minimal)
	if want := `{"odata.metadata":"` + s.URL + `-secondary/$metadata#tab/@Element",`; !strings.HasPrefix(second.Body, want) {
		t.Errorf("from the secondary endpoint: %s\n%s", second.Body, want)
	}
	all := s.OK(200, "GET", path, "").Body
	for _, same := range []string{
		path + "?$select=", path + "?$select=*", path + "?$select=%20", "/tab(RowKey='r',PartitionKey='p')", "/tab(PartitionKey=%27p%27,%20RowKey=%27r%27)",
		"/TAB(PartitionKey='p',RowKey='r')",
	} {
		if a := s.OK(200, "GET", same, ""); a.Body != all {
			t.Errorf("%s: %s, want %s", same, a.Body, all)
		}
	}
	// If it has changed, and if not.
	if a := s.Refused(304, "ConditionNotMet", "GET", path, "", "If-None-Match: "+etag); a.Body != "" {
		t.Errorf("304 with %s", a.Body)
	}
	s.OK(200, "GET", path, "", "If-None-Match: "+`W/"other"`)
	s.OK(200, "GET", path, "", "If-Match: "+etag)
	s.Refused(412, "UpdateConditionNotSatisfied", "GET", path, "", `If-Match: W/"other"`)
	s.Refused(400, "InvalidInput", "GET", path, "", "If-Match: other")
	s.Refused(400, "InvalidInput", "GET", path, "", "If-Match: *", "If-None-Match: *")

	s.Refused(404, "ResourceNotFound", "GET", at("tab", "p", "none"), "")
	s.Refused(404, "ResourceNotFound", "GET", at("tab", "a/b", "c"), "")
	s.Refused(404, "TableNotFound", "GET", at("none", "p", "r"), "")
	s.Refused(400, "InvalidInput", "GET", path+"?$select=a-b", "")
	s.Refused(400, "InvalidInput", "GET", path+"?$filter=a%20eq%201", "")
	s.Refused(405, "MethodNotAllowed", "HEAD", path, "")
	s.Refused(415, "MediaTypeNotSupported", "GET", path, "", "Accept: text/html")
}

// TestKeys writes and reads entities with keys that need care.
func TestKeys(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	keys := []string{"", " ", "a b", "it's", "''", "a,b=c(d)", "é😀", "100%", "%2F", "a+b&c", `"`, ";", "\ufffd", strings.Repeat("😀", 512)}
	for i, k := range keys {
		row := keys[len(keys)-1-i]
		a := s.insert("tab", k, row, fmt.Sprintf(`"n":%d`, i))
		location := a.Header.Get("Location")
		if b := s.OK(200, "GET", strings.TrimPrefix(location, s.URL), ""); !strings.Contains(b.Body, fmt.Sprintf(`"n":%d}`, i)) {
			t.Errorf("%q: the location %s has %s", k, location, b.Body)
		}
		s.OK(204, "MERGE", at("tab", k, row), `{"m":1}`, "If-Match: "+a.Header.Get("ETag"))
		s.OK(204, "DELETE", at("tab", k, row), "", "If-Match: *")
	}
}

// TestTypes writes all types and reads them at all levels.
func TestTypes(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	typed := `"Bin@odata.type":"Edm.Binary","Bin":"AAEC/w==","No":false,"Yes":true,"When@odata.type":"Edm.DateTime","When":"2008-07-10T12:34:56.789Z",` +
		`"Half":0.5,"Whole":3.0,"Huge":1.5E+300,"Inf@odata.type":"Edm.Double","Inf":"Infinity","Nan@odata.type":"Edm.Double","Nan":"NaN",` +
		`"Id@odata.type":"Edm.Guid","Id":"c9da6455-213d-42c9-9a79-3e9149a57833","Int":-5,"Long@odata.type":"Edm.Int64","Long":"-9223372036854775808",` +
		`"Text":"\u0000\"\\/<é😀\n","Empty":""`
	plain := typed
	for _, edm := range []string{"Bin@odata.type", "When@odata.type", "Inf@odata.type", "Nan@odata.type", "Id@odata.type", "Long@odata.type"} {
		i := strings.Index(plain, `"`+edm)
		plain = plain[:i] + plain[i+strings.IndexByte(plain[i:], ',')+1:]
	}
	for _, level := range []string{"nometadata", "minimalmetadata", "fullmetadata"} {
		accept := "Accept: application/json;odata=" + level
		want := typed + "}"
		if level == "nometadata" {
			want = plain + "}"
		}
		a := s.OK(201, "POST", "/tab", entity("p", level, typed), accept)
		b := s.OK(200, "GET", at("tab", "p", level), "", accept)
		c := s.OK(200, "GET", "/tab()?$filter="+url.QueryEscape("RowKey eq '"+level+"'"), "", accept)
		for name, got := range map[string]string{"inserted": a.Body, "read": b.Body, "found": strings.TrimSuffix(c.Body, "]}")} {
			if !strings.HasSuffix(got, ","+want) {
				t.Errorf("%s, %s: %s\nwant %s", level, name, got, want)
			}
		}
		if a.Body != b.Body {
			t.Errorf("inserted %s, read %s", a.Body, b.Body)
		}
		// What was read can be written back.
		s.OK(204, "PUT", at("tab", "p", level), b.Body, "If-Match: *")
		if level != "nometadata" {
			if d := s.OK(200, "GET", at("tab", "p", level), "", accept); !strings.HasSuffix(d.Body, ","+want) {
				t.Errorf("written back: %s", d.Body)
			}
		}
	}
}

// TestRace changes a counter from many clients, each of which tries until nobody
// was between its read and its write.
func TestRace(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	path := at("tab", "p", "counter")
	s.insert("tab", "p", "counter", `"n":0`)
	const clients, times = 4, 5
	var lost sync.Map
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for range times {
				for {
					a := s.Do(request{Method: "GET", Path: path})
					var e struct{ N int }
					if err := json.Unmarshal([]byte(a.Body), &e); err != nil {
						t.Error(err)
						return
					}
					method := []string{"PUT", "MERGE"}[i%2]
					b := s.Do(request{Method: method, Path: path, Body: fmt.Sprintf(`{"n":%d}`, e.N+1), Headers: []string{"If-Match: " + a.Header.Get("ETag")}})
					if b.Status == http.StatusNoContent {
						break
					}
					if b.Status != http.StatusPreconditionFailed {
						t.Errorf("%s: %d %s", method, b.Status, b.Body)
						return
					}
					lost.Store(a.Header.Get("ETag"), true)
				}
			}
		})
	}
	wg.Wait()
	if a := s.OK(200, "GET", path, ""); !strings.Contains(a.Body, fmt.Sprintf(`"n":%d}`, clients*times)) {
		t.Errorf("%s", a.Body)
	}
	// Of many inserts of one key one wins.
	var made, exists int
	var mu sync.Mutex
	for range 8 {
		wg.Go(func() {
			a := s.Do(request{Method: "POST", Path: "/tab", Body: entity("p", "once")})
			mu.Lock()
			defer mu.Unlock()
			switch a.Status {
			case http.StatusCreated:
				made++
			case http.StatusConflict:
				exists++
			}
		})
	}
	wg.Wait()
	if made != 1 || exists != 7 {
		t.Errorf("%d inserts, %d refusals", made, exists)
	}
}
