package storagelog

import "strings"

// Field is the number of a field in a record, from 1.
type Field uint8

// The fields of a record, as the log format documents them.
const (
	FieldVersion Field = iota + 1
	FieldStartTime
	FieldOperation
	FieldStatus
	FieldHTTPStatus
	FieldEndToEndLatency
	FieldServerLatency
	FieldAuthType
	FieldRequesterAccount
	FieldOwnerAccount
	FieldService
	FieldURL
	FieldObjectKey
	FieldRequestID
	FieldOperationNumber
	FieldClientIP
	FieldRequestVersion
	FieldRequestHeaderSize
	FieldRequestPacketSize
	FieldResponseHeaderSize
	FieldResponsePacketSize
	FieldContentLength
	FieldRequestMD5
	FieldServerMD5
	FieldETag
	FieldLastModified
	FieldConditions
	FieldUserAgent
	FieldReferrer
	FieldClientRequestID
	FieldUserObjectID // from here on version 2.0 only
	FieldTenantID
	FieldApplicationID
	FieldAudience
	FieldIssuer
	FieldUserPrincipalName
	FieldReserved
	FieldAuthorizationDetail
)

// maxFields is the number of fields of the longest known record.
const maxFields = int(FieldAuthorizationDetail)

// kind is what a field may hold and how it is written.
type kind uint8

const (
	bareText   kind = iota // neither quotes nor semicolons
	bareTime               // 2011-08-09T21:44:36.2481552Z
	bareNumber             // digits
	bareGUID               // 61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2
	bareDate               // Tuesday, 09-Aug-11 21:13:26 GMT
	quoted                 // HTML-encoded, in quotes
)

// A fieldSpec describes one field. label is the heading that the log dumping
// sample of 2011 gave it; the fields of version 2.0 came later.
type fieldSpec struct {
	name  string // documented name
	short string // for people who type
	label string
	kind  kind
}

// spec returns what is known about f, which must be 1 to maxFields.
func (f Field) spec() *fieldSpec { return &fieldSpecs[f-1] }

var fieldSpecs = [maxFields]fieldSpec{
	{"version-number", "log-version", "Log version", bareText},
	{"request-start-time", "time", "Transaction Start Time", bareTime},
	{"operation-type", "operation", "REST Operation Type", bareText},
	{"request-status", "status", "Transaction Status", bareText},
	{"http-status-code", "http-status", "HTTP Status", bareText},
	{"end-to-end-latency-in-ms", "latency", "E2E Latency", bareNumber},
	{"server-latency-in-ms", "server-latency", "Server Latency", bareNumber},
	{"authentication-type", "auth", "Authentication Type", bareText},
	{"requester-account-name", "requester", "Accessing Account", bareText},
	{"owner-account-name", "account", "Owner Account", bareText},
	{"service-type", "service", "Service Type", bareText},
	{"request-url", "url", "Request url", quoted},
	{"requested-object-key", "key", "Object Key", quoted},
	{"request-id-header", "request-id", "RequestId", bareGUID},
	{"operation-count", "operation-number", "Operation #", bareNumber},
	{"requester-ip-address", "ip", "User IP", bareText},
	{"request-version-header", "version", "Request Version", bareText},
	{"request-header-size", "", "Request Header Size", bareNumber},
	{"request-packet-size", "", "Request Packet Size", bareNumber},
	{"response-header-size", "", "Response Header Size", bareNumber},
	{"response-packet-size", "", "Response Packet Size", bareNumber},
	{"request-content-length", "content-length", "Request Content Length", bareNumber},
	{"request-md5", "", "Request MD5", quoted},
	{"server-md5", "", "Server MD5", quoted},
	{"etag-identifier", "etag", "Etag returned", quoted},
	{"last-modified-time", "last-modified", "LMT", bareDate},
	{"conditions-used", "conditions", "Condition Used", quoted},
	{"user-agent-header", "user-agent", "User Agent", quoted},
	{"referrer-header", "referrer", "Referrer", quoted},
	{"client-request-id", "client-id", "Client Request Id", quoted},
	{"user-object-id", "", "User Object Id", quoted},
	{"tenant-id", "tenant", "Tenant Id", quoted},
	{"application-id", "", "Application Id", quoted},
	{"audience", "", "Audience", quoted},
	{"issuer", "", "Issuer", quoted},
	{"user-principal-name", "upn", "User Principal Name", quoted},
	{"reserved-field", "", "Reserved", bareText},
	{"authorization-detail", "", "Authorization Detail", quoted},
}

// String returns the documented name of f, "request-start-time".
func (f Field) String() string {
	if f < 1 || int(f) > maxFields {
		return "extra-field"
	}
	return f.spec().name
}

// Label returns the heading of f in dumps with a header line, "Transaction Start Time".
func (f Field) Label() string {
	if f < 1 || int(f) > maxFields {
		return ""
	}
	return f.spec().label
}

// Key returns the documented name of f in camel case, "requestStartTime": its
// name in JSON.
func (f Field) Key() string {
	words := strings.Split(f.String(), "-")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// Numeric reports whether f holds a number.
func (f Field) Numeric() bool {
	return f >= 1 && int(f) <= maxFields && f.spec().kind == bareNumber
}

// ParseField finds a field by its documented name, by its name in JSON or by
// its short name ("operation", "status", "latency", …), in any case.
func ParseField(name string) (Field, bool) {
	for i := range fieldSpecs {
		f, s := Field(i+1), &fieldSpecs[i]
		if strings.EqualFold(name, s.name) || (s.short != "" && strings.EqualFold(name, s.short)) || strings.EqualFold(name, f.Key()) {
			return f, true
		}
	}
	return 0, false
}

// Header returns the header line that precedes dumped records of version v,
// without a line break.
func Header(v Version) string {
	n := max(v.Fields(), V1.Fields())
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fieldSpecs[i].label
	}
	return strings.Join(labels, "; ")
}
