package interop

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/storagelog"
)

// logged is how long a test waits until a record is in `$logs`. Nodes of tests
// commit their logs every second or so.
const logged = patience

// switchLogging sets the Logging element of the service properties.
func switchLogging(t *testing.T, svc *service.Client, version storagelog.Version, read, write, del bool) {
	t.Helper()
	_, err := svc.SetProperties(t.Context(), &service.SetPropertiesOptions{Logging: &service.Logging{
		Version: to.Ptr(string(version)), Read: &read, Write: &write, Delete: &del,
		RetentionPolicy: &service.RetentionPolicy{Enabled: to.Ptr(false)},
	}})
	check(t, err)
}

// logName is the documented form of a log's name: service/YYYY/MM/DD/hhmm/counter.log.
var logName = regexp.MustCompile(`^(blob|queue|table)/\d{4}/\d{2}/\d{2}/\d{2}00/\d{6}\.log$`)

// logType is what LogType may be: some of the three classes, in this order.
var logType = regexp.MustCompile(`^(read)?(,?write)?(,?delete)?$`)

// readLogs downloads every log of a service, checks its name and metadata, and
// reads each record strictly.
func readLogs(t *testing.T, logs *container.Client, service string, version storagelog.Version) []storagelog.Entry {
	t.Helper()
	var all []storagelog.Entry
	pager := logs.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(service + "/"), Include: container.ListBlobsInclude{Metadata: true}})
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			return nil
		}
		check(t, err)
		for _, item := range page.Segment.BlobItems {
			if !logName.MatchString(*item.Name) {
				t.Errorf("a log is named %s", *item.Name)
			}
			content := get(t, logs.NewBlobClient(*item.Name))
			entries := parseLog(t, *item.Name, content, version)
			checkLogMetadata(t, *item.Name, item.Metadata, entries, version)
			all = append(all, entries...)
		}
	}
	return all
}

// parseLog reads a log strictly: every record ends in a line break, also the last.
func parseLog(t *testing.T, name, content string, version storagelog.Version) []storagelog.Entry {
	t.Helper()
	var entries []storagelog.Entry
	if !strings.HasSuffix(content, "\n") {
		t.Errorf("%s does not end in a line break", name)
	}
	for line := range bytes.Lines([]byte(content)) {
		e, err := storagelog.ParseEntry(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			t.Errorf("%s: %v in %q", name, err, line)
			continue
		}
		if e.Version != version {
			t.Errorf("%s: a record of version %s, want %s", name, e.Version, version)
		}
		entries = append(entries, e)
	}
	return entries
}

// checkLogMetadata compares a log's metadata with its records.
func checkLogMetadata(t *testing.T, name string, md map[string]*string, entries []storagelog.Entry, version storagelog.Version) {
	t.Helper()
	m := map[string]string{}
	for k, v := range md {
		m[strings.ToLower(k)] = *v
	}
	want(t, name+" LogVersion", m["logversion"], string(version))
	if !logType.MatchString(m["logtype"]) || m["logtype"] == "" {
		t.Errorf("%s LogType %q", name, m["logtype"])
	}
	start, err := time.Parse(time.RFC3339Nano, m["starttime"])
	check(t, err)
	end, err := time.Parse(time.RFC3339Nano, m["endtime"])
	check(t, err)
	for _, e := range entries {
		// Metadata may be cut to the second.
		if e.StartTime.Before(start.Truncate(time.Second)) || e.StartTime.After(end.Add(time.Second)) {
			t.Errorf("%s: a record of %s outside %s to %s", name, e.StartTime, start, end)
		}
	}
}

// waitForLogs reads the logs of the blob service until all exchanges are there.
func waitForLogs(t *testing.T, logs *container.Client, version storagelog.Version, done []exchange) map[string][]storagelog.Entry {
	t.Helper()
	return waitForLogsOf(t, logs, "blob", version, done)
}

// waitForLogsOf reads the logs of a service until all exchanges are there, and
// returns its records by request id.
func waitForLogsOf(t *testing.T, logs *container.Client, service string, version storagelog.Version, done []exchange) map[string][]storagelog.Entry {
	t.Helper()
	deadline := time.Now().Add(logged)
	for {
		byID := map[string][]storagelog.Entry{}
		for _, e := range readLogs(t, logs, service, version) {
			byID[e.RequestID] = append(byID[e.RequestID], e)
		}
		missing := 0
		for _, x := range done {
			if len(byID[x.Response.Get("x-ms-request-id")]) == 0 {
				missing++
			}
		}
		if missing == 0 {
			return byID
		}
		if time.Now().After(deadline) {
			for _, x := range done {
				if len(byID[x.Response.Get("x-ms-request-id")]) == 0 {
					t.Errorf("not logged: %s (%s %s, %d)", x.Operation, x.Method, x.URL, x.Status)
				}
			}
			t.Fatalf("%d of %d requests are not in `$logs` after %s", missing, len(done), logged)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// compare checks a record against what the client saw.
func compare(t *testing.T, g *target, x exchange, e storagelog.Entry) {
	t.Helper()
	name := x.Operation
	want(t, name+": operation", e.Operation, x.Operation)
	want(t, name+": HTTP status", e.HTTPStatus, strconv.Itoa(x.Status))
	want(t, name+": service", e.Service, x.service(g))
	want(t, name+": owner", e.OwnerAccount, g.Account)
	want(t, name+": client request id", e.ClientRequestID, x.Request.Get("x-ms-client-request-id"))
	want(t, name+": version", e.RequestVersion, x.Request.Get("x-ms-version"))
	want(t, name+": user agent", e.UserAgent, x.Request.Get("User-Agent"))
	want(t, name+": ETag", e.ETag, x.Response.Get("ETag"))
	if match := x.Request.Get("If-Match"); match != "" && !strings.Contains(e.Conditions, "If-Match="+match) {
		t.Errorf("%s: conditions %q without If-Match=%s", name, e.Conditions, match)
	}
	if x.Key != "" {
		want(t, name+": key", e.ObjectKey, x.Key)
	}
	if x.Length > 0 {
		want(t, name+": request bytes", e.RequestPacketSize, x.Length)
		want(t, name+": content length", e.ContentLength, x.Length)
	}
	if x.Method != http.MethodHead && x.Response.Get("Content-Length") != "" {
		want(t, name+": response bytes", strconv.FormatInt(e.ResponsePacketSize, 10), x.Response.Get("Content-Length"))
	}
	if md5 := x.Request.Get("Content-MD5"); md5 != "" {
		want(t, name+": request MD5", e.RequestMD5, md5)
	}
	if e.RequestHeaderSize <= 0 || e.ResponseHeaderSize <= 0 || e.ServerLatency < 0 || e.EndToEndLatency < e.ServerLatency {
		t.Errorf("%s: sizes %d %d, latencies %d %d", name, e.RequestHeaderSize, e.ResponseHeaderSize, e.EndToEndLatency, e.ServerLatency)
	}
	if time.Since(e.StartTime).Abs() > 10*time.Minute || e.StartTime.Nanosecond()%100 != 0 {
		t.Errorf("%s: started at %s", name, e.StartTime)
	}
	if !strings.HasPrefix(e.ClientIP, "127.0.0.1:") {
		t.Errorf("%s: client %s", name, e.ClientIP)
	}

	query := strings.Contains(x.URL, "sig=")
	switch {
	case query:
		want(t, name+": authentication", e.AuthType, "sas")
		want(t, name+": requester", e.RequesterAccount, "")
		if !strings.Contains(e.URL, "sig=XXXXX") {
			t.Errorf("%s: the signature is not redacted in %s", name, e.URL)
		}
	case x.Request.Get("Authorization") != "":
		want(t, name+": authentication", e.AuthType, "authenticated")
		want(t, name+": requester", e.RequesterAccount, g.Account)
		want(t, name+": URL", e.URL, x.URL)
	default:
		want(t, name+": authentication", e.AuthType, "anonymous")
		want(t, name+": requester", e.RequesterAccount, "")
	}

	status := map[string]string{"sas": "SASSuccess", "anonymous": "AnonymousSuccess", "authenticated": "Success"}[e.AuthType]
	if x.Status >= 300 {
		status = x.Response.Get("x-ms-error-code")
		if x.Status == http.StatusForbidden {
			status = map[string]string{"sas": "SASAuthorizationError", "authenticated": "AuthorizationError"}[e.AuthType]
		}
	}
	want(t, name+": status", e.Status, status)
}

func TestLogs(t *testing.T) {
	for _, version := range []storagelog.Version{storagelog.V1, storagelog.V2} {
		t.Run(string(version), func(t *testing.T) {
			g := open(t)
			g.mustBeOurs(t)
			plain := g.service(t)
			switchLogging(t, plain, version, true, true, true)
			rec := &recorder{}
			traffic(t, g, rec)
			done := rec.exchanges()
			byID := waitForLogs(t, plain.NewContainerClient("$logs"), version, done)
			for _, x := range done {
				entries := byID[x.Response.Get("x-ms-request-id")]
				records := 1
				if x.Operation == "CopyBlob" {
					records = 3
				}
				if len(entries) != records {
					t.Errorf("%s: %d records, want %d", x.Operation, len(entries), records)
					continue
				}
				for i, e := range entries {
					want(t, x.Operation+": operation number", e.OperationNumber, i)
				}
				compare(t, g, x, entries[0])
				if records == 3 {
					want(t, "operations of a copy", entries[1].Operation+" "+entries[2].Operation, "CopyBlobSource CopyBlobDestination")
				}
			}
		})
	}
}

// Each class of operations is switched on by itself.
func TestLogClasses(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	svc := g.service(t)
	logs := svc.NewContainerClient("$logs")
	c := g.container(t, nil)
	switchLogging(t, svc, storagelog.V1, false, true, false)
	rec := &recorder{}
	cc := g.recorded(t, rec).NewContainerClient(nameOf(c))
	_, err := cc.NewBlobClient("b").GetProperties(as(t.Context(), "unlogged"), nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
	_, err = cc.NewBlockBlobClient("b").Upload(as(t.Context(), "PutBlob"), body("x"), nil)
	check(t, err)
	_, err = cc.NewBlobClient("b").Delete(as(t.Context(), "unlogged"), nil)
	check(t, err)
	_, err = cc.NewBlockBlobClient("c").Upload(as(t.Context(), "PutBlob"), body("x"), nil)
	check(t, err)
	done := rec.exchanges()
	byID := waitForLogs(t, logs, storagelog.V1, []exchange{done[1], done[3]})
	for _, x := range done {
		want(t, x.Operation+" is logged", len(byID[x.Response.Get("x-ms-request-id")]) > 0, x.Operation == "PutBlob")
	}
}

// Names and headers of any kind come through the log whole.
func TestStrangeNamesInLogs(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	svc := g.service(t)
	switchLogging(t, svc, storagelog.V1, true, true, true)
	c := g.container(t, nil)
	rec := &recorder{}
	cc := g.recorded(t, rec).NewContainerClient(nameOf(c))
	for _, name := range strange {
		_, err := cc.NewBlockBlobClient(name).Upload(as(t.Context(), "PutBlob"), body("x"), nil)
		check(t, err)
	}
	done := rec.exchanges()
	byID := waitForLogs(t, svc.NewContainerClient("$logs"), storagelog.V1, done)
	for i, x := range done {
		entries := byID[x.Response.Get("x-ms-request-id")]
		want(t, "records", len(entries), 1)
		want(t, "key", entries[0].ObjectKey, "/"+g.Account+"/"+nameOf(c)+"/"+strange[i])
		want(t, "URL", entries[0].URL, x.URL)
	}

	for _, header := range []string{`semi;colon "quoted" <tag> & 'more'`, "tab\there", "ünïcödé", strings.Repeat("long", 200)} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/"+nameOf(c)+"/"+url.PathEscape(strange[0]), http.NoBody)
		check(t, err)
		req.Header.Set("User-Agent", header)
		req.Header.Set("Referer", header)
		req.Header.Set("x-ms-client-request-id", "id-1")
		g.sign(t, req, "2021-08-06")
		status, h, answer := statusOf(t, req)
		if status != http.StatusOK {
			t.Fatalf("get: %d %s", status, answer)
		}
		x := exchange{Operation: "GetBlob", Method: req.Method, URL: req.URL.String(), Request: req.Header, Status: status, Response: h}
		e := waitForLogs(t, svc.NewContainerClient("$logs"), storagelog.V1, []exchange{x})[h.Get("x-ms-request-id")]
		want(t, "user agent", e[0].UserAgent, header)
		want(t, "referrer", e[0].Referrer, header)
	}
}

// Users read and delete logs and do nothing else to them.
func TestLogsContainer(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	svc := g.service(t)
	ctx := t.Context()
	logs := svc.NewContainerClient("$logs")
	_, err := logs.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.ContainerNotFound)
	switchLogging(t, svc, storagelog.V1, true, true, true)
	_, err = logs.GetProperties(ctx, nil)
	check(t, err)

	rec := &recorder{}
	watched := g.recorded(t, rec).NewContainerClient("$logs")
	_, err = watched.NewBlockBlobClient("mine").Upload(as(ctx, "PutBlob"), body("x"), nil)
	wantCode(t, err, http.StatusForbidden, bloberror.InsufficientAccountPermissions)
	_, err = watched.Delete(as(ctx, "DeleteContainer"), nil)
	wantCode(t, err, http.StatusForbidden, bloberror.InsufficientAccountPermissions)
	_, err = watched.SetMetadata(as(ctx, "SetContainerMetadata"), &container.SetMetadataOptions{Metadata: meta("a", "b")})
	wantCode(t, err, http.StatusForbidden, bloberror.InsufficientAccountPermissions)
	_, err = watched.NewListBlobsFlatPager(nil).NextPage(as(ctx, "ListBlobs"))
	check(t, err)
	done := rec.exchanges()
	byID := waitForLogs(t, logs, storagelog.V1, done)
	for _, x := range done {
		e := byID[x.Response.Get("x-ms-request-id")]
		want(t, x.Operation, e[0].Operation, x.Operation)
		if x.Status == http.StatusForbidden {
			want(t, x.Operation+": status", e[0].Status, "AuthorizationError")
		}
	}

	listed := func(o *service.ListContainersOptions) bool {
		page, err := svc.NewListContainersPager(o).NextPage(ctx)
		check(t, err)
		for _, item := range page.ContainerItems {
			if *item.Name == "$logs" {
				return true
			}
		}
		return false
	}
	want(t, "listed", listed(nil), false)
	want(t, "listed with system containers", listed(&service.ListContainersOptions{Include: service.ListContainersInclude{System: true}}), true)

	page, err := logs.NewListBlobsFlatPager(nil).NextPage(ctx)
	check(t, err)
	if len(page.Segment.BlobItems) == 0 {
		t.Fatal("no log to delete")
	}
	_, err = logs.NewBlobClient(*page.Segment.BlobItems[0].Name).Delete(ctx, nil)
	check(t, err)

	switchLogging(t, svc, storagelog.V1, false, false, false)
	_, err = logs.GetProperties(ctx, nil)
	check(t, err) // it stays when logging is switched off
}

// What nobody was authenticated for is not logged, but for what a public
// container lets anybody do.
func TestLogsOfStrangers(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	svc := g.service(t)
	c := g.container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)})
	put(t, c, "b", "content")
	switchLogging(t, svc, storagelog.V1, true, true, true)
	ask := func(operation, path string, change func(*http.Request)) exchange {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL()+path, http.NoBody)
		check(t, err)
		if change != nil {
			change(req)
		}
		status, h, _ := statusOf(t, req)
		return exchange{Operation: operation, Method: req.Method, URL: req.URL.String(), Request: req.Header, Status: status, Response: h}
	}
	q, err := sas.BlobSignatureValues{
		ContainerName: nameOf(c), BlobName: "b", ExpiryTime: time.Now().UTC().Add(time.Hour), Permissions: "r",
	}.SignWithSharedKey(g.credential(t))
	check(t, err)
	badSignature := strings.Replace(q.Encode(), "sig=", "sig=AA", 1)

	first := ask("GetBlob", "/b", nil)
	want(t, "anonymous get", first.Status, http.StatusOK)
	unlogged := []exchange{
		ask("anonymous, not found", "/nothing", nil),
		ask("anonymous, not allowed", "?restype=container&comp=list", nil),
		ask("bad SAS", "/b?"+badSignature, nil),
		ask("bad key", "/b", func(r *http.Request) {
			r.Header.Set("x-ms-version", "2021-08-06")
			r.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
			r.Header.Set("Authorization", "SharedKey "+g.Account+":AAAA")
		}),
	}
	unchanged := ask("GetBlob", "/b", func(r *http.Request) { r.Header.Set("If-None-Match", first.Response.Get("ETag")) })
	want(t, "anonymous conditional get", unchanged.Status, http.StatusNotModified)
	last := ask("GetBlob", "/b", nil)
	byID := waitForLogs(t, svc.NewContainerClient("$logs"), storagelog.V1, []exchange{first, unchanged, last})
	want(t, "status", byID[first.Response.Get("x-ms-request-id")][0].Status, "AnonymousSuccess")
	e := byID[unchanged.Response.Get("x-ms-request-id")][0]
	want(t, "HTTP status", e.HTTPStatus, "304")
	want(t, "conditions", e.Conditions, "If-None-Match="+first.Response.Get("ETag"))
	for _, x := range unlogged {
		if x.Status < 400 {
			t.Errorf("%s: answered %d", x.Operation, x.Status)
		}
		if n := len(byID[x.Response.Get("x-ms-request-id")]); n != 0 {
			t.Errorf("%s: %d records, want none", x.Operation, n)
		}
	}
}

// drain reads an answer's body to its end.
func drain(t *testing.T, r io.ReadCloser) {
	t.Helper()
	_, err := io.Copy(io.Discard, r)
	check(t, err)
	check(t, r.Close())
}
