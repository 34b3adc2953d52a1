package arm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reslog/internal/httpapi"
	"reslog/internal/journal"
	"reslog/resource"
)

func TestEveryRequestIsAuthenticated(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + owner, owner, "Bearer wrong-secret", "Bearer " + owner + "x", "Bearer " + strings.Repeat("x", httpapi.MaxToken+1)} {
		for _, path := range []string{"/subscriptions", "/tenants", "/nothing", account, account + "/listKeys", account + "/providers/Microsoft.Insights/diagnosticSettings"} {
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPost} {
				r := b.call("", method, path, storeV, "", "Authorization", header)
				challenge := r.header.Get("WWW-Authenticate")
				if r.status != http.StatusUnauthorized || !strings.HasPrefix(challenge, `Bearer authorization_uri="`+b.URL+"/"+tenant+`"`) || strings.Contains(r.text+challenge, "secret") {
					t.Fatalf("%s %s with %.20q: %d %q %s", method, path, header, r.status, challenge, r.text)
				}
				want := "AuthenticationFailed"
				if strings.HasPrefix(header, "Bearer wrong") || strings.HasPrefix(header, "Bearer owner") {
					want = "InvalidAuthenticationToken"
				}
				if r.code() != want {
					t.Fatalf("%s %s with %.20q: code %s, want %s", method, path, header, r.code(), want)
				}
			}
		}
	}
	if _, ok := b.resources.Get(resource.MustParse(account)); !ok {
		t.Error("the account is gone")
	}
}

func TestAnswersCarryTheHeaders(t *testing.T) {
	b := start(t)
	const correlation = "99999999-9999-9999-9999-999999999999"
	r := b.call(owner, http.MethodGet, "/subscriptions", groupsV, "", "x-ms-client-request-id", "mine", "x-ms-return-client-request-id", "True", "x-ms-correlation-request-id", correlation)
	for name, want := range map[string]string{
		"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1", "Content-Type": "application/json; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "x-ms-client-request-id": "mine", "x-ms-correlation-request-id": correlation,
		"x-ms-ratelimit-remaining-subscription-reads": "249",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if id := r.header.Get("x-ms-request-id"); !isGUID(id) || !strings.HasSuffix(r.header.Get("x-ms-routing-request-id"), id) {
		t.Errorf("request id %q, routing %q", id, r.header.Get("x-ms-routing-request-id"))
	}
	r = b.call(owner, http.MethodGet, "/subscriptions", groupsV, "", "x-ms-client-request-id", "mine", "x-ms-correlation-request-id", "not a guid")
	if r.header.Get("x-ms-client-request-id") != "" || r.header.Get("x-ms-correlation-request-id") != r.header.Get("x-ms-request-id") {
		t.Errorf("headers nobody asked for: %v", r.header)
	}
}

func TestVersions(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	group := "/subscriptions/" + sub + "/resourceGroups/rg"
	for _, c := range []struct {
		path, version, code string
		status              int
	}{
		{account, "", "MissingApiVersionParameter", 400},
		{account, "yesterday", "InvalidApiVersionParameter", 400},
		{account, "2023-02-30", "InvalidApiVersionParameter", 400},
		{account, "2023-01-01-PREVIEW", "", 200},
		{account, "2023-01-01%20", "InvalidApiVersionParameter", 400},
		{account, "2099-01-01", "InvalidApiVersionParameter", 400},
		{account, "2025-08-01", "", 200}, // newer than the list
		{account, "2015-05-01", "NoRegisteredProviderFound", 400},
		{account + "/blobServices/default", "2015-05-01", "NoRegisteredProviderFound", 400},
		{"/subscriptions", "2016-06-01", "", 200},
		{"/subscriptions", "2010-01-01", "InvalidApiVersionParameter", 400},
		{"/subscriptions", "", "MissingApiVersionParameter", 400},
		{group, "2010-01-01", "InvalidApiVersionParameter", 400},
		{"/subscriptions/" + sub + "/providers", "2010-01-01", "InvalidApiVersionParameter", 400},
		{group + "/providers/Microsoft.Authorization/roleAssignments", "2010-01-01", "InvalidApiVersionParameter", 400},
		{"/subscriptions/" + sub + "/providers/Microsoft.Insights/eventtypes/management/values", "2010-01-01", "InvalidApiVersionParameter", 400},
		{account + "/providers/Microsoft.Insights/diagnosticSettings", "", "MissingApiVersionParameter", 400},
	} {
		r := b.call(owner, http.MethodGet, c.path, c.version, "")
		if r.status != c.status || r.code() != c.code {
			t.Errorf("%s %q: %d %s, want %d %s", c.path, c.version, r.status, r.text, c.status, c.code)
		}
	}
	if r := b.call(owner, http.MethodGet, account+"?API-Version="+storeV, "", ""); r.status != http.StatusOK {
		t.Errorf("name of the parameter in another case: %d %s", r.status, r.text)
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	s := "/subscriptions/" + sub
	g := s + "/resourceGroups/rg"
	for _, c := range []struct {
		method, path, code string
		status             int
	}{
		{"GET", "/", "MissingSubscription", 404},
		{"GET", "/nothing", "MissingSubscription", 404},
		{"GET", "/subscriptions/none", "SubscriptionNotFound", 404},
		{"GET", "/subscriptions/none/providers/Microsoft.Storage/storageAccounts", "SubscriptionNotFound", 404},
		{"GET", s + "/nothing", "NotFound", 404},
		{"GET", g + "/nothing", "NotFound", 404},
		{"GET", s + "/resourceGroups/none", "ResourceGroupNotFound", 404},
		{"GET", s + "/resourceGroups/none/resources", "ResourceGroupNotFound", 404},
		{"GET", s + "/resourceGroups/none/providers/Microsoft.Storage/storageAccounts", "ResourceGroupNotFound", 404},
		{"GET", s + "/resourceGroups/none/providers/Microsoft.Storage/storageAccounts/a", "ResourceGroupNotFound", 404},
		{"DELETE", s + "/resourceGroups/none", "ResourceGroupNotFound", 404},
		{"GET", g + "/providers/Microsoft.Moon/craters/a", "InvalidResourceNamespace", 404},
		{"GET", s + "/providers/Microsoft.Moon", "InvalidResourceNamespace", 404},
		{"GET", g + "/providers/Microsoft.Storage/craters/a", "InvalidResourceType", 404},
		{"GET", s + "/providers/Microsoft.Storage/storageAccounts/account1", "InvalidResourceType", 404},
		{"GET", account + "/providers/Microsoft.SignalRService/SignalR/x", "InvalidResourceType", 404},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/other", "ResourceNotFound", 404},
		{"GET", account + "/blobServices/other", "ResourceNotFound", 404},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/other/blobServices/default", "ParentResourceNotFound", 404},
		{"GET", g + "/providers/Microsoft.EventHub/namespaces/none/authorizationRules", "ParentResourceNotFound", 404},
		{"PUT", g + "/providers/Microsoft.EventHub/namespaces/none/authorizationRules/r", "ParentResourceNotFound", 404},
		{"PATCH", g + "/providers/Microsoft.Storage/storageAccounts/other", "ResourceNotFound", 404},
		{"POST", account + "/explode", "InvalidResourceType", 404},
		{"POST", g + "/providers/Microsoft.Storage/storageAccounts/other/listKeys", "ResourceNotFound", 404},
		{"GET", account + "/listKeys", "MethodNotAllowed", 405},
		{"POST", account, "MethodNotAllowed", 405},
		{"PUT", account + "/blobServices/default", "MethodNotAllowed", 405},
		{"POST", s + "/resources", "MethodNotAllowed", 405},
		{"PUT", g + "/providers/Microsoft.Storage/storageAccounts", "MethodNotAllowed", 405},
		{"OPTIONS", account, "MethodNotAllowed", 405},
		{"POST", s + "/providers/Microsoft.Storage/unregister", "CannotUnregister", 409},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/../account1", "InvalidRequestUri", 400},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/%2e%2e", "InvalidRequestUri", 400},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/a%00b", "InvalidRequestUri", 400},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/%C3%A9", "InvalidRequestUri", 400},
		{"GET", "/" + strings.Repeat("a/", maxSegments+1), "InvalidRequestUri", 400},
		{"GET", "/" + strings.Repeat("a", maxPath), "RequestUriTooLong", 414},
		{"GET", s + "?$filter=" + strings.Repeat("a", maxQuery), "RequestUriTooLong", 414},
		{"GET", s + "?a=%zz", "InvalidRequestUri", 400},
		{"GET", g + "/providers/Microsoft.Storage/storageAccounts/" + strings.Repeat("a", 2040), "InvalidResourceId", 400},
	} {
		b.refused(c.status, c.code, c.method, c.path, storeV, "")
	}
}

func TestPathsAreReadLeniently(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	for _, path := range []string{
		account + "/", strings.ToUpper(account), strings.ToLower(account), "/" + account, strings.ReplaceAll(account, "/storageAccounts", "//storageAccounts"),
		strings.ReplaceAll(account, "account1", "%61ccount1"), strings.ReplaceAll(account, "/rg/", "%2Frg%2F"),
	} {
		r := b.call(owner, http.MethodGet, path, storeV, "")
		if r.status != http.StatusOK || r.at("id") != account {
			t.Errorf("%s: %d %s", path, r.status, r.text)
		}
	}
	// Decoded once, not twice.
	b.refused(http.StatusNotFound, "ResourceNotFound", http.MethodGet, strings.ReplaceAll(account, "account1", "%2561ccount1"), storeV, "")
}

func TestRoles403(t *testing.T) {
	b := start(t)
	mine, other := b.account("mine", "mineaccount"), b.account("other", "otheraccount")
	s := "/subscriptions/" + sub
	r := b.call(reader, http.MethodPut, mine, storeV, `{"location":"westeurope"}`)
	want := "The client 'reader' with object id 'oid-reader' does not have authorization to perform action 'Microsoft.Storage/storageAccounts/write' over scope '" + mine +
		"' or the scope is invalid. If access was recently granted, please refresh your credentials."
	if r.status != http.StatusForbidden || r.code() != "AuthorizationFailed" || r.message() != want {
		t.Errorf("%d %s", r.status, r.text)
	}
	for _, c := range []struct {
		token, method, path string
		status              int
	}{
		{reader, "GET", mine, 200},
		{reader, "DELETE", mine, 403},
		{reader, "PATCH", mine, 403},
		{reader, "POST", mine + "/listKeys", 403},
		{reader, "POST", mine + "/regenerateKey", 403},
		{reader, "PUT", s + "/resourceGroups/new", 403},
		{reader, "DELETE", s + "/resourceGroups/mine", 403},
		{keeper, "GET", mine, 200},
		{keeper, "POST", mine + "/listKeys", 200},
		{keeper, "GET", other, 403},
		{keeper, "DELETE", other, 403},
		{keeper, "GET", s, 200},
		{keeper, "GET", s + "/resourceGroups/other/resources", 403},
		{keeper, "PUT", mine + "/providers/Microsoft.Authorization/roleAssignments/" + sub, 400}, // may, but sends nothing
		{keeper, "PUT", other + "/providers/Microsoft.Authorization/roleAssignments/" + sub, 403},
		{nobody, "GET", mine, 403},
		{nobody, "HEAD", mine, 403},
		// Who may not read does not learn what exists.
		{nobody, "GET", mine + "x", 403},
		{nobody, "GET", s + "/resourceGroups/none", 403},
		{nobody, "GET", s + "/resourceGroups/none/providers/Microsoft.Storage/storageAccounts", 403},
		{nobody, "GET", s + "/resourceGroups/mine/providers/Microsoft.EventHub/namespaces/none/eventhubs", 403},
		{nobody, "GET", s + "/resources", 403},
		{nobody, "GET", s + "/providers/Microsoft.Storage/storageAccounts", 403},
		{nobody, "GET", s + "/providers", 403},
		{nobody, "GET", s + "/locations", 403},
		{nobody, "GET", s, 403},
		{nobody, "GET", mine + "/providers/Microsoft.Authorization/roleAssignments", 403},
		{nobody, "GET", s + "/providers/Microsoft.Insights/eventtypes/management/values?$filter=eventTimestamp%20ge%202020-01-01", 403},
		{nobody, "POST", s + "/providers/Microsoft.Storage/checkNameAvailability", 403},
		{nobody, "POST", s + "/providers/Microsoft.Storage/register", 403},
	} {
		if r := b.call(c.token, c.method, c.path, "2021-04-01", ""); r.status != c.status {
			t.Errorf("%s: %s %s: %d, want %d: %s", c.token, c.method, c.path, r.status, c.status, r.text)
		}
	}
	for token, want := range map[string]string{owner: "[mineaccount otheraccount]", reader: "[mineaccount otheraccount]", keeper: "[mineaccount]"} {
		for _, path := range []string{"/resources", "/providers/Microsoft.Storage/storageAccounts"} {
			var names []any
			for _, v := range b.call(token, http.MethodGet, s+path, storeV, "").values() {
				names = append(names, v.get("name"))
			}
			if fmt.Sprint(names) != want {
				t.Errorf("%s sees in %s %v, want %s", token, path, names, want)
			}
		}
	}
	for token, want := range map[string]int{owner: 1, keeper: 1, nobody: 0} {
		if r := b.call(token, http.MethodGet, "/subscriptions", groupsV, ""); r.status != http.StatusOK || len(r.values()) != want {
			t.Errorf("%s sees %d %s", token, r.status, r.text)
		}
	}
	for token, want := range map[string]int{owner: 2, keeper: 1, nobody: 0} {
		if r := b.call(token, http.MethodGet, s+"/resourcegroups", groupsV, ""); r.status != http.StatusOK || len(r.values()) != want {
			t.Errorf("%s sees the groups %d %s", token, r.status, r.text)
		}
	}
}

func TestBodiesAreBoundedAndOfJSON(t *testing.T) {
	b := start(t)
	path := b.group("rg") + "/providers/Microsoft.Storage/storageAccounts/account1"
	for _, c := range []struct {
		body, media, encoding, code string
		status                      int
	}{
		{`{"location":"westeurope"}`, "text/plain", "", "UnsupportedMediaType", 415},
		{`{"location":"westeurope"}`, "", "", "UnsupportedMediaType", 415},
		{`{"location":"westeurope"}`, "application/json", "gzip", "UnsupportedMediaType", 415},
		{`{"location":`, "application/json", "", "InvalidRequestContent", 400},
		{`[]`, "application/json", "", "InvalidRequestContent", 400},
		{`"x"`, "application/json", "", "InvalidRequestContent", 400},
		{`{"location":"westeurope"} {}`, "application/json", "", "InvalidRequestContent", 400},
		{`{"location":7}`, "application/json", "", "InvalidRequestContent", 400},
		{strings.Repeat(`{"properties":`, 20000) + "1" + strings.Repeat("}", 20000), "application/json", "", "InvalidRequestContent", 400},
		{`{"location":"westeurope","tags":{"a":"` + strings.Repeat("b", maxBody) + `"}}`, "application/json", "", "RequestContentTooLarge", 413},
		{`{"location":"westeurope","properties":{"a":"` + strings.Repeat("b", maxProperties) + `"}}`, "application/json", "", "RequestContentTooLarge", 413},
		{"\xef\xbb\xbf" + `{"location":"westeurope"}`, "application/json; charset=utf-8", "", "", 200},
		{`{"location":"westeurope"}`, "text/json", "identity", "", 200},
	} {
		r := b.call(owner, http.MethodPut, path, storeV, c.body, "Content-Type", c.media, "Content-Encoding", c.encoding)
		if r.status != c.status || r.code() != c.code {
			t.Errorf("%.40s as %q: %d %.300s, want %d %s", c.body, c.media, r.status, r.text, c.status, c.code)
		}
	}
}

func TestAPanicIsARefusal(t *testing.T) {
	b := start(t)
	r := b.call("panic", http.MethodGet, "/subscriptions", groupsV, "")
	if r.status != http.StatusInternalServerError || r.code() != "InternalServerError" || !strings.Contains(r.message(), r.header.Get("x-ms-request-id")) {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := b.call(owner, http.MethodGet, "/subscriptions", groupsV, ""); r.status != http.StatusOK {
		t.Errorf("the next request: %d %s", r.status, r.text)
	}
}

func TestMetadataNeedsNoToken(t *testing.T) {
	b := start(t)
	r := b.call("", http.MethodGet, "/metadata/endpoints", "2015-01-01", "")
	if r.status != http.StatusOK || r.at("authentication.loginEndpoint") != b.URL+"/adfs" || r.at("galleryEndpoint") != b.URL {
		t.Errorf("2015-01-01: %d %s", r.status, r.text)
	}
	for version, login := range map[string]string{"2019-05-01": b.URL + "/adfs", "2022-09-01": b.URL} {
		r := b.call("", http.MethodGet, "/metadata/endpoints", version, "")
		if r.status != http.StatusOK || !strings.HasPrefix(r.text, "[{") || !strings.Contains(r.text, `"loginEndpoint":"`+login+`"`) || !strings.Contains(r.text, `"resourceManager":"`+b.URL+`"`) {
			t.Errorf("%s: %d %s", version, r.status, r.text)
		}
	}
	for version, code := range map[string]string{"": "MissingApiVersionParameter", "2020-01-01": "InvalidApiVersionParameter"} {
		if r := b.call("", http.MethodGet, "/metadata/endpoints", version, ""); r.code() != code {
			t.Errorf("%q: %d %s", version, r.status, r.text)
		}
	}
	if r := b.call("", http.MethodPost, "/metadata/endpoints", "2015-01-01", "{}"); r.status != http.StatusMethodNotAllowed {
		t.Errorf("post: %d %s", r.status, r.text)
	}
}

// journalText is all that is in the journal's files.
func journalText(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

func TestAChangeThatCannotBeNotedIsNotMade(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	if err := b.journal.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := b.resources.Get(resource.MustParse(account))
	for _, c := range []struct{ method, path, body string }{
		{"PUT", account, `{"location":"westeurope","tags":{"a":"b"}}`},
		{"DELETE", account, ""},
		{"POST", account + "/listKeys", ""},
		{"POST", account + "/regenerateKey", `{"keyName":"key1"}`},
		{"PUT", "/subscriptions/" + sub + "/resourceGroups/rg", `{"location":"westeurope","tags":{"a":"b"}}`},
		{"DELETE", "/subscriptions/" + sub + "/resourceGroups/rg", ""},
		{"PUT", account + "/providers/Microsoft.Authorization/roleAssignments/" + sub, `{"properties":{"principalId":"` + sub + `","roleDefinitionId":"acdd72a7-3385-48ef-bd42-f606fba81ae7"}}`},
	} {
		b.refused(http.StatusInternalServerError, "ActivityLogUnavailable", c.method, c.path, "2022-04-01", c.body)
	}
	after, ok := b.resources.Get(resource.MustParse(account))
	if !ok || !bytes.Equal(before.Secrets, after.Secrets) || after.Tags != nil || len(b.roles.list) != 0 {
		t.Errorf("something was changed: %v", after)
	}
	if r := b.call(owner, http.MethodGet, account, storeV, ""); r.status != http.StatusOK {
		t.Errorf("reading: %d %s", r.status, r.text)
	}
}

func TestAFailureIsNotedWithoutItsReason(t *testing.T) {
	b := start(t)
	path := b.group("rg") + "/providers/Microsoft.Storage/storageAccounts/account1"
	b.kv.fail(errors.New("disk 7 is on fire"))
	r := b.refused(http.StatusInternalServerError, "InternalServerError", http.MethodPut, path, storeV, `{"location":"westeurope"}`)
	if strings.Contains(r.text, "fire") {
		t.Errorf("the client is told %s", r.text)
	}
	events := b.events("resourceUri eq '" + path + "'")
	if len(events) != 2 || events[0].at("status.value") != "Failed" || events[1].at("status.value") != "Started" || events[0].at("correlationId") != events[1].at("correlationId") {
		t.Errorf("events %v", events)
	}
}

// events reads the activity log of the last hour.
func (b *bench) events(filter string) []object {
	b.t.Helper()
	q := "eventTimestamp ge '" + b.clock().Add(-time.Hour).Format(time.RFC3339) + "'"
	if filter != "" {
		q += " and " + filter
	}
	path := "/subscriptions/" + sub + "/providers/Microsoft.Insights/eventtypes/management/values?$filter=" + strings.NewReplacer(" ", "%20", "'", "%27").Replace(q)
	return b.must(http.StatusOK, http.MethodGet, path, "2015-04-01", "").values()
}

func TestRefusedChangesAreInTheActivityLog(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	other := strings.Replace(account, "account1", "account2", 1)
	for _, c := range []struct {
		token, method, path, body string
		status                    int
		action, code              string
	}{
		{reader, "DELETE", account, "", 403, "Microsoft.Storage/storageAccounts/delete", "AuthorizationFailed"},
		{reader, "POST", account + "/listKeys", "", 403, "Microsoft.Storage/storageAccounts/listKeys/action", "AuthorizationFailed"},
		{owner, "PUT", account, `{"location":"eastus"}`, 409, "Microsoft.Storage/storageAccounts/write", "InvalidResourceLocation"},
		{owner, "PUT", other, `{}`, 400, "Microsoft.Storage/storageAccounts/write", "LocationRequired"},
		{owner, "PUT", account + "?api-version=x", "", 400, "Microsoft.Storage/storageAccounts/write", "InvalidApiVersionParameter"},
		{owner, "POST", account + "/regenerateKey", `{"keyName":"key3"}`, 400, "Microsoft.Storage/storageAccounts/regenerateKey/action", "InvalidRequestContent"},
		{nobody, "PUT", "/subscriptions/" + sub + "/resourceGroups/new", `{}`, 403, "Microsoft.Resources/subscriptions/resourceGroups/write", "AuthorizationFailed"},
	} {
		version := storeV
		if strings.Contains(c.path, "?") {
			version = ""
		}
		r := b.call(c.token, c.method, c.path, version, c.body)
		if r.status != c.status || r.code() != c.code {
			t.Fatalf("%s %s: %d %s", c.method, c.path, r.status, r.text)
		}
		events := b.events("correlationId eq '" + r.header.Get("x-ms-correlation-request-id") + "'")
		if len(events) != 1 {
			t.Fatalf("%s %s: %d events", c.method, c.path, len(events))
		}
		e := events[0]
		message, _ := e.at("properties.statusMessage").(string)
		if e.at("status.value") != "Failed" || e.at("operationName.value") != c.action || e.at("caller") != strings.TrimSuffix(c.token, "-token") ||
			e.at("authorization.action") != c.action || !strings.Contains(message, c.code) {
			t.Errorf("%s %s: event %v", c.method, c.path, e)
		}
	}
}

func TestReadsAreNotInTheActivityLog(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	was := len(b.events(""))
	b.must(http.StatusOK, http.MethodGet, account, storeV, "")
	b.must(http.StatusNoContent, http.MethodHead, account, storeV, "")
	b.must(http.StatusOK, http.MethodPost, "/subscriptions/"+sub+"/providers/Microsoft.Storage/checkNameAvailability", storeV, `{"name":"free"}`)
	if r := b.call("", http.MethodDelete, account, storeV, ""); r.status != http.StatusUnauthorized {
		t.Fatal(r.status)
	}
	if is := len(b.events("")); is != was {
		t.Errorf("%d events became %d", was, is)
	}
}

func TestWhoMayDoNothingCannotFillTheActivityLog(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	small, err := journal.Open(journal.Config{Dir: t.TempDir(), MaxBytes: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	b.arm.cfg.Journal = small
	for range 100 {
		if r := b.call(nobody, http.MethodDelete, account, storeV, ""); r.status != http.StatusForbidden {
			t.Fatalf("%d %s", r.status, r.text)
		}
	}
	if use := small.Use(); use < 0.4 || use > 0.7 {
		t.Errorf("the refused have filled %v of the log", use)
	}
	b.must(http.StatusOK, http.MethodPost, account+"/listKeys", storeV, "")
}

func TestAWriteGoesOnWithoutItsClient(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	b.kv.mu.Lock() // the store waits
	pr, pw := io.Pipe()
	req, err := http.NewRequest(http.MethodPut, b.URL+account+"?api-version="+storeV, pr)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+owner)
	req.Header.Set("Content-Type", "application/json")
	done := make(chan error, 1)
	client := *b.Client()
	client.Timeout = time.Second
	go func() {
		resp, err := client.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	if _, err := pw.Write([]byte(`{"location":"westeurope","tags":{"a":"b"}}`)); err != nil {
		t.Fatal(err)
	}
	pw.Close()
	if err := <-done; err == nil {
		t.Error("the client has an answer of a store that waits")
	}
	b.kv.mu.Unlock()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if res, _ := b.resources.Get(resource.MustParse(account)); res.Tags["a"] == "b" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the change was given up")
		}
	}
}

func openJournal(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(journal.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}
