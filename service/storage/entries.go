package storage

import (
	"errors"
	"fmt"
	"strings"

	"reslog/record"
	"reslog/storagelog"
)

// Entries renders the record of a storage request as classic Storage Analytics
// log entries of version v: one for the request, operation number 0, and one
// more for each Part of the Call.
//
// It reads the Line with a scanner for just this form: a record that another
// program wrote is an error or loses the fields it spells differently.
func Entries(r record.Record, v storagelog.Version) ([]storagelog.Entry, error) {
	if v.Fields() == 0 {
		return nil, fmt.Errorf("storage: entries of log version %q: not known", v)
	}
	var l line
	if !l.parse(string(r.Line)) {
		return nil, fmt.Errorf("storage: entries of record %s: %w", r.ID, errLine)
	}
	parts, ok := parseParts(r.Detail)
	if !ok {
		return nil, fmt.Errorf("storage: entries of record %s: detail is damaged", r.ID)
	}
	entries := make([]storagelog.Entry, 1+len(parts))
	e := &entries[0]
	l.fill(e)
	e.Version = v
	e.StartTime = r.Time.UTC()
	e.RequestID = r.ID
	for i, p := range parts {
		// A part repeats what belongs to the request: times, sizes, client. What
		// belongs to an object is its own.
		part := *e
		part.Operation = p.Operation
		part.OperationNumber = i + 1
		part.ObjectKey = p.ObjectKey
		part.ETag, part.LastModified = p.ETag, p.LastModified
		part.RequestMD5, part.ServerMD5, part.Conditions = "", "", p.Conditions
		if p.Operation == copySource {
			part.ObjectKey = sourceKey(p.ObjectKey, e)
		}
		entries[i+1] = part
	}
	return entries, nil
}

// copySource is the operation of the record about the source of a copy.
const copySource = "CopyBlobSource"

// sourceKey is the object key of CopyBlobSource: a URL from version 2012-02-12
// on, a key before. Either form is made of the other.
func sourceKey(key string, e *storagelog.Entry) string {
	_, rest, isURL := strings.Cut(key, "://")
	wantURL := Version(e.RequestVersion) >= V2012_02_12
	switch {
	case isURL == wantURL:
		return key
	case wantURL: // "/account/container/blob" at the endpoint of this request
		base, path := splitURL(e.URL)
		if strings.HasPrefix(path, "/"+e.OwnerAccount+"/") && !strings.HasPrefix(base[strings.Index(base, "//")+2:], e.OwnerAccount+".") {
			return base + key // path style: the account is part of the path
		}
		_, below, _ := strings.Cut(strings.TrimPrefix(key, "/"), "/")
		return base + "/" + below
	}
	host, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	label, _, isName := strings.Cut(host, ".")
	if !isName || isDigits(label) {
		return "/" + path
	}
	return "/" + label + "/" + path
}

// splitURL cuts a URL after its authority.
func splitURL(u string) (base, path string) {
	scheme := strings.Index(u, "://")
	if scheme < 0 {
		return "", u
	}
	slash := strings.IndexByte(u[scheme+3:], '/')
	if slash < 0 {
		return u, "/"
	}
	return u[:scheme+3+slash], u[scheme+3+slash:]
}

// line holds the fields of a Line that a classic entry needs.
type line struct {
	operation, version, status, statusText, ip, uri, identity string
	account, userAgent, referrer, clientRequestID, etag       string
	service, objectKey, lastModified, conditions              string
	responseType, requestMD5, serverMD5                       string
	duration, server                                          int64
	requestHeader, requestBody, responseHeader, responseBody  int64
	contentLength                                             int64
}

var errLine = errors.New("line is not a storage record of ours")

// parse reads a Line.
func (l *line) parse(s string) bool {
	p := scanner{s: s}
	p.object(func(key string) {
		switch key {
		case "operationName":
			l.operation = p.text()
		case "operationVersion":
			l.version = p.text()
		case "statusCode":
			l.status = p.scalar()
		case "statusText":
			l.statusText = p.text()
		case "durationMs":
			l.duration = p.number()
		case "callerIpAddress":
			l.ip = p.text()
		case "identity":
			p.object(func(key string) {
				if key == "type" {
					l.identity = p.text()
				} else {
					p.skip()
				}
			})
		case "properties":
			p.object(func(key string) { l.property(&p, key) })
		case "uri":
			l.uri = p.text()
		default:
			p.skip()
		}
	})
	return !p.bad && p.i == len(p.s) && l.operation != "" && l.account != ""
}

// property reads one member of "properties".
func (l *line) property(p *scanner, key string) {
	switch key {
	case "accountName":
		l.account = p.text()
	case "userAgentHeader":
		l.userAgent = p.text()
	case "referrerHeader":
		l.referrer = p.text()
	case "clientRequestId":
		l.clientRequestID = p.text()
	case "etag":
		l.etag = p.text()
	case "serviceType":
		l.service = p.text()
	case "objectKey":
		l.objectKey = p.text()
	case "lastModifiedTime":
		l.lastModified = p.text()
	case "conditionsUsed":
		l.conditions = p.text()
	case "metricResponseType":
		l.responseType = p.text()
	case "serverLatencyMs":
		l.server = p.number()
	case "requestHeaderSize":
		l.requestHeader = p.number()
	case "requestBodySize":
		l.requestBody = p.number()
	case "responseHeaderSize":
		l.responseHeader = p.number()
	case "responseBodySize":
		l.responseBody = p.number()
	case "contentLengthHeader":
		l.contentLength = p.number()
	case "requestMd5":
		l.requestMD5 = p.text()
	case "serverMd5":
		l.serverMD5 = p.text()
	default:
		p.skip()
	}
}

// fill sets the fields of an entry from the line.
func (l *line) fill(e *storagelog.Entry) {
	auth := Anonymous
	e.AuthType = "anonymous"
	switch l.identity {
	case "AccountKey":
		auth, e.AuthType, e.RequesterAccount = SharedKey, "authenticated", l.account
	case "SAS":
		auth, e.AuthType = ServiceSAS, "sas"
	}
	e.Operation = l.operation
	e.Status = classicStatus(auth, l.responseType, l.statusText, Version(l.version))
	e.HTTPStatus = l.status
	e.EndToEndLatency, e.ServerLatency = l.duration, l.server
	e.OwnerAccount, e.Service = l.account, l.service
	e.URL, e.ObjectKey = l.uri, l.objectKey
	e.ClientIP, e.RequestVersion = l.ip, l.version
	e.RequestHeaderSize, e.RequestPacketSize = l.requestHeader, l.requestBody
	e.ResponseHeaderSize, e.ResponsePacketSize = l.responseHeader, l.responseBody
	e.ContentLength = l.contentLength
	if l.status == "Unknown" { // there was no answer whose sizes could be told
		e.ResponseHeaderSize, e.ResponsePacketSize = storagelog.NoSize, storagelog.NoSize
	}
	e.RequestMD5, e.ServerMD5, e.ETag = l.requestMD5, l.serverMD5, l.etag
	if l.lastModified != "" {
		if t, ok := parseLastModified(l.lastModified); ok {
			e.LastModified = t
		}
	}
	e.Conditions, e.UserAgent, e.Referrer = l.conditions, l.userAgent, l.referrer
	e.ClientRequestID = l.clientRequestID
}
