package interop

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// signTable signs a request of the table service in one of its two schemes, which
// are other than those of blobs and queues: neither headers nor lengths count.
//
// Source: REST reference, "Authorize with Shared Key", "Table service".
func (g *target) signTable(t *testing.T, req *http.Request, version, scheme string) {
	t.Helper()
	h := req.Header
	if version != "" {
		h.Set("x-ms-version", version)
	}
	if h.Get("Date") == "" {
		h.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
	}
	date := h.Get("x-ms-date")
	if date == "" {
		date = h.Get("Date")
	}
	resource := "/" + g.Account + req.URL.EscapedPath()
	if comp := req.URL.Query().Get("comp"); comp != "" {
		resource += "?comp=" + comp
	}
	lines := []string{date, resource}
	if scheme == "SharedKey" {
		lines = []string{req.Method, h.Get("Content-MD5"), h.Get("Content-Type"), date, resource}
	}
	h.Set("Authorization", scheme+" "+g.Account+":"+g.mac(t, strings.Join(lines, "\n")))
}

// send makes a signed request of the table service.
func (g *target) send(t *testing.T, method, path, content string, header ...string) (int, http.Header, string) {
	t.Helper()
	return g.sendAs(t, "SharedKey", "2021-12-02", method, path, content, header...)
}

func (g *target) sendAs(t *testing.T, scheme, version, method, path, content string, header ...string) (int, http.Header, string) {
	t.Helper()
	var r io.Reader = http.NoBody
	if content != "" {
		r = strings.NewReader(content)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, g.TableURL+path, r)
	check(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if content != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	g.signTable(t, req, version, scheme)
	return statusOf(t, req)
}

const (
	noMetadata      = "application/json;odata=nometadata"
	minimalMetadata = "application/json;odata=minimalmetadata"
	fullMetadata    = "application/json;odata=fullmetadata"
)

// TestTableVersions speaks the protocol of each age that had JSON, signed by hand in
// both schemes, with the date in either header.
func TestTableVersions(t *testing.T) {
	g := open(t)
	for _, version := range []string{"2013-08-15", "2014-02-14", "2015-12-11", "2017-04-17", "2019-02-02", "2020-12-06", "2021-12-02", "2026-06-06"} {
		for _, scheme := range []string{"SharedKey", "SharedKeyLite"} {
			t.Run(version+" "+scheme, func(t *testing.T) {
				name := uniqueTable(t)
				do := func(wantStatus int, method, path, content string, header ...string) (http.Header, object) {
					t.Helper()
					status, h, answer := g.sendAs(t, scheme, version, method, path, content, append([]string{"Accept", minimalMetadata, "DataServiceVersion", "3.0;NetFx"}, header...)...)
					if status != wantStatus {
						t.Fatalf("%s %s: %d %s, want %d", method, path, status, answer, wantStatus)
					}
					want(t, "version of the answer", h.Get("x-ms-version"), version)
					if h.Get("x-ms-request-id") == "" || h.Get("Date") == "" {
						t.Errorf("headers: %v", h)
					}
					if answer == "" {
						return h, nil
					}
					return h, parsed(t, []byte(answer))
				}
				_, o := do(201, http.MethodPost, "/Tables", `{"TableName":"`+name+`"}`)
				want(t, "name", o["TableName"], any(name))
				h, o := do(201, http.MethodPost, "/"+name, `{"PartitionKey":"p","RowKey":"r","n":1}`)
				want(t, "ETag", h.Get("Etag"), o["odata.etag"].(string))
				entity := "/" + name + "(PartitionKey='p',RowKey='r')"
				_, o = do(200, http.MethodGet, entity, "")
				want(t, "n", o["n"], any(json.Number("1")))
				do(204, "MERGE", entity, `{"m":2}`, "If-Match", "*")
				h, _ = do(204, http.MethodPut, entity, `{"m":3}`, "If-Match", "*")
				want(t, "an ETag", h.Get("Etag") != "", true)
				do(204, http.MethodPut, entity, `{"m":4}`)
				_, o = do(200, http.MethodGet, "/"+name+"()?$filter="+url.QueryEscape("m eq 4")+"&$select=m", "", "Date", time.Now().UTC().Format(http.TimeFormat))
				want(t, "found", len(o["value"].([]any)), 1)
				h, o = do(404, http.MethodGet, "/"+name+"(PartitionKey='p',RowKey='none')", "")
				code := o["odata.error"].(map[string]any)["code"]
				want(t, "code", code, any("ResourceNotFound"))
				want(t, "code in the header", h.Get("x-ms-error-code"), since(version, "2009-09-19", "ResourceNotFound"))
				do(204, http.MethodDelete, entity, "", "If-Match", "*")
				do(200, http.MethodGet, "/Tables('"+name+"')", "")
				do(204, http.MethodDelete, "/Tables('"+name+"')", "")
			})
		}
	}
}
