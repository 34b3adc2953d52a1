//go:build cgo

package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
)

// generator makes rows as StorageBlobLogs has them: 30 columns of the 48 are
// filled, about a thousand bytes as JSON. Ids, ETags and paths are random, so
// nothing can be compressed that could not be of a real account's.
type generator struct {
	rnd   *rand.Rand
	from  time.Time
	step  time.Duration
	n     int64
	clock int64
	zipf  *rand.Zipf
}

// span is the time that all rows are spread over, evenly with noise.
func newGenerator(seed uint64, from time.Time, span time.Duration, total int64) *generator {
	rnd := rand.New(rand.NewPCG(seed, 1))
	return &generator{rnd: rnd, from: from, step: span / time.Duration(max(total, 1)), zipf: rand.NewZipf(rnd, 1.3, 8, 39)}
}

const ticksToUnix = 621355968000000000

func ticks(t time.Time) int64 { return t.Unix()*1e7 + int64(t.Nanosecond()/100) + ticksToUnix }

var columns = []kql.Column{
	{Name: "TimeGenerated", Type: kql.Datetime},
	{Name: "AccountName", Type: kql.String},
	{Name: "Location", Type: kql.String},
	{Name: "Protocol", Type: kql.String},
	{Name: "OperationName", Type: kql.String},
	{Name: "AuthenticationType", Type: kql.String},
	{Name: "StatusCode", Type: kql.String},
	{Name: "StatusText", Type: kql.String},
	{Name: "DurationMs", Type: kql.Real},
	{Name: "CallerIpAddress", Type: kql.String},
	{Name: "CorrelationId", Type: kql.String},
	{Name: "SchemaVersion", Type: kql.String},
	{Name: "OperationVersion", Type: kql.String},
	{Name: "AuthenticationHash", Type: kql.String},
	{Name: "UserAgentHeader", Type: kql.String},
	{Name: "ClientRequestId", Type: kql.String},
	{Name: "Etag", Type: kql.String},
	{Name: "ServiceType", Type: kql.String},
	{Name: "OperationCount", Type: kql.Int},
	{Name: "RequestHeaderSize", Type: kql.Long},
	{Name: "RequestBodySize", Type: kql.Long},
	{Name: "ResponseHeaderSize", Type: kql.Long},
	{Name: "ResponseBodySize", Type: kql.Long},
	{Name: "ServerLatencyMs", Type: kql.Real},
	{Name: "TlsVersion", Type: kql.String},
	{Name: "Uri", Type: kql.String},
	{Name: "Category", Type: kql.String},
	{Name: "ObjectKey", Type: kql.String},
	{Name: "LastModifiedTime", Type: kql.Datetime},
	{Name: "_ResourceId", Type: kql.String},
}

// more are the columns of the table that stay empty.
var more = []kql.Column{
	{Name: "AuthorizationDetails", Type: kql.Dynamic},
	{Name: "ConditionsUsed", Type: kql.String},
	{Name: "ContentLengthHeader", Type: kql.Long},
	{Name: "DestinationUri", Type: kql.String},
	{Name: "MetricResponseType", Type: kql.String},
	{Name: "ReferrerHeader", Type: kql.String},
	{Name: "RehydratePriority", Type: kql.String},
	{Name: "RequesterAppId", Type: kql.String},
	{Name: "RequesterAudience", Type: kql.String},
	{Name: "RequesterObjectId", Type: kql.String},
	{Name: "RequesterTenantId", Type: kql.String},
	{Name: "RequesterTokenIssuer", Type: kql.String},
	{Name: "RequesterUpn", Type: kql.String},
	{Name: "RequestMd5", Type: kql.String},
	{Name: "ResponseMd5", Type: kql.String},
	{Name: "SasExpiryStatus", Type: kql.String},
	{Name: "SourceAccessTier", Type: kql.String},
	{Name: "SourceUri", Type: kql.String},
}

type operation struct {
	name, category string
	write, body    bool
}

var operations = []operation{
	{"GetBlob", "StorageRead", false, true},
	{"GetBlobProperties", "StorageRead", false, false},
	{"PutBlob", "StorageWrite", true, false},
	{"ListBlobs", "StorageRead", false, true},
	{"PutBlock", "StorageWrite", true, false},
	{"PutBlockList", "StorageWrite", true, false},
	{"DeleteBlob", "StorageDelete", true, false},
	{"GetContainerProperties", "StorageRead", false, false},
	{"SetBlobMetadata", "StorageWrite", true, false},
}

var (
	agents = []string{
		"azsdk-net-Storage.Blobs/12.19.1 (.NET 8.0.1; Ubuntu 22.04.3 LTS)", "azsdk-python-storage-blob/12.19.0 Python/3.11.6 (Linux-5.15.0-1052-azure-x86_64-with-glibc2.35)",
		"azsdk-go-azblob/v1.3.0 (go1.22.1; linux)", "AzCopy/10.23.0 azsdk-go-azblob/v1.2.1 (go1.19.12; linux)", "azsdk-java-azure-storage-blob/12.25.1 (17.0.9; Linux; 5.15.0-1053-azure)",
	}
	accounts = []string{"contosologs", "contosomedia", "contosobackup", "fabrikamdata", "fabrikamweb", "adatumarchive", "adatumscratch"}
	words    = []string{"invoices", "images", "exports", "telemetry", "models", "reports", "thumbnails", "snapshots", "sessions", "events"}
	kinds    = []string{"json", "parquet", "jpg", "csv", "log"}
)

func (g *generator) guid() string {
	var b [36]byte
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], g.rnd.Uint64())
	binary.BigEndian.PutUint64(raw[8:], g.rnd.Uint64())
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	hex.Encode(b[:8], raw[:4])
	hex.Encode(b[9:13], raw[4:6])
	hex.Encode(b[14:18], raw[6:8])
	hex.Encode(b[19:23], raw[8:10])
	hex.Encode(b[24:], raw[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// batch makes n rows. The values belong to the caller.
func (g *generator) batch(n int) rows.Rows {
	r := rows.Rows{Table: "StorageBlobLogs", Columns: columns, Values: make([][]any, n)}
	all := make([]any, n*len(columns))
	for i := range n {
		r.Values[i] = all[i*len(columns) : (i+1)*len(columns) : (i+1)*len(columns)]
		g.row(r.Values[i])
	}
	return r
}

func (g *generator) row(v []any) {
	g.n++
	g.clock += int64(g.step) / 100
	at := ticks(g.from) + g.clock + g.rnd.Int64N(20_000)
	account := accounts[g.rnd.IntN(len(accounts))]
	op := operations[min(g.rnd.IntN(16), g.rnd.IntN(len(operations)))]
	status, text := "200", "Success"
	switch x := g.rnd.IntN(100); {
	case op.write && x >= 4:
		status = "201"
	case x == 0:
		status, text = "403", "AuthorizationFailure"
	case x < 4:
		status, text = "404", "BlobNotFound"
	}
	// A quarter of the requests are for a few popular blobs, the rest for many.
	object := g.rnd.IntN(2_000_000)
	if g.rnd.IntN(2) == 0 {
		object = g.rnd.IntN(20_000)
	}
	word := words[object%len(words)]
	path := "/" + word + "/2026/" + strconv.Itoa(object%12+1) + "/" + word + "-" + hex8(uint32(object)*2654435761) + "." + kinds[object%len(kinds)]
	latency := g.rnd.ExpFloat64() * 9
	var in, out int64
	if op.write {
		in = int64(g.rnd.ExpFloat64() * 40_000)
	}
	if op.body && status == "200" {
		out = int64(g.rnd.ExpFloat64() * 60_000)
	}
	uri := "https://" + account + ".blob.core.windows.net:443" + path
	if g.rnd.IntN(10) == 0 {
		uri += "?comp=metadata&timeout=" + strconv.Itoa(g.rnd.IntN(90))
	}
	etag := ""
	if status < "300" {
		etag = "0x8DC" + hex12(g.rnd.Uint64())
	}
	ip := "10." + strconv.Itoa(int(g.zipf.Uint64())) + "." + strconv.Itoa(g.rnd.IntN(4)) + "." + strconv.Itoa(g.rnd.IntN(250)) + ":" + strconv.Itoa(1024+g.rnd.IntN(60000))
	copy(v, []any{
		at, account, "westeurope", "HTTPS", op.name, []string{"OAuth", "SAS", "AccountKey"}[g.rnd.IntN(3)], status, text,
		float64(int64(latency*1.3)) + 1, ip, g.guid(), "1.0", "2023-11-03", "key1(" + account + ")", agents[g.rnd.IntN(len(agents))],
		g.guid(), etag, "blob", int64(g.rnd.IntN(2)), int64(400 + g.rnd.IntN(200)), in, int64(250 + g.rnd.IntN(60)), out, float64(int64(latency)),
		"TLS 1.2", uri, op.category, "/" + account + path, at - at%(86400*1e7) + int64(object)*1e7%(86400*1e7),
		"/subscriptions/5f4c2f0e-3b5a-4f0f-9a1e-0c7b1a2d3e4f/resourcegroups/logs-rg/providers/microsoft.storage/storageaccounts/" + account + "/blobservices/default",
	})
}

func hex8(v uint32) string  { return fmt.Sprintf("%08x", v) }
func hex12(v uint64) string { return fmt.Sprintf("%012X", v&(1<<48-1)) }

// randomBytes is about what cannot be left out of a row whatever the form, in
// bytes: two GUIDs of 122 random bits each, an ETag of 48 (nine rows of ten), a
// blob of 2 million for half of the rows and of 20 thousand for the other half, a
// port of 60 thousand and an address of some 5 thousand, a time within the row's
// place in the order, sizes, latencies and the choices between a few texts.
const randomBytes = 2*122/8.0 + 0.95*48/8 + (0.5*21+0.5*14.3+1)/8 + (15.9+12.3)/8 + 14.3/8 + (0.3*16.7+0.5*17.3+7.6+5.9+5.6+1)/8 + (3.2+1.6+2.3+1+2.8+0.3)/8
