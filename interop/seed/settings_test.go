package seed

import (
	"strings"
	"testing"

	"reslog/client"
	"reslog/server"
)

// turnOn is the body of the announcement's request, with its white space.
const turnOn = `<?xml version="1.0" encoding="utf-8"?>
<StorageServiceProperties>
    <Logging>
        <Version>1.0</Version>
        <Delete>true </Delete>
        <Read> false</Read>
        <Write>true </Write>
        <RetentionPolicy>
        <Enabled>true</Enabled>           
        <Days>7</Days>
    </RetentionPolicy>
    </Logging>
    <Metrics>
        <Version>1.0</Version>
        <Enabled>true</Enabled>           
        <IncludeAPIs>true</IncludeAPIs>
        <RetentionPolicy>
            <Enabled>true</Enabled>           
            <Days>10</Days>
        </RetentionPolicy>
    </Metrics>
</StorageServiceProperties >`

// "A REST API call, as shown below, is used to turn on Logging."
func TestTurnLoggingOn(t *testing.T) {
	n := start(t, nil)
	const target = "/?restype=service&comp=properties"
	r := req(byKey, "PUT", target, turnOn, "x-ms-version", "2009-09-19")
	r.of, r.host = sally, "sally.blob.core.windows.net"
	a := n.must(t, 202, r)
	want(t, "Content-Length", a.header.Get("Content-Length"), "0")
	want(t, "x-ms-version", a.header.Get("x-ms-version"), "2009-09-19")
	if a.id == "" || a.header.Get("Date") == "" || a.header.Get("Server") == "" || a.body != "" {
		t.Errorf("answer %v %q", a.header, a.body)
	}

	r = req(byKey, "GET", target, "", "x-ms-version", "2009-09-19")
	r.of, r.host = sally, "sally.blob.core.windows.net"
	body := n.must(t, 200, r).body
	for _, part := range []string{
		"<Logging><Version>1.0</Version><Read>false</Read><Write>true</Write><Delete>true</Delete><RetentionPolicy><Enabled>true</Enabled><Days>7</Days></RetentionPolicy></Logging>",
		"<Metrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs><RetentionPolicy><Enabled>true</Enabled><Days>10</Days></RetentionPolicy></Metrics>",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}
	// In force at once, for sally alone.
	send := func(a account, method, target string, status int) string {
		t.Helper()
		r := req(byKey, method, target, "")
		r.of = a
		return n.must(t, status, r).id
	}
	created := send(sally, "PUT", "/docs?restype=container", 201)
	read := send(sally, "GET", "/docs?restype=container", 200)
	deleted := send(sally, "DELETE", "/docs?restype=container", 202)
	got := n.recordsOf(t, sally)
	want(t, "write", got.one(t, "write", created).Operation, "CreateContainer")
	want(t, "delete", got.one(t, "delete", deleted).Operation, "DeleteContainer")
	want(t, "records of a read", len(got[read]), 0)
	send(n.account, "GET", "/$logs?restype=container", 404) // the other account has no logs
}

// Settings that are refused change nothing: neither what is stored nor what is
// logged.
func TestRefusedSettings(t *testing.T) {
	n := start(t, nil)
	n.set(t, logging{write: true, days: 7})
	l := func(inner string) string {
		return "<StorageServiceProperties><Logging>" + inner + "</Logging></StorageServiceProperties>"
	}
	const policy = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
	for what, body := range map[string]string{
		"366 days":         logging{read: true, days: 366}.xml(),
		"no days":          l("<Version>1.0</Version><Delete>true</Delete><Read>true</Read><Write>true</Write><RetentionPolicy><Enabled>true</Enabled></RetentionPolicy>"),
		"0 days":           l("<Version>1.0</Version><Delete>true</Delete><Read>true</Read><Write>true</Write><RetentionPolicy><Enabled>true</Enabled><Days>0</Days></RetentionPolicy>"),
		"version 3.0":      logging{version: "3.0", read: true}.xml(),
		"no Read":          l("<Version>1.0</Version><Delete>true</Delete><Write>true</Write>" + policy),
		"no Write":         l("<Version>1.0</Version><Delete>true</Delete><Read>true</Read>" + policy),
		"no Delete":        l("<Version>1.0</Version><Read>true</Read><Write>true</Write>" + policy),
		"neither yes nor":  l("<Version>1.0</Version><Delete>maybe</Delete><Read>true</Read><Write>true</Write>" + policy),
		"nothing":          "<StorageServiceProperties/>",
		"not XML":          "Logging: on",
		"cut off":          turnOn[:200],
		"unknown elements": l("<Version>1.0</Version><Delete>true</Delete><Read>true</Read><Write>true</Write><Loud>true</Loud>" + policy),
	} {
		a := n.must(t, 400, req(byKey, "PUT", "/?restype=service&comp=properties", body))
		if code := a.header.Get("x-ms-error-code"); code != "InvalidXmlDocument" && code != "InvalidXmlNodeValue" {
			t.Errorf("%s: %s", what, code)
		}
	}
	body := n.must(t, 200, req(byKey, "GET", "/?restype=service&comp=properties", "")).body
	if !strings.Contains(body, "<Read>false</Read><Write>true</Write><Delete>false</Delete><RetentionPolicy><Enabled>true</Enabled><Days>7</Days>") {
		t.Errorf("settings are %s", body)
	}
	written := n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "")).id
	read := n.must(t, 200, req(byKey, "GET", "/docs?restype=container", "")).id
	got := n.records(t)
	want(t, "records of a write", len(got[written]), 1)
	want(t, "records of a read", len(got[read]), 0)
}

// The announcement's AnalyticsSettings, set and read back.
func TestAnalyticsSettings(t *testing.T) {
	n := start(t, nil)
	a, err := client.ParseConnectionString(n.ConnectionString(server.DevAccount))
	check(t, err)
	settings := client.AnalyticsSettings{
		LogType:                         client.LoggingDelete | client.LoggingRead | client.LoggingWrite,
		IsLogRetentionPolicyEnabled:     true,
		LogRetentionInDays:              1,
		IsMetricsRetentionPolicyEnabled: true,
		MetricsRetentionInDays:          7,
	}
	check(t, settings.SetMetricsType(client.MetricsAll))
	check(t, a.SetAnalytics(t.Context(), client.Blob, &settings))
	got, err := a.GetAnalytics(t.Context(), client.Blob)
	check(t, err)
	want(t, "log type", got.LogType, settings.LogType)
	want(t, "log retention", got.LogRetentionInDays, 1)
	want(t, "metrics type", got.MetricsType(), client.MetricsAll)
	want(t, "metrics retention", got.MetricsRetentionInDays, 7)
	id := n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "")).id
	n.records(t).one(t, "a request", id)
}
