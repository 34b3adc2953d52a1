package seed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reslog/server"
)

// The sample lines about queues and tables: those of the announcement with the quoting
// that readers accept, and one of each service from the reference.
const (
	sampleBatch        = `1.0;2011-07-28T18:02:40.9701789Z;EntityGroupTransaction;Success;202;104;61;authenticated;sally;sally;table;"https://sally.table.core.windows.net/$batch";"/sally";b59c0c76-dc04-48b7-9235-80124f0066db;0;268.20.203.21;2009-09-19;520;100918;235;189150;100918;;;;;;;;"7/28/2011 6:02:40 PM 70b9cb5c-8e2f-4e8a-bf52-7b79fcdc56e7"`
	sampleFirstInsert  = `1.0;2011-07-28T18:02:40.9701789Z;InsertEntity;Success;202;104;61;authenticated;sally;sally;table;"https://sally.table.core.windows.net/$batch";"/sally/orders/5f1a7147-28df-4398-acf9-7d587c828df9/a9225cef-04aa-4bbb-bf3b-b0391e3c436e";b59c0c76-dc04-48b7-9235-80124f0066db;1;268.20.203.21;2009-09-19;520;100918;235;189150;100918;;;"W/&quot;datetime&#39;2011-07-28T18%3A02%3A41.0086789Z&#39;&quot;";Thursday, 28-Jul-11 18:02:41 GMT;;;;"7/28/2011 6:02:40 PM 70b9cb5c-8e2f-4e8a-bf52-7b79fcdc56e7"`
	sampleSecondInsert = `1.0;2011-07-28T18:02:40.9701789Z;InsertEntity;Success;202;104;61;authenticated;sally;sally;table;"https://sally.table.core.windows.net/$batch";"/sally/orders/5f1a7147-28df-4398-acf9-7d587c828df9/a9225cef-04aa-4bbb-bf3b-b0391e3c435d";b59c0c76-dc04-48b7-9235-80124f0066db;2;268.20.203.21;2009-09-19;520;100918;235;189150;100918;;;"W/&quot;datetime&#39;2011-07-28T18%3A02%3A41.0086789Z&#39;&quot;";Thursday, 28-Jul-11 18:02:41 GMT;;;;"7/28/2011 6:02:40 PM 70b9cb5c-8e2f-4e8a-bf52-7b79fcdc56e7"`
	sampleCreateTable  = `1.0;2022-01-03T20:35:13.0719766Z;CreateTable;Success;204;30;30;authenticated;sally;sally;table;"https://sally.table.core.windows.net/Tables";"/sally/orders";00000000-0000-0000-0000-000000000001;0;192.0.2.44:53389;2018-03-28;601;22;339;0;22;;;;;;"Microsoft Azure Storage Explorer, 1.20.1, win32, Azure-Storage/2.10.3 (...)";;"00000000-0000-0000-0000-000000000002"`
	samplePeek         = `2.0;2022-01-03T20:35:04.6097590Z;PeekMessages;Success;200;5;5;authenticated;sally;sally;queue;"https://sally.queue.core.windows.net/queue1/messages?numofmessages=32&amp;peekonly=true&amp;timeout=30";"/sally/queue1";00000000-0000-0000-0000-000000000001;0;192.0.2.44:53385;2020-04-08;536;0;232;62;0;;;;;;"Microsoft Azure Storage Explorer, 1.20.1, win32 azsdk-js-storagequeue/12.3.1 (...)";;"00000000-0000-0000-0000-000000000002";;;;;;;;`
)

// TestServiceSamples makes the requests of the samples again. The batch of the
// announcement was Atom of 2009; here it is the oldest JSON.
func TestServiceSamples(t *testing.T) {
	n := start(t, nil)
	on := func(service, version string) {
		t.Helper()
		r := req(byKey, "PUT", "/?restype=service&comp=properties", logging{version: version, read: true, write: true, del: true}.xml())
		r.of, r.service = sally, service
		n.must(t, 202, r)
	}
	on("queue", "2.0")
	on("table", "1.0")
	made := map[string][]string{}
	repeat := func(service string, status int, r request, samples ...string) {
		t.Helper()
		r.of, r.service, r.host = sally, service, "sally."+service+".core.windows.net"
		f := fields(samples[0])
		r.add("x-ms-client-request-id", unquoted(f[29]))
		if agent := unquoted(f[27]); agent != "" {
			r.add("User-Agent", agent)
		}
		made[n.must(t, status, r).id] = samples
	}
	json := []string{"Content-Type", "application/json", "Accept", "application/json;odata=nometadata"}
	repeat("table", 204, req(byKey, "POST", "/Tables", `{"TableName" :"orders"}`, append(json, "Prefer", "return-no-content", "x-ms-version", "2018-03-28")...), sampleCreateTable)

	var parts strings.Builder
	for _, sample := range []string{sampleFirstInsert, sampleSecondInsert} {
		key := strings.Split(unquoted(fields(sample)[12]), "/") // "", account, table, partition, row
		fmt.Fprintf(&parts, "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"+
			"POST http://sally.table.core.windows.net/orders HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json;odata=nometadata\r\n\r\n"+
			`{"PartitionKey":"%s","RowKey":"%s"}`+"\r\n", key[3], key[4])
	}
	batch := "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + parts.String() + "--c--\r\n--b--\r\n"
	repeat("table", 202, req(byKey, "POST", "/$batch", batch, "Content-Type", "multipart/mixed; boundary=b", "x-ms-version", "2013-08-15"),
		sampleBatch, sampleFirstInsert, sampleSecondInsert)

	r := req(byKey, "PUT", "/queue1", "")
	r.of, r.service = sally, "queue"
	n.must(t, 201, r)
	repeat("queue", 200, req(byKey, "GET", "/queue1/messages?numofmessages=32&peekonly=true&timeout=30", "", "x-ms-version", "2020-04-08"), samplePeek)

	got := n.recordsOf(t, sally)
	for id, samples := range made {
		lines := got[id]
		if len(lines) != len(samples) {
			t.Errorf("%s: %d records, want %d", fields(samples[0])[2], len(lines), len(samples))
			continue
		}
		for i := range samples {
			sameForm(t, lines[i].text, samples[i])
			want(t, "start of part", lines[i].StartTime, lines[0].StartTime)
			want(t, "latency of part", lines[i].EndToEndLatency, lines[0].EndToEndLatency)
		}
	}
}

// tag is the form of an entity's ETag in a log.
var tag = regexp.MustCompile(`^"W/&quot;datetime&#39;\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d(\.\d{1,7})?Z&#39;&quot;"$`)

// sameForm compares a line with a sample of which neither sizes nor version are the
// request's own.
func sameForm(t *testing.T, text, sample string) {
	t.Helper()
	got, wanted := fields(text), fields(sample)
	operation := wanted[2]
	if len(got) != len(wanted) {
		t.Fatalf("%s: %d fields, want %d: %s", operation, len(got), len(wanted), text)
	}
	for i := range wanted {
		g, w := got[i], wanted[i]
		switch {
		case (g == "") != (w == ""):
			t.Errorf("%s: field %d is %q, in the sample %q", operation, i+1, g, w)
		case slices.Contains([]int{1, 3, 4, 5, 8, 9, 10, 11, 13, 15, 27, 28, 29, 30}, i+1) && g != w:
			t.Errorf("%s: field %d is %s, in the sample %s", operation, i+1, g, w)
		case tag.MatchString(g) != tag.MatchString(w):
			t.Errorf("%s: field %d has another form: %s, in the sample %s", operation, i+1, g, w)
		case shape(g) != shape(w) && i+1 != 16:
			t.Errorf("%s: field %d has another form: %s, in the sample %s", operation, i+1, g, w)
		}
	}
	if address(got[11]) != address(wanted[11]) {
		t.Errorf("%s: URL %s, in the sample %s", operation, got[11], wanted[11])
	}
}

// Sizes of queues' and tables' requests as a client counts them, and the statuses of
// what is authenticated; strangers have no records.
func TestServiceRequests(t *testing.T) { inBothModes(t, serviceRequests) }

func serviceRequests(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, mode)
	for _, service := range []string{"queue", "table"} {
		r := req(byKey, "PUT", "/?restype=service&comp=properties", all.xml())
		r.service = service
		n.must(t, 202, r)
	}
	type sent struct {
		request
		answer
		status string
	}
	var list, strangers []sent
	do := func(code int, status, service, method, target, body string, header ...string) answer {
		t.Helper()
		r := req(byKey, method, target, body, header...)
		r.service = service
		a := n.must(t, code, r)
		list = append(list, sent{r, a, status})
		return a
	}
	message := "<QueueMessage><MessageText>" + strings.Repeat("m", 10000) + "</MessageText></QueueMessage>"
	do(201, "Success", "queue", "PUT", "/jobs", "", "x-ms-meta-a", "b")
	do(409, "ClientOtherError", "queue", "PUT", "/jobs", "", "x-ms-version", "2015-02-21")
	do(409, "QueueAlreadyExists", "queue", "PUT", "/jobs", "")
	do(201, "Success", "queue", "POST", "/jobs/messages", message)
	do(400, "InvalidXmlDocument", "queue", "POST", "/jobs/messages", "<nonsense>")
	do(200, "Success", "queue", "GET", "/jobs/messages?numofmessages=32", "")
	do(200, "Success", "queue", "HEAD", "/jobs?comp=metadata", "")
	do(404, "QueueNotFound", "queue", "GET", "/none/messages", "")

	const json = "application/json"
	entity := `{"PartitionKey":"p","RowKey":"r","Text":"` + strings.Repeat("t", 10000) + `"}`
	do(201, "Success", "table", "POST", "/Tables", `{"TableName":"orders"}`, "Content-Type", json, "Accept", json)
	do(201, "Success", "table", "POST", "/orders", entity, "Content-Type", json, "Accept", json)
	do(409, "EntityAlreadyExists", "table", "POST", "/orders", entity, "Content-Type", json, "Accept", json)
	do(409, "ClientOtherError", "table", "POST", "/orders", entity, "Content-Type", json, "Accept", json, "x-ms-version", "2015-02-21")
	do(200, "Success", "table", "GET", "/orders()", "", "Accept", json)
	do(404, "ResourceNotFound", "table", "GET", "/orders(PartitionKey='p',RowKey='none')", "", "Accept", json)
	do(204, "Success", "table", "DELETE", "/orders(PartitionKey='p',RowKey='r')", "", "Accept", json, "If-Match", "*")

	for _, r := range []request{
		{service: "queue", as: nobody, method: "GET", target: "/jobs/messages?peekonly=true"},
		{service: "table", as: nobody, method: "GET", target: "/orders()", header: []field{{"Accept", json}}},
		{service: "queue", as: byKey, method: "GET", target: "/jobs/messages", of: account{n.account.name, "d3Jvbmc="}},
		{service: "table", as: byKey, method: "GET", target: "/orders()", header: []field{{"Accept", json}}, of: account{n.account.name, "d3Jvbmc="}},
		{service: "queue", as: nobody, method: "GET", target: "/jobs/messages?sv=2021-08-06&se=2099-01-01T00:00:00Z&sp=p&sig=AAAA"},
	} {
		a := n.send(t, r)
		if a.status < 400 {
			t.Errorf("%s %s by a stranger: %d", r.method, r.target, a.status)
		}
		strangers = append(strangers, sent{r, a, ""})
	}

	got := n.records(t)
	for _, s := range list {
		what := fmt.Sprintf("%s %s %s", s.service, s.method, s.target)
		e := got.one(t, what, s.id)
		want(t, what+": status", e.Status, s.status)
		want(t, what+": request header", e.RequestHeaderSize, int64(s.requestHead))
		want(t, what+": response header", e.ResponseHeaderSize, int64(s.responseHead))
		want(t, what+": response body", e.ResponsePacketSize, int64(len(s.answer.body)))
		want(t, what+": content length", e.ContentLength, int64(len(s.request.body)))
		want(t, what+": request body", e.RequestPacketSize, int64(len(s.request.body)))
	}
	for _, s := range strangers {
		want(t, fmt.Sprintf("records of %s %s by a stranger", s.service, s.target), len(got[s.id]), 0)
	}
}
