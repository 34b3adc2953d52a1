package storage

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	loggingOff  = `<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>`
	loggingOn   = `<Logging><Version>2.0</Version><Delete>true</Delete><Read> True </Read><Write>true </Write><RetentionPolicy><Enabled>true</Enabled><Days>10</Days></RetentionPolicy></Logging>`
	metricsOff  = `<Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>`
	metricsOn   = `<Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>false</IncludeAPIs><RetentionPolicy><Enabled>true</Enabled><Days>365</Days></RetentionPolicy>`
	declaration = `<?xml version="1.0" encoding="utf-8"?>`
)

func doc(s string) string { return "<StorageServiceProperties>" + s + "</StorageServiceProperties>" }

func cors(rules ...string) string { return "<Cors>" + strings.Join(rules, "") + "</Cors>" }

func rule(origins, methods, allowed, exposed, age string) string {
	return "<CorsRule><AllowedOrigins>" + origins + "</AllowedOrigins><AllowedMethods>" + methods + "</AllowedMethods><MaxAgeInSeconds>" + age +
		"</MaxAgeInSeconds><ExposedHeaders>" + exposed + "</ExposedHeaders><AllowedHeaders>" + allowed + "</AllowedHeaders></CorsRule>"
}

func many(n int, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(items, ",")
}

func TestPropertiesAccepted(t *testing.T) {
	base := DefaultServiceProperties()
	base.Cors = []CorsRule{{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}}}
	changed := func(fn func(*ServiceProperties)) ServiceProperties { sp := base; fn(&sp); return sp }
	on := Logging{Version: "2.0", Read: true, Write: true, Delete: true, Retention: RetentionPolicy{Enabled: true, Days: 10}}
	metrics := Metrics{Version: "1.0", Enabled: true, Retention: RetentionPolicy{Enabled: true, Days: 365}}
	for _, c := range []struct {
		name    string
		kind    Kind
		version Version
		body    string
		want    ServiceProperties
	}{
		{"logging alone keeps the rest", Blob, "2013-08-15", doc(loggingOn), changed(func(sp *ServiceProperties) { sp.Logging = on })},
		{"declaration, mark, comment", Blob, "2021-06-08", "\ufeff" + declaration + "\n<!-- x -->" + doc("\n "+loggingOn+"\n"), changed(func(sp *ServiceProperties) { sp.Logging = on })},
		{"a namespace is no matter", Blob, "2021-06-08", `<StorageServiceProperties xmlns:xsi="x">` + loggingOn + `</StorageServiceProperties>`, changed(func(sp *ServiceProperties) { sp.Logging = on })},
		{"old metrics", Blob, "2009-09-19", doc(loggingOn + "<Metrics>" + metricsOn + "</Metrics>"), changed(func(sp *ServiceProperties) { sp.Logging, sp.HourMetrics = on, metrics })},
		{
			"old default version", Blob, "2011-08-18", doc(loggingOff + "<Metrics>" + metricsOn + "</Metrics><DefaultServiceVersion>2011-08-18</DefaultServiceVersion>"),
			changed(func(sp *ServiceProperties) { sp.HourMetrics, sp.DefaultServiceVersion = metrics, "2011-08-18" }),
		},
		{
			"hour and minute", Queue, "2015-04-05", doc("<HourMetrics>" + metricsOff + "</HourMetrics><MinuteMetrics>" + metricsOn + "</MinuteMetrics>"),
			changed(func(sp *ServiceProperties) { sp.HourMetrics, sp.MinuteMetrics = Metrics{Version: "1.0"}, metrics }),
		},
		{"no rules", Blob, "2021-06-08", doc("<Cors/>"), changed(func(sp *ServiceProperties) { sp.Cors = nil })},
		{
			"rules", Blob, "2021-06-08", doc(cors(rule("http://a, http://b", "GET,put", "x-ms-meta-target*,y", "", "500"), rule("*", "PATCH", "", "*", "0"))),
			changed(func(sp *ServiceProperties) {
				sp.Cors = []CorsRule{
					{AllowedOrigins: []string{"http://a", "http://b"}, AllowedMethods: []string{"GET", "put"}, AllowedHeaders: []string{"x-ms-meta-target*", "y"}, MaxAgeInSeconds: 500},
					{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"PATCH"}, ExposedHeaders: []string{"*"}},
				}
			}),
		},
		{
			"five rules, twice the same", Blob, "2021-06-08", doc(cors(rule("*", "GET", "", "", "1"), rule("*", "GET", "", "", "1"), rule("*", "GET", "", "", "1"), rule("*", "GET", "", "", "1"), rule("*", "GET", "", "", "1"))),
			changed(func(sp *ServiceProperties) {
				r := CorsRule{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}, MaxAgeInSeconds: 1}
				sp.Cors = []CorsRule{r, r, r, r, r}
			}),
		},
		{"what does not exist, disabled", Blob, "2021-06-08", doc("<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy><StaticWebsite><Enabled>false</Enabled></StaticWebsite>"), base},
		{"default version", Blob, "2021-06-08", doc("<DefaultServiceVersion>2019-12-12</DefaultServiceVersion>"), changed(func(sp *ServiceProperties) { sp.DefaultServiceVersion = "2019-12-12" })},
	} {
		got, err := parseServiceProperties([]byte(c.body), c.kind, c.version, base)
		if err != nil {
			t.Errorf("%s: %v %+v", c.name, err, asError(err))
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestPropertiesRefused(t *testing.T) {
	const v = "2021-06-08"
	retention := func(s string) string {
		return "<MinuteMetrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs><RetentionPolicy>" + s + "</RetentionPolicy></MinuteMetrics>"
	}
	for _, c := range []struct {
		name    string
		kind    Kind
		version Version
		body    string
		code    string
		want    map[string]string
	}{
		// Two answers of the service that were recorded, with their positions.
		{
			"366 days", Blob, v, "<?xml version='1.0' encoding='utf-8'?>\n" + doc(retention("<Enabled>true</Enabled><Days>366</Days>")), "InvalidXmlDocument",
			map[string]string{"LineNumber": "2", "LinePosition": "176", "Reason": "Retention days must be greater than 0 and less than or equal to 365 days."},
		},
		{
			"days while disabled", Queue, v, declaration + doc("<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write><RetentionPolicy><Enabled>false</Enabled><Days>0</Days></RetentionPolicy></Logging>"), "InvalidXmlDocument",
			map[string]string{"LineNumber": "1", "LinePosition": "213", "Reason": "Element Days is only expected when RetentionPolicy is enabled."},
		},
		{
			"after a byte order mark", Queue, v, "\ufeff" + declaration + doc("<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write><RetentionPolicy><Enabled>false</Enabled><Days>0</Days></RetentionPolicy></Logging>"), "InvalidXmlDocument",
			map[string]string{"LineNumber": "1", "LinePosition": "213"},
		},
		{"no days", Blob, v, doc(retention("<Enabled>true</Enabled>")), "InvalidXmlDocument", nil},
		{"0 days", Blob, v, doc(retention("<Enabled>true</Enabled><Days>0</Days>")), "InvalidXmlDocument", nil},
		{"days that are no number", Blob, v, doc(retention("<Enabled>true</Enabled><Days>a</Days>")), "InvalidXmlDocument", nil},
		{"retention of neither", Blob, v, doc(retention("<Enabled>perhaps</Enabled>")), "InvalidXmlDocument", nil},
		{
			"more than five rules", Blob, v, doc(cors(strings.Repeat(rule("*", "GET", "", "", "1"), 6))), "InvalidXmlDocument",
			map[string]string{"LineNumber": "0", "LinePosition": "0", "Reason": ""},
		},
		{"rule without headers", Blob, v, doc(cors("<CorsRule><AllowedOrigins>*</AllowedOrigins><AllowedMethods>GET</AllowedMethods><MaxAgeInSeconds>1</MaxAgeInSeconds><ExposedHeaders/></CorsRule>")), "InvalidXmlDocument", nil},
		{"no origins", Blob, v, doc(cors(rule("", "GET", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"no methods", Blob, v, doc(cors(rule("*", "", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"other method", Blob, v, doc(cors(rule("*", "GET,BREW", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"65 origins", Blob, v, doc(cors(rule(many(65, "http://o%d"), "GET", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"65 headers", Blob, v, doc(cors(rule("*", "GET", many(65, "x-%d"), "", "1"))), "InvalidXmlNodeValue", nil},
		{"3 prefixes", Blob, v, doc(cors(rule("*", "GET", "", many(3, "x-%d*"), "1"))), "InvalidXmlNodeValue", nil},
		{"wildcard inside", Blob, v, doc(cors(rule("*", "GET", "", "x-*-y", "1"))), "InvalidXmlNodeValue", nil},
		{"wildcard among origins", Blob, v, doc(cors(rule("*,http://a", "GET", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"wildcard in an origin", Blob, v, doc(cors(rule("http://localhost:*", "GET", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"long origin", Blob, v, doc(cors(rule(strings.Repeat("a", 257), "GET", "", "", "1"))), "InvalidXmlNodeValue", nil},
		{"age below zero", Blob, v, doc(cors(rule("*", "GET", "", "", "-1"))), "InvalidXmlNodeValue", nil},
		{"rules of more than 2 KB", Blob, v, doc(cors(rule(many(9, strings.Repeat("a", 250)+"%d"), "GET", "", "", "1"))), "InvalidXmlDocument", nil},
		{"rules not wrapped", Blob, v, doc("<CorsRule></CorsRule>"), "InvalidXmlDocument", map[string]string{"Reason": "Element 'CorsRule' is not recognized."}},
		{"no roots", Blob, v, "<StorageServiceProperties />", "InvalidXmlDocument", map[string]string{"Reason": "Element '' is not recognized."}},
		{"other root", Blob, v, "<Properties/>", "InvalidXmlDocument", map[string]string{"LinePosition": "2"}},
		{"table log version 2.0", Table, v, doc(strings.Replace(loggingOff, "1.0", "2.0", 1)), "InvalidXmlDocument", nil},
		{"log version 1", Blob, v, doc(strings.Replace(loggingOff, "1.0", "1", 1)), "InvalidXmlDocument", nil},
		{"metrics version 2.0", Blob, v, doc("<HourMetrics>" + strings.Replace(metricsOff, "1.0", "2.0", 1) + "</HourMetrics>"), "InvalidXmlDocument", nil},
		{"metrics without IncludeAPIs", Blob, v, doc("<HourMetrics>" + strings.Replace(metricsOn, "<IncludeAPIs>false</IncludeAPIs>", "", 1) + "</HourMetrics>"), "InvalidXmlDocument", nil},
		{"default version of a queue", Queue, v, doc("<DefaultServiceVersion>2019-12-12</DefaultServiceVersion>"), "InvalidXmlDocument", nil},
		{"unknown default version", Blob, v, doc("<DefaultServiceVersion>2019-12-13</DefaultServiceVersion>"), "InvalidXmlNodeValue", nil},
		{"logging without write", Blob, v, doc(strings.Replace(loggingOff, "<Write>false</Write>", "", 1)), "InvalidXmlDocument", map[string]string{"Reason": "Element Write is required in Logging."}},
		{"logging twice", Blob, v, doc(loggingOff + loggingOff), "InvalidXmlDocument", nil},
		{"read twice", Blob, v, doc(strings.Replace(loggingOff, "<Write>false</Write>", "<Read>true</Read>", 1)), "InvalidXmlDocument", nil},
		{"unknown child", Blob, v, doc(strings.Replace(loggingOff, "<Write>", "<X/><Write>", 1)), "InvalidXmlDocument", nil},
		{"old version without metrics", Blob, "2009-09-19", doc(loggingOff), "InvalidXmlDocument", map[string]string{"Reason": "Element Metrics is required."}},
		{"old version with hour metrics", Blob, "2012-02-12", doc(loggingOff + "<HourMetrics>" + metricsOff + "</HourMetrics>"), "InvalidXmlDocument", nil},
		{"new version with metrics", Blob, v, doc("<Metrics>" + metricsOff + "</Metrics>"), "InvalidXmlDocument", nil},
		{"soft delete", Blob, v, doc("<DeleteRetentionPolicy><Enabled>true</Enabled><Days>5</Days></DeleteRetentionPolicy>"), "UnsupportedXmlNode", nil},
		{"static website", Blob, v, doc("<StaticWebsite><Enabled>true</Enabled><IndexDocument>i</IndexDocument></StaticWebsite>"), "UnsupportedXmlNode", nil},
		{"soft delete before its time", Blob, "2015-04-05", doc("<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"), "InvalidXmlDocument", nil},
		{"not XML", Blob, v, "read=true", "InvalidXmlDocument", nil},
		{"nothing", Blob, v, "", "InvalidXmlDocument", nil},
		{"cut off", Blob, v, doc(loggingOff)[:100], "InvalidXmlDocument", nil},
		{"document type", Blob, v, `<!DOCTYPE a [<!ENTITY b "c">]>` + doc(loggingOff), "InvalidXmlDocument", nil},
		{"two documents", Blob, v, doc(loggingOff) + doc(loggingOff), "InvalidXmlDocument", nil},
		{"text after", Blob, v, doc(loggingOff) + "x", "InvalidXmlDocument", nil},
		{"too deep", Blob, v, strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50), "InvalidXmlDocument", nil},
		{"later fault changes nothing", Blob, v, doc(loggingOn + retention("<Enabled>true</Enabled><Days>400</Days>")), "InvalidXmlDocument", nil},
	} {
		_, err := parseServiceProperties([]byte(c.body), c.kind, c.version, DefaultServiceProperties())
		e := asError(err)
		if e == nil || e.Code != c.code || e.Status != 400 {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
			continue
		}
		details := map[string]string{}
		for _, d := range e.Details {
			details[d.Name] = d.Value
		}
		for name, value := range c.want {
			if got, ok := details[name]; !ok || got != value {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, value)
			}
		}
	}
}

// The whole way: over HTTP, kept in a store, told to the node before the 202.
func TestSetAndGetProperties(t *testing.T) {
	store := &memoryStore{values: map[string][]byte{}}
	var told []ServiceProperties
	config := PropertiesConfig{Store: store, OnChange: func(_ context.Context, a *Account, k Kind, sp ServiceProperties) error {
		if a.Name != "devstoreaccount1" || k != Blob {
			t.Errorf("told of %s %s", a.Name, k)
		}
		told = append(told, sp)
		return nil
	}}
	properties := OpenProperties(config)
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) {
		c.Properties = properties
		ops := NewPropertyOperations(Blob, properties)
		s.ops["get"], s.ops["set"], s.ops["stats"] = ops.Get, ops.Set, ops.Stats
	})
	body := want(t, f.do(t, "GET", "/x/get", "", true), 200, "")
	if body != "\ufeff"+declaration+doc(`<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>`+
		`<HourMetrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs><RetentionPolicy><Enabled>true</Enabled><Days>7</Days></RetentionPolicy></HourMetrics>`+
		`<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></MinuteMetrics><Cors />`+
		`<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy><StaticWebsite><Enabled>false</Enabled></StaticWebsite>`) {
		t.Errorf("new account: %s", body)
	}
	if e := f.emitter.entry(t); e.Operation != "GetBlobServiceProperties" || e.ObjectKey != "/devstoreaccount1/x/get" {
		t.Errorf("%+v", e)
	}
	res := f.do(t, "PUT", "/x/set", doc(loggingOn+cors(rule("http://a&amp;b", "GET", "", "x", "1"))+"<DefaultServiceVersion>2019-12-12</DefaultServiceVersion>"), true)
	if body := want(t, res, 202, ""); body != "" || res.Header.Get("Content-Length") != "0" {
		t.Errorf("body %q, headers %v", body, res.Header)
	}
	if e := f.emitter.entry(t); e.Operation != "SetBlobServiceProperties" || e.Status != "Success" || e.HTTPStatus != "202" {
		t.Errorf("%+v", e)
	}
	if len(told) != 1 || !told[0].Logging.Read {
		t.Fatalf("told %+v", told)
	}
	after := OpenProperties(config) // another process
	got, err := after.Get(t.Context(), "devstoreaccount1", Blob)
	if err != nil || !cmp.Equal(got, told[0]) {
		t.Errorf("kept %+v, %v", got, err)
	}
	// Older versions do not see what is newer, and can set their part.
	body = want(t, f.do(t, "GET", "/x/get", "", true, "x-ms-version", "2009-09-19"), 200, "")
	if strings.Contains(body, "Cors") || strings.Contains(body, "Minute") || strings.Contains(body, "Default") || !strings.Contains(body, "<Metrics><Version>") {
		t.Errorf("2009-09-19: %s", body)
	}
	want(t, f.do(t, "PUT", "/x/set", doc(loggingOff+"<Metrics>"+metricsOff+"</Metrics>"), true, "x-ms-version", "2009-09-19"), 202, "")
	body = want(t, f.do(t, "GET", "/x/get", "", true), 200, "")
	if !strings.Contains(body, "<CorsRule><AllowedMethods>GET</AllowedMethods><AllowedOrigins>http://a&amp;b</AllowedOrigins><AllowedHeaders /><ExposedHeaders>x</ExposedHeaders><MaxAgeInSeconds>1</MaxAgeInSeconds></CorsRule>") ||
		!strings.HasSuffix(body, "<DefaultServiceVersion>2019-12-12</DefaultServiceVersion></StorageServiceProperties>") {
		t.Errorf("after 2009-09-19: %s", body)
	}
	if err := xml.Unmarshal([]byte(strings.TrimPrefix(body, "\ufeff")), new(struct{})); err != nil {
		t.Error(err)
	}
	// Refusals name the place, and change nothing.
	body = want(t, f.do(t, "PUT", "/x/set", doc(loggingOn[:20]), true), 400, "InvalidXmlDocument")
	if !strings.Contains(body, "<LineNumber>1</LineNumber><LinePosition>") {
		t.Errorf("body %s", body)
	}
	want(t, f.do(t, "PUT", "/x/set", doc(loggingOn), true, "Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="), 400, "Md5Mismatch")
	want(t, f.do(t, "PUT", "/x/set", doc(loggingOn), true, "Content-MD5", "x"), 400, "InvalidMd5")
	want(t, f.do(t, "PUT", "/x/set", strings.Repeat("x", maxPropertiesBody+1), true), 413, "RequestBodyTooLarge")
	if len(told) != 2 {
		t.Errorf("told %d times", len(told))
	}
	want(t, f.do(t, "GET", "/x/stats", "", true), 400, "InvalidQueryParameterValue")
	store.fail = errors.New("disk full")
	want(t, f.do(t, "PUT", "/x/set", doc(loggingOn), true), 500, "InternalError")
	if sp, _ := properties.Get(t.Context(), "devstoreaccount1", Blob); sp.Logging.Read {
		t.Error("properties that were not stored are in force")
	}
}

func TestStats(t *testing.T) {
	f := newTestFront(t, nil)
	ops := NewPropertyOperations(Blob, OpenProperties(PropertiesConfig{}))
	f.service.ops["stats"] = ops.Stats
	f.Accounts = testAccounts{"devstoreaccount1": testAccount()}
	f.service.public = PublicNone
	res, err := InProcess(f.Front).RoundTrip(mustRequest(t, "GET", "http://localhost/devstoreaccount1-secondary/x/stats"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "<GeoReplication><Status>live</Status><LastSyncTime>") || !strings.Contains(string(body), " GMT</LastSyncTime>") {
		t.Errorf("body %s, %v", body, err)
	}
}

type memoryStore struct {
	mu     sync.Mutex
	values map[string][]byte
	fail   error
}

func (s *memoryStore) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	return v, ok, s.fail
}

func (s *memoryStore) Put(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil {
		s.values[key] = value
	}
	return s.fail
}

func TestCors(t *testing.T) {
	properties := OpenProperties(PropertiesConfig{})
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { c.Properties, s.public = properties, PublicBlob })
	preflight := func(headers ...string) map[string]string {
		t.Helper()
		res := f.do(t, "OPTIONS", "/c/b", "", false, headers...)
		want(t, res, 200, "")
		got := map[string]string{}
		for k := range res.Header {
			if strings.HasPrefix(k, "Access-Control-") || k == "Vary" {
				got[k] = res.Header.Get(k)
			}
		}
		return got
	}
	want(t, f.do(t, "OPTIONS", "/c/b", "", false), 400, "MissingRequiredHeader")
	want(t, f.do(t, "OPTIONS", "/c/b", "", false, "Origin", "http://a"), 400, "MissingRequiredHeader")
	want(t, f.do(t, "OPTIONS", "/c/b", "", false, "Origin", "http://a", "Access-Control-Request-Method", "GET"), 403, "CorsPreflightFailure")
	f.emitter.none(t)
	sp := DefaultServiceProperties()
	sp.Cors = []CorsRule{
		{AllowedOrigins: []string{"http://a", "http://b"}, AllowedMethods: []string{"GET", "PUT"}, AllowedHeaders: []string{"x-ms-meta-*", "y"}, ExposedHeaders: []string{"x-ms-*", "Etag"}, MaxAgeInSeconds: 60},
		{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"HEAD"}},
	}
	if err := properties.Set(t.Context(), testAccount(), Blob, sp); err != nil {
		t.Fatal(err)
	}
	got := preflight("Origin", "http://b", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "X-MS-Meta-Q, y")
	if d := cmp.Diff(map[string]string{
		"Access-Control-Allow-Origin": "http://b", "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "X-MS-Meta-Q,y",
		"Access-Control-Max-Age": "60", "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
	}, got); d != "" {
		t.Error(d)
	}
	if e := f.emitter.entry(t); e.Operation != "BlobPreflightRequest" || e.Status != "AnonymousSuccess" {
		t.Errorf("%+v", e)
	}
	got = preflight("Origin", "http://z", "Access-Control-Request-Method", "HEAD")
	if d := cmp.Diff(map[string]string{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "HEAD", "Access-Control-Max-Age": "0"}, got); d != "" {
		t.Error(d)
	}
	for _, h := range [][]string{
		{"Origin", "http://z", "Access-Control-Request-Method", "GET"},
		{"Origin", "http://a", "Access-Control-Request-Method", "DELETE"},
		{"Origin", "http://a", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "z"},
	} {
		want(t, f.do(t, "OPTIONS", "/c/b", "", false, h...), 403, "CorsPreflightFailure")
	}
	res := f.do(t, "GET", "/c/b", "", false, "Origin", "http://a")
	if h := res.Header; h.Get("Access-Control-Allow-Origin") != "http://a" || h.Get("Access-Control-Expose-Headers") != "x-ms-*,Etag" || h.Get("Vary") != "Origin" || h.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("headers %v", h)
	}
	res = f.do(t, "GET", "/c/b", "", false, "Origin", "http://z")
	if h := res.Header; h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "Origin" {
		t.Errorf("headers %v", h)
	}
	res = f.do(t, "GET", "/c/b", "", false)
	if h := res.Header; h.Get("Vary") != "" {
		t.Errorf("headers %v", h)
	}
}
