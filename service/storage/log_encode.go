package storage

import (
	"net/http"
	"strconv"
	"strings"

	"reslog/record"
)

// maxLoggedHeader is how much of Referer and of the client request id is logged.
const maxLoggedHeader = 1024

// lastModifiedLayout is the lastModifiedTime of resource logs.
const lastModifiedLayout = "2006/01/02 15:04:05.0000000"

// scratch holds a record while it is encoded, or the text that a request signs
// while its signature is computed.
type scratch struct{ b []byte }

// maxScratch is the largest that is kept for another request.
const maxScratch = 64 << 10

func (f *Front) scratch() *scratch {
	if s, ok := f.scratches.Get().(*scratch); ok {
		return s
	}
	return &scratch{make([]byte, 0, 2048)}
}

func (f *Front) release(s *scratch) {
	if cap(s.b) <= maxScratch {
		f.scratches.Put(s)
	}
}

// record describes the request as a resource log record.
//
// Line is the record of the Azure Monitor resource logs StorageRead,
// StorageWrite and StorageDelete, with the fields in the order that real ones
// have and zero or empty properties left out. It holds all that a classic entry
// needs; what belongs to single operations inside the request is in Detail.
func (x *exchange) record(o outcome) record.Record {
	s := x.front.scratch()
	s.b = x.appendLine(s.b[:0], o)
	line := make([]byte, len(s.b))
	copy(line, s.b)
	x.front.release(s)
	c := &x.call
	return record.Record{
		Resource: x.info.service,
		Category: x.class().Category(),
		Time:     c.Received,
		Ended:    c.Received.Add(o.total),
		ID:       c.RequestID,
		Line:     line,
		Detail:   appendParts(nil, x.parts()),
	}
}

// appendLine appends the record as one JSON object.
func (x *exchange) appendLine(b []byte, o outcome) []byte {
	c, r := &x.call, &x.req
	b = append(b, `{"time":"`...)
	b = appendTicks(b, c.Received)
	b = append(b, `","resourceId":`...)
	b = append(b, x.info.resourceID...)
	b = append(b, `,"category":"`...)
	b = append(b, x.class().Category()...)
	b = append(b, `","operationName":"`...)
	b = append(b, x.operation()...)
	b = append(b, `","operationVersion":"`...)
	b = append(b, c.Version...)
	b = append(b, `","schemaVersion":"1.0","statusCode":`...)
	if o.status == 0 {
		b = append(b, `"Unknown"`...)
	} else {
		b = strconv.AppendInt(b, int64(o.status), 10)
	}
	b = append(b, `,"statusText":`...)
	switch {
	case o.result == resultUnknown:
		b = append(b, `"Unknown"`...)
	case o.code == "":
		b = append(b, `"Success"`...)
	default:
		b = AppendJSONString(b, o.code)
	}
	b = append(b, `,"durationMs":`...)
	b = strconv.AppendInt(b, o.total.Milliseconds(), 10)
	b = append(b, `,"callerIpAddress":`...)
	b = AppendJSONString(b, r.RemoteAddr)
	b = append(b, `,"correlationId":"`...)
	b = append(b, c.RequestID...)
	b = append(b, `","identity":`...)
	b = x.appendIdentity(b)
	b = append(b, `,"location":`...)
	b = append(b, x.info.location...)
	b = append(b, `,"properties":{`...)
	b = x.appendProperties(b, o)
	b = append(b, `},"uri":`...)
	b = x.appendURI(b)
	if r.TLS != nil {
		b = append(b, `,"protocol":"HTTPS"`...)
	} else {
		b = append(b, `,"protocol":"HTTP"`...)
	}
	b = append(b, `,"resourceType":"Microsoft.Storage/storageAccounts/`...)
	b = append(b, x.front.kind...)
	return append(b, `Services"}`...)
}

// appendProperties appends the members of "properties".
func (x *exchange) appendProperties(b []byte, o outcome) []byte {
	c, h := &x.call, x.req.Header
	b = append(b, `"accountName":`...)
	b = AppendJSONString(b, c.Account.Name)
	b = appendText(b, "userAgentHeader", first(h, "User-Agent"))
	if v := first(h, "Referer"); v != "" {
		b = appendText(b, "referrerHeader", cut(redactText(v), maxLoggedHeader))
	}
	b = appendText(b, "clientRequestId", c.ClientRequestID)
	b = appendText(b, "etag", c.ETag)
	b = appendText(b, "serviceType", string(x.front.kind))
	b = appendText(b, "objectKey", c.ObjectKey)
	if !c.LastModified.IsZero() {
		b = append(b, `,"lastModifiedTime":"`...)
		b = appendTicksAs(b, c.LastModified, '/', ' ')
		b = append(b, '"')
	}
	b = appendText(b, "conditionsUsed", conditionsUsed(h, ""))
	b = appendText(b, "metricResponseType", o.result.responseType(x.throttle))
	b = appendNumber(b, "serverLatencyMs", o.server.Milliseconds())
	b = appendNumber(b, "requestHeaderSize", x.headSize())
	b = appendNumber(b, "requestBodySize", x.body.read)
	if o.status != 0 {
		b = appendNumber(b, "responseHeaderSize", x.rw.headerSize)
		b = appendNumber(b, "responseBodySize", x.rw.written+int64(len(x.rw.held)))
	}
	b = appendNumber(b, "contentLengthHeader", max(x.req.ContentLength, 0))
	b = appendText(b, "requestMd5", x.requestMD5())
	b = appendText(b, "serverMd5", c.ServerMD5)
	if t := x.req.TLS; t != nil {
		b = append(b, `,"tlsVersion":"TLS 1.`...)
		b = append(b, byte('0'+(t.Version-0x0301)), '"')
	}
	if x.req.Method == http.MethodGet {
		v := first(h, "X-Ms-Range")
		if v == "" {
			v = first(h, "Range")
		}
		b = appendText(b, "downloadRange", v)
	}
	b = appendText(b, "accessTier", c.AccessTier)
	if c.SourceURI != "" {
		b = appendText(b, "sourceUri", redactText(c.SourceURI))
		b = append(b, `,"destinationUri":`...)
		b = x.appendURI(b)
	}
	return b
}

// appendURI appends the URL of the request as a JSON string: as received, with
// the port, without the signature.
func (x *exchange) appendURI(b []byte) []byte {
	r := &x.req
	scheme, port := "http://", ":80"
	if r.TLS != nil {
		scheme, port = "https://", ":443"
	}
	b = append(b, '"')
	b = append(b, scheme...)
	b = AppendJSONText(b, r.Host)
	if i := strings.LastIndexByte(r.Host, ':'); i < 0 || strings.IndexByte(r.Host[i:], ']') >= 0 {
		b = append(b, port...)
	}
	b = AppendJSONText(b, x.address.raw)
	if q := r.URL.RawQuery; q != "" {
		b = append(b, '?')
		if mayHoldSignature(q) {
			b = appendRedacted(b, q)
		} else {
			b = AppendJSONText(b, q)
		}
	}
	return append(b, '"')
}

// conditionsUsed are the conditional headers of a request, those whose names
// begin with prefix: "Name=value" joined by ";", dates in the form of RFC 850.
func conditionsUsed(h http.Header, prefix string) string {
	var b []byte
	for _, c := range [...]struct {
		name string
		date bool
	}{{"If-Modified-Since", true}, {"If-Unmodified-Since", true}, {"If-Match", false}, {"If-None-Match", false}} {
		v := h[prefix+c.name]
		if len(v) == 0 {
			continue
		}
		if len(b) > 0 {
			b = append(b, ';')
		}
		b = append(append(b, c.name...), '=')
		if c.date {
			if t, err := http.ParseTime(v[0]); err == nil {
				b = t.UTC().AppendFormat(b, "Monday, 02-Jan-06 15:04:05 GMT")
				continue
			}
		}
		b = append(b, v[0]...)
	}
	return string(b)
}

// parts are the parts of the request, the source of a copy with the conditions
// on it: its record "is meant only to provide information like name, conditions
// used etc. about the source blob" (Windows Azure Storage Logging, 2011).
func (x *exchange) parts() []Part {
	for i := range x.call.Parts {
		if p := &x.call.Parts[i]; p.Operation == copySource {
			p.Conditions = conditionsUsed(x.req.Header, "X-Ms-Source-")
		}
	}
	return x.call.Parts
}

// requestMD5 is the MD5 that the client sent, also when nothing was done with it.
//
// Source: Storage Analytics log format, field 23: "Content-MD5 (or
// x-ms-content-md5)".
func (x *exchange) requestMD5() string {
	for _, v := range [...]string{x.call.RequestMD5, first(x.req.Header, "Content-Md5"), first(x.req.Header, "X-Ms-Content-Md5")} {
		if v != "" {
			return cut(v, maxLoggedHeader)
		}
	}
	return ""
}

// appendText appends a member unless its value is empty.
func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":"`...)
	return append(AppendJSONText(b, value), '"')
}

// appendNumber appends a member unless its value is zero.
func appendNumber(b []byte, name string, value int64) []byte {
	if value == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, value, 10)
}
