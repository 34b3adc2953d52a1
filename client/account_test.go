package client

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="

func TestParseConnectionString(t *testing.T) {
	for text, want := range map[string]map[Service]string{
		"UseDevelopmentStorage=true": {
			Blob: "http://127.0.0.1:10000/devstoreaccount1", Queue: "http://127.0.0.1:10001/devstoreaccount1", Table: "http://127.0.0.1:10002/devstoreaccount1",
		},
		"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://10.0.0.7": {
			Blob: "http://10.0.0.7:10000/devstoreaccount1", Queue: "http://10.0.0.7:10001/devstoreaccount1", Table: "http://10.0.0.7:10002/devstoreaccount1",
		},
		"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=" + secret + ";EndpointSuffix=core.chinacloudapi.cn": {
			Blob: "https://acct.blob.core.chinacloudapi.cn", Queue: "https://acct.queue.core.chinacloudapi.cn", Table: "https://acct.table.core.chinacloudapi.cn",
		},
		"AccountName=acct;AccountKey=" + secret + ";BlobEndpoint=http://127.0.0.1:5/acct/;": {
			Blob: "http://127.0.0.1:5/acct", Queue: "https://acct.queue.core.windows.net", Table: "https://acct.table.core.windows.net",
		},
		"BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=sv=2020&sig=x%3D": {
			Blob: "https://acct.blob.core.windows.net",
		},
	} {
		a, err := ParseConnectionString(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, a.Endpoints); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestParseConnectionStringRefuses(t *testing.T) {
	for _, text := range []string{
		"", ";;", "nonsense", "AccountName=acct", "AccountKey=" + secret, "AccountName=a;AccountKey=" + secret + "!",
		"AccountName=a;AccountKey=" + secret + ";BlobEndpoint=ftp://x", "BlobEndpoint=http://x/a",
		"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=:",
	} {
		a, err := ParseConnectionString(text)
		if err == nil {
			t.Errorf("%q was taken: %+v", text, a.Endpoints)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

// verify is the service's side of Shared Key 2009-09-19, written from its
// documentation for the two requests there are.
func verify(t *testing.T, r *http.Request, key []byte) {
	t.Helper()
	var text string
	date, version := r.Header.Get("x-ms-date"), r.Header.Get("x-ms-version")
	scheme := "SharedKey"
	if strings.Contains(r.Host, "table") {
		scheme = "SharedKeyLite"
		text = date + "\n/acct/?comp=properties"
	} else {
		length, contentType := "", ""
		if r.Method == http.MethodPut {
			length, contentType = r.Header.Get("Content-Length"), r.Header.Get("Content-Type")
			if length == "" {
				t.Error("no Content-Length")
			}
		}
		text = r.Method + "\n\n\n" + length + "\n\n" + contentType + "\n\n\n\n\n\n\n" +
			"x-ms-date:" + date + "\nx-ms-version:" + version + "\n" +
			"/acct/\ncomp:properties\nrestype:service\ntimeout:30"
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	want := scheme + " acct:" + base64.StdEncoding.EncodeToString(m.Sum(nil))
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("%s %s: signature differs from that of %q", r.Method, r.URL, text)
	}
	if version != "2009-09-19" {
		t.Errorf("x-ms-version is %q", version)
	}
}

func TestAnalyticsOverHTTP(t *testing.T) {
	stored := map[string][]byte{}
	a, err := ParseConnectionString("DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=" + secret)
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verify(t, r, a.Key)
		if r.Method == http.MethodPut {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			stored[r.Host] = body
			w.WriteHeader(http.StatusAccepted)
			return
		}
		_, _ = w.Write(append([]byte("\xef\xbb\xbf"), stored[r.Host]...))
	})
	a.HTTP = &http.Client{Transport: handlerTransport{handler}}
	a.Now = func() time.Time { return time.Date(2011, 8, 2, 12, 0, 0, 0, time.UTC) }

	want := &AnalyticsSettings{LogType: LoggingWrite, LogVersion: "1.0", IsLogRetentionPolicyEnabled: true, LogRetentionInDays: 3, MetricsVersion: "1.0"}
	for _, service := range []Service{Blob, Queue, Table} {
		if err := a.SetAnalytics(t.Context(), service, want); err != nil {
			t.Fatal(err)
		}
		got, err := a.GetAnalytics(t.Context(), service)
		if err != nil {
			t.Fatal(err)
		}
		if diff := equalSettings(want, got); diff != "" {
			t.Errorf("%s: %s", service, diff)
		}
	}
	if len(stored) != 3 {
		t.Errorf("settings of %d services were stored", len(stored))
	}
	if err := a.SetAnalytics(t.Context(), Blob, &AnalyticsSettings{IsLogRetentionPolicyEnabled: true}); err == nil {
		t.Error("settings without days were sent")
	}
}

func TestServiceErrors(t *testing.T) {
	answer := `<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidXmlDocument</Code><Message>XML specified is not syntactically valid.</Message><LineNumber>1</LineNumber><Reason>Element Days is only expected when RetentionPolicy is enabled.</Reason></Error>`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-ms-request-id", "id-1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, answer)
	}))
	defer srv.Close()
	a, err := ParseConnectionString("BlobEndpoint=" + srv.URL + "/acct;SharedAccessSignature=sig=hush")
	if err != nil {
		t.Fatal(err)
	}
	err = a.SetAnalytics(t.Context(), Blob, &AnalyticsSettings{})
	var refused *ServiceError
	if !errors.As(err, &refused) || refused.Status != 400 || refused.Code != "InvalidXmlDocument" || refused.RequestID != "id-1" ||
		refused.Reason != "Element Days is only expected when RetentionPolicy is enabled." {
		t.Errorf("error is %v: %+v", err, refused)
	}
	srv.Close()
	_, err = a.GetAnalytics(t.Context(), Blob)
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("error of a dead service: %v", err)
	}
	if _, err = a.GetAnalytics(t.Context(), Queue); err == nil {
		t.Error("a service without an endpoint was called")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = a.GetAnalytics(ctx, Blob); !errors.Is(err, context.Canceled) {
		t.Errorf("error of a cancelled call: %v", err)
	}
}

// handlerTransport answers requests to any host by a handler.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.Host = r.URL.Host
	t.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
