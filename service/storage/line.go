package storage

import (
	"errors"

	"reslog/storagelog"
)

// line holds the fields of a Line that a classic entry needs. Its strings are
// parts of the text that was parsed, or of the scanner's buffer.
type line struct {
	operation, version, status, statusText, ip, uri          string
	account, userAgent, referrer, clientRequestID, etag      string
	service, objectKey, lastModified, conditions             string
	responseType, requestMD5, serverMD5                      string
	duration, server                                         int64
	requestHeader, requestBody, responseHeader, responseBody int64
	contentLength                                            int64
	identity                                                 lineCaller
}

var errLine = errors.New("line is not a storage record of ours")

// Members of a Line, in the order in which appendLine writes them: the scanner
// looks for the next one first. Those without a name of ours are listed so that
// it finds them at once; they are skipped.
const (
	lineOperation = iota + 3
	lineVersion
	_
	lineStatus
	lineStatusText
	lineDuration
	lineIP
	_
	lineIdentity
	_
	lineProperties
	lineURI
)

var lineNames = [...]string{
	"time", "resourceId", "category",
	lineOperation: "operationName", lineVersion: "operationVersion", "schemaVersion",
	lineStatus: "statusCode", lineStatusText: "statusText", lineDuration: "durationMs",
	lineIP: "callerIpAddress", "correlationId", lineIdentity: "identity", "location",
	lineProperties: "properties", lineURI: "uri", "protocol", "resourceType",
}

// Members of "properties", in the order in which appendProperties writes them.
const (
	propAccount = iota
	propUserAgent
	propReferrer
	propClientRequestID
	propETag
	propService
	propObjectKey
	propLastModified
	propConditions
	propResponseType
	propServer
	propRequestHeader
	propRequestBody
	propResponseHeader
	propResponseBody
	propContentLength
	propRequestMD5
	propServerMD5
)

var propNames = [...]string{
	propAccount: "accountName", propUserAgent: "userAgentHeader", propReferrer: "referrerHeader",
	propClientRequestID: "clientRequestId", propETag: "etag", propService: "serviceType",
	propObjectKey: "objectKey", propLastModified: "lastModifiedTime", propConditions: "conditionsUsed",
	propResponseType: "metricResponseType", propServer: "serverLatencyMs",
	propRequestHeader: "requestHeaderSize", propRequestBody: "requestBodySize",
	propResponseHeader: "responseHeaderSize", propResponseBody: "responseBodySize",
	propContentLength: "contentLengthHeader", propRequestMD5: "requestMd5", propServerMD5: "serverMd5",
	"tlsVersion", "downloadRange", "accessTier", "sourceUri", "destinationUri",
}

// parse reads a Line. Members it does not know, and members in another order,
// are well.
func (l *line) parse(p *scanner) bool {
	expect := 0
	for more := p.open(); more; more = p.more() {
		switch p.member(lineNames[:], &expect) {
		case lineOperation:
			l.operation = p.text()
		case lineVersion:
			l.version = p.text()
		case lineStatus:
			l.status = p.scalar()
		case lineStatusText:
			l.statusText = p.text()
		case lineDuration:
			l.duration = p.number()
		case lineIP:
			l.ip = p.text()
		case lineIdentity:
			l.identity.parse(p)
		case lineProperties:
			l.parseProperties(p)
		case lineURI:
			l.uri = p.text()
		default:
			p.skip()
		}
	}
	return !p.bad && p.i == len(p.s) && l.operation != "" && l.account != ""
}

func (l *line) parseProperties(p *scanner) {
	expect := 0
	for more := p.open(); more; more = p.more() {
		switch p.member(propNames[:], &expect) {
		case propAccount:
			l.account = p.text()
		case propUserAgent:
			l.userAgent = p.text()
		case propReferrer:
			l.referrer = p.text()
		case propClientRequestID:
			l.clientRequestID = p.text()
		case propETag:
			l.etag = p.text()
		case propService:
			l.service = p.text()
		case propObjectKey:
			l.objectKey = p.text()
		case propLastModified:
			l.lastModified = p.text()
		case propConditions:
			l.conditions = p.text()
		case propResponseType:
			l.responseType = p.text()
		case propServer:
			l.server = p.number()
		case propRequestHeader:
			l.requestHeader = p.number()
		case propRequestBody:
			l.requestBody = p.number()
		case propResponseHeader:
			l.responseHeader = p.number()
		case propResponseBody:
			l.responseBody = p.number()
		case propContentLength:
			l.contentLength = p.number()
		case propRequestMD5:
			l.requestMD5 = p.text()
		case propServerMD5:
			l.serverMD5 = p.text()
		default:
			p.skip()
		}
	}
}

// fill sets the fields of an entry from the line.
func (l *line) fill(e *storagelog.Entry) {
	auth := l.identity.fill(e, l.account)
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
