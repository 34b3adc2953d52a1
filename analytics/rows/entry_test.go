package rows

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"reslog/resource"
	"reslog/storagelog"
)

// entry reads one line, leniently.
func entry(t *testing.T, line string) *storagelog.Entry {
	t.Helper()
	var l storagelog.Line
	if !l.ParseLenient([]byte(line)) {
		t.Fatalf("no record: %s", line)
	}
	var e storagelog.Entry
	l.Entry(&e)
	return &e
}

func entryRow(t *testing.T, line string, o EntryOrigin) (string, map[string]any) {
	t.Helper()
	b := NewBuilder(Config{})
	if err := b.Entry(entry(t, line), o); err != nil {
		t.Fatal(err)
	}
	r := b.Take()[0]
	return r.Table, row(t, r, 0)
}

func TestEntryV1(t *testing.T) {
	line := `1.0;2014-06-19T01:33:54.0926521Z;PutBlob;Success;201;197;54;authenticated;storagesample;storagesample;blob;"https://storagesample.blob.core.windows.net/sample-container1/00001.txt?a&amp;b";"/storagesample/sample-container1/00001.txt";a200be85-1c98-4dd9-918e-f13d8c0538e0;0;192.100.0.102:4362;2014-02-14;460;23;225;0;23;"DrPO6z1f00SCsomhaf+J/A==";"DrPO6z1f00SCsomhaf+J/A==";"&quot;0x8D15975AA456EA4&quot;";Thursday, 19-Jun-14 01:33:53 GMT;"If-Match=x";"WA-Storage/4.0.1";"ref";"1fe6814a-e4cb-4195-a3cf-837dc7120f68"`
	table, got := entryRow(t, line, EntryOrigin{Resource: resource.MustParse(storageID), Location: "local"})
	if table != "StorageBlobLogs" {
		t.Errorf("table %s", table)
	}
	want(t, got, map[string]any{
		"TimeGenerated": "2014-06-19T01:33:54.0926521Z", "_ResourceId": strings.ToLower(storageID), "SourceSystem": "Azure", "Location": "local",
		"AccountName": "storagesample", "Protocol": "HTTPS", "OperationName": "PutBlob", "AuthenticationType": "AccountKey",
		"StatusCode": "201", "StatusText": "Success", "MetricResponseType": "Success", "DurationMs": 197.0, "ServerLatencyMs": 54.0,
		"Uri": "https://storagesample.blob.core.windows.net/sample-container1/00001.txt?a&b", "CallerIpAddress": "192.100.0.102:4362",
		"CorrelationId": "a200be85-1c98-4dd9-918e-f13d8c0538e0", "SchemaVersion": "1.0", "OperationVersion": "2014-02-14",
		"UserAgentHeader": "WA-Storage/4.0.1", "ReferrerHeader": "ref", "ClientRequestId": "1fe6814a-e4cb-4195-a3cf-837dc7120f68",
		"Etag": `"0x8D15975AA456EA4"`, "ServiceType": "blob", "OperationCount": int64(0), "ObjectKey": "/storagesample/sample-container1/00001.txt",
		"RequestHeaderSize": int64(460), "RequestBodySize": int64(23), "ResponseHeaderSize": int64(225), "ResponseBodySize": int64(0),
		"ContentLengthHeader": int64(23), "RequestMd5": "DrPO6z1f00SCsomhaf+J/A==", "ResponseMd5": "DrPO6z1f00SCsomhaf+J/A==",
		"LastModifiedTime": "2014-06-19T01:33:53.0000000Z", "ConditionsUsed": "If-Match=x", "Category": "StorageWrite",
	})
}

func TestEntryV2(t *testing.T) {
	line := `2.0;2019-02-25T20:06:55.9794046Z;ListBlobs;OAuthSuccess;200;250;46;bearer;storagesamples;storagesamples;blob;"https://storagesamples.blob.core.windows.net/sample-container?restype=container";"/storagesamples/sample-container";470b9e55-201e-0137-5c45-cdd293000000;0;192.0.2.21:52659;2018-03-28;2682;0;295;5184;0;;;;;;"Mozilla/5.0 (...)";;;"oid";"tid";"app";"https://storage.azure.com/";"https://sts.windows.net/tid/";"u@x";;"[{&quot;action&quot;:&quot;a/read&quot;, &quot;roleAssignmentId&quot;:&quot;r&quot;, &quot;roleDefinitionId&quot;:&quot;d&quot;, &quot;principalId&quot;:&quot;oid&quot;, &quot;principalType&quot;:&quot;User&quot;}]"`
	_, got := entryRow(t, line, EntryOrigin{})
	for name, w := range map[string]any{
		"AuthenticationType": "OAuth", "StatusText": "Success", "Category": "StorageRead", "SchemaVersion": "2.0", "_ResourceId": nil,
		"RequesterObjectId": "oid", "RequesterTenantId": "tid", "RequesterAppId": "app", "RequesterAudience": "https://storage.azure.com/",
		"RequesterTokenIssuer": "https://sts.windows.net/tid/", "RequesterUpn": "u@x", "Etag": nil, "LastModifiedTime": nil,
		"AuthorizationDetails": `[{"action":"a/read","roleAssignmentId":"r","roleDefinitionId":"d","principals":[{"id":"oid","type":"User"}]}]`,
	} {
		if got[name] != w {
			t.Errorf("%s is %v, want %v", name, got[name], w)
		}
	}
}

// Statuses of classic logs in the words of resource logs.
func TestStatuses(t *testing.T) {
	for _, c := range []struct{ status, http, text, response string }{
		{"Success", "200", "Success", "Success"},
		{"AnonymousSuccess", "200", "Success", "Success"},
		{"SASSuccess", "201", "Success", "Success"},
		{"TrustedAccessSasSuccess", "202", "Success", "Success"},
		{"SASThrottlingError", "503", "ServerBusy", "ServerBusyError"},
		{"AnonymousClientTimeoutError", "500", "OperationTimedOut", "ClientTimeoutError"},
		{"OAuthServerTimeoutError", "500", "OperationTimedOut", "ServerTimeoutError"},
		{"IpAuthorizationError", "403", "IpAuthorizationError", "AuthorizationError"},
		{"SASIpAuthorizationError", "403", "IpAuthorizationError", "AuthorizationError"},
		{"AuthorizationError", "403", "AuthorizationError", "AuthorizationError"},
		{"SASNetworkError", "200", "NetworkError", "NetworkError"},
		{"AnonymousClientOtherError", "404", "ClientOtherError", "ClientOtherError"},
		{"ServerOtherError", "500", "ServerOtherError", "ServerOtherError"},
		{"BlobNotFound", "404", "BlobNotFound", "ClientOtherError"},
		{"AuthorizationPermissionMismatch", "403", "AuthorizationPermissionMismatch", "AuthorizationError"},
		{"InternalError", "500", "InternalError", "ServerOtherError"},
		{"SASTokenOdd", "206", "SASTokenOdd", "Success"},
		{"", "Unknown", "", ""},
	} {
		if text, response := statusOf(c.status, c.http); text != c.text || response != c.response {
			t.Errorf("%s %s is %q, %q", c.status, c.http, text, response)
		}
	}
}

func TestEntryKinds(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		e              storagelog.Entry
		table          string
		auth, category any
	}{
		{storagelog.Entry{Service: "Queue", AuthType: "sas", Operation: "PeekMessages"}, "StorageQueueLogs", "SAS", "StorageRead"},
		{storagelog.Entry{Service: "queue", AuthType: "anonymous", Operation: "GetMessages"}, "StorageQueueLogs", "Anonymous", "StorageWrite"},
		{storagelog.Entry{Service: "table", AuthType: "sas", UserObjectID: "u", Operation: "DeleteEntity"}, "StorageTableLogs", "DelegationSas", "StorageDelete"},
		{storagelog.Entry{Service: "blob", AuthType: "TrustedAccessSas", Operation: "RenamePathFile"}, "StorageBlobLogs", "TrustedAccessSas", "StorageWrite"},
		{storagelog.Entry{Service: "blob", Operation: "CopyBlobSource", OperationNumber: 1}, "StorageBlobLogs", nil, "StorageRead"},
		{storagelog.Entry{Service: "blob", Operation: "ReadFile"}, "StorageBlobLogs", nil, "StorageRead"},
		{storagelog.Entry{Service: "blob", Operation: "DeletePath", AuthorizationDetail: "no json \xff", URL: "strange"}, "StorageBlobLogs", nil, "StorageDelete"},
		{storagelog.Entry{Service: "blob"}, "StorageBlobLogs", nil, nil},
	} {
		b := NewBuilder(Config{})
		c.e.StartTime = at
		c.e.ServerLatency, c.e.ResponseHeaderSize = storagelog.NoSize, storagelog.NoSize
		if err := b.Entry(&c.e, EntryOrigin{}); err != nil {
			t.Fatal(err)
		}
		r := b.Take()[0]
		got := row(t, r, 0)
		if r.Table != c.table || got["AuthenticationType"] != c.auth || got["Category"] != c.category || got["OperationCount"] != int64(c.e.OperationNumber) ||
			got["ServerLatencyMs"] != nil || got["ResponseHeaderSize"] != nil {
			t.Errorf("%s of %s: %s %v", c.e.Operation, c.e.Service, r.Table, got)
		}
	}
	b := NewBuilder(Config{})
	for _, e := range []storagelog.Entry{{Service: "file", StartTime: at}, {StartTime: at}, {Service: "blob"}} {
		if err := b.Entry(&e, EntryOrigin{}); !errors.Is(err, ErrUnusable) {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

// Every sample line that package storagelog reads becomes a row.
func TestEntrySamples(t *testing.T) {
	for _, name := range []string{"v1.log", "v2.log", "2011.log", "artefacts.txt"} {
		data, err := os.ReadFile("../../storagelog/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		b := NewBuilder(Config{})
		r := storagelog.NewReader(bytes.NewReader(data), storagelog.Lenient)
		n := 0
		for {
			var e storagelog.Entry
			if err := r.Read(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if err := b.Entry(&e, EntryOrigin{}); err != nil {
				t.Errorf("%s:%d: %v", name, r.Line(), err)
			}
			n++
		}
		for _, r := range b.Take() {
			for i := range r.Values {
				if got := row(t, r, i); got["AccountName"] == nil || got["OperationName"] == nil || got["Category"] == nil {
					t.Errorf("%s: %v", name, got)
				}
				n--
			}
		}
		if n != 0 {
			t.Errorf("%s: %d rows are missing", name, n)
		}
	}
}
