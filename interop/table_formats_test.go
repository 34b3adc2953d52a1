package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestMetadataLevels compares the three forms of JSON, of tables and entities.
//
// Source: REST reference, "Payload format for Table service operations".
func TestMetadataLevels(t *testing.T) {
	g := open(t)
	c := g.table(t)
	c.add(t, at("p", "r", "A", 1, "L@odata.type", "Edm.Int64", "L", "5", "T@odata.type", "Edm.DateTime", "T", "2026-01-02T03:04:05Z", "D", 1.5, "B", true))
	entity := "/" + c.Name + "(PartitionKey='p',RowKey='r')"
	members := func(o object) string {
		var names []string
		for name := range o {
			names = append(names, name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	get := func(path, accept string) object {
		t.Helper()
		status, h, answer := g.send(t, http.MethodGet, path, "", "Accept", accept)
		if status != http.StatusOK {
			t.Fatalf("%s as %s: %d %s", path, accept, status, answer)
		}
		if kind := h.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") || !strings.Contains(kind, accept[strings.IndexByte(accept, ';')+1:]) {
			t.Errorf("content type %s for %s", kind, accept)
		}
		return parsed(t, []byte(answer))
	}
	const plain = "A B D L PartitionKey RowKey T Timestamp"
	want(t, "no metadata", members(get(entity, noMetadata)), plain)
	minimal := get(entity, minimalMetadata)
	want(t, "minimal metadata", members(minimal), "A B D L L@odata.type PartitionKey RowKey T T@odata.type Timestamp odata.etag odata.metadata")
	want(t, "odata.metadata", minimal["odata.metadata"], any(g.TableURL+"/$metadata#"+c.Name+"/@Element"))
	full := get(entity, fullMetadata)
	want(t, "full metadata", members(full),
		"A B D L L@odata.type PartitionKey RowKey T T@odata.type Timestamp Timestamp@odata.type odata.editLink odata.etag odata.id odata.metadata odata.type")
	want(t, "odata.type", full["odata.type"], any(g.Account+"."+c.Name))
	want(t, "odata.id", full["odata.id"], any(g.TableURL+"/"+c.Name+"(PartitionKey='p',RowKey='r')"))
	want(t, "odata.editLink", full["odata.editLink"], any(c.Name+"(PartitionKey='p',RowKey='r')"))

	list := get("/"+c.Name+"()", minimalMetadata)
	want(t, "a list", members(list), "odata.metadata value")
	want(t, "odata.metadata of a list", list["odata.metadata"], any(g.TableURL+"/$metadata#"+c.Name))
	want(t, "a list without metadata", members(get("/"+c.Name+"()", noMetadata)), "value")
	first := func(o object) object { return o["value"].([]any)[0].(map[string]any) }
	want(t, "an entity of a list", members(first(list)), "A B D L L@odata.type PartitionKey RowKey T T@odata.type Timestamp odata.etag")
	want(t, "without metadata", members(first(get("/"+c.Name+"()", noMetadata))), plain)

	table := "/Tables('" + c.Name + "')"
	want(t, "a table", members(get(table, minimalMetadata)), "TableName odata.metadata")
	want(t, "a table without metadata", members(get(table, noMetadata)), "TableName")
	full = get(table, fullMetadata)
	want(t, "a table with all", members(full), "TableName odata.editLink odata.id odata.metadata odata.type")
	want(t, "odata.type of a table", full["odata.type"], any(g.Account+".Tables"))

	// The query string says it, too, and wins.
	status, _, answer := g.send(t, http.MethodGet, entity+"?$format="+url.QueryEscape(noMetadata), "", "Accept", fullMetadata)
	want(t, "by the query string", fmt.Sprint(status, " ", members(parsed(t, []byte(answer)))), "200 "+plain)
}

// TestTableRequests has the parts of the protocol that SDKs do not use.
func TestTableRequests(t *testing.T) {
	g := open(t)
	c := g.table(t)
	must := func(wantStatus int, code, method, path, content string, header ...string) (http.Header, string) {
		t.Helper()
		if !slices.Contains(header, "Accept") {
			header = append(header, "Accept", minimalMetadata)
		}
		status, h, answer := g.send(t, method, path, content, header...)
		if status != wantStatus || h.Get("x-ms-error-code") != code {
			t.Errorf("%s %s: %d %s %s, want %d %s", method, path, status, h.Get("x-ms-error-code"), answer, wantStatus, code)
		}
		return h, answer
	}
	entity := "/" + c.Name + "(PartitionKey='p',RowKey='r')"

	// Answers without content, when the client prefers them.
	h, answer := must(204, "", http.MethodPost, "/"+c.Name, `{"PartitionKey":"p","RowKey":"r","a":"1"}`, "Prefer", "return-no-content")
	want(t, "content", answer, "")
	want(t, "preference", h.Get("Preference-Applied"), "return-no-content")
	want(t, "an ETag", h.Get("Etag") != "", true)
	want(t, "DataServiceId", h.Get("Location") != "" || h.Get("DataServiceId") != "", true)
	h, _ = must(201, "", http.MethodPost, "/"+c.Name, `{"PartitionKey":"p","RowKey":"s"}`, "Prefer", "return-content")
	want(t, "preference", h.Get("Preference-Applied"), "return-content")

	// Methods through POST, for proxies that know few.
	must(204, "", http.MethodPost, entity, `{"b":"2"}`, "X-HTTP-Method", "MERGE", "If-Match", "*")
	o := c.get(t, "p", "r")
	want(t, "merged", fmt.Sprint(o["a"], o["b"]), "12")
	must(204, "", http.MethodPost, "/"+c.Name+"(PartitionKey='p',RowKey='s')", "", "X-HTTP-Method", "DELETE", "If-Match", "*")
	c.missing(t, "p", "s")

	// Keys in the other order, names in another case, empty keys.
	_, answer = must(200, "", http.MethodGet, "/"+c.Name+"(RowKey='r',PartitionKey='p')", "")
	want(t, "by keys in the other order", parsed(t, []byte(answer))["a"], any("1"))
	must(201, "", http.MethodPost, "/"+c.Name, `{"PartitionKey":"","RowKey":"","a":"empty"}`)
	_, answer = must(200, "", http.MethodGet, "/"+c.Name+"(PartitionKey='',RowKey='')", "")
	want(t, "by empty keys", parsed(t, []byte(answer))["a"], any("empty"))
	must(204, "", http.MethodDelete, "/"+c.Name+"(PartitionKey='',RowKey='')", "", "If-Match", "*")

	// Keys of the path and of the body must agree; without any in the body those of the path are it.
	must(400, "InvalidInput", http.MethodPut, entity, `{"PartitionKey":"other","RowKey":"r"}`, "If-Match", "*")
	must(400, "MissingRequiredHeader", http.MethodDelete, entity, "")
	must(400, "InvalidInput", http.MethodPut, entity, `{"a":`, "If-Match", "*")
	must(400, "InvalidInput", http.MethodPut, entity, `["a"]`, "If-Match", "*")
	must(412, "UpdateConditionNotSatisfied", http.MethodPut, entity, `{"a":"9"}`, "If-Match", `W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`)
	want(t, "unchanged", c.get(t, "p", "r")["a"], any("1"))
	must(415, "AtomFormatNotSupported", http.MethodGet, entity, "", "Accept", "application/atom+xml")
	must(404, "TableNotFound", http.MethodGet, "/nosuchtable()", "")
	must(404, "ResourceNotFound", http.MethodGet, "/Tables('nosuchtable')", "")
	must(400, "PropertiesNeedValue", http.MethodPost, "/"+c.Name, `{"RowKey":"r"}`)

	// The answer's language is that of the question: JSON, and XML where it was asked for.
	_, answer = must(404, "ResourceNotFound", http.MethodGet, "/"+c.Name+"(PartitionKey='p',RowKey='none')", "")
	var e struct {
		Error struct {
			Code    string `json:"code"`
			Message struct {
				Lang  string `json:"lang"`
				Value string `json:"value"`
			} `json:"message"`
		} `json:"odata.error"`
	}
	check(t, json.Unmarshal([]byte(answer), &e))
	want(t, "code", e.Error.Code, "ResourceNotFound")
	want(t, "language", e.Error.Message.Lang, "en-US")
	want(t, "message", strings.HasPrefix(e.Error.Message.Value, "The specified resource does not exist.\nRequestId:"), true)
	status, h, answer := g.send(t, http.MethodGet, "/nosuchtable?comp=acl", "", "Accept", "application/xml")
	want(t, "status", status, http.StatusNotFound)
	want(t, "XML", strings.Contains(answer, "<m:code>"+h.Get("x-ms-error-code")+"</m:code>"), true)
}
