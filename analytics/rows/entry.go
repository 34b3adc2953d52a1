package rows

import (
	"encoding/json"
	"strings"

	"reslog/catalog"
	"reslog/record"
	"reslog/resource"
	"reslog/storagelog"
)

// EntryOrigin is what is known of an entry of a classic log beside what it says.
type EntryOrigin struct {
	// Resource is the service that the log is of, …/storageAccounts/{name}/blobServices/default.
	// Zero leaves _ResourceId empty: an entry knows the account's name only.
	Resource resource.ID
	// Location is the account's region; entries do not say it.
	Location string
}

// Entry makes a row of the storage tables of an entry of a classic log, so that
// one query reads both. An entry is one operation: a copy has several, which differ
// in OperationCount.
//
// What an entry does not say stays null: TlsVersion, access tiers, hashes of
// tokens. Sources: "Storage Analytics log format", "Azure Storage monitoring data
// reference"; what status stands for what is in statusOf.
func (b *Builder) Entry(e *storagelog.Entry, o EntryOrigin) error {
	name, typ := entryTable(e.Service)
	if name == "" {
		return unusable("the entry is of service %.20q, want blob, queue or table", e.Service)
	}
	ticks, ok := ticksOf(e.StartTime)
	if e.StartTime.IsZero() || !ok {
		return unusable("the entry has no start time")
	}
	t := b.table(name)
	t.begin()
	t.setInteger(t.time, b.timely(ticks))
	t.setText(t.resource, string(o.Resource.Key()))
	t.setText(t.source, "Azure")
	statusText, responseType := statusOf(e.Status, e.HTTPStatus)
	for _, c := range [...]struct{ name, value string }{
		{"AccountName", e.OwnerAccount},
		{"Location", o.Location},
		{"Protocol", protocolOf(e.URL)},
		{"OperationName", e.Operation},
		{"AuthenticationType", authenticationOf(e)},
		{"StatusCode", e.HTTPStatus},
		{"StatusText", statusText},
		{"Uri", e.URL},
		{"CallerIpAddress", e.ClientIP},
		{"CorrelationId", e.RequestID},
		{"SchemaVersion", string(e.Version)},
		{"OperationVersion", e.RequestVersion},
		{"RequesterObjectId", e.UserObjectID},
		{"RequesterTenantId", e.TenantID},
		{"RequesterAppId", e.ApplicationID},
		{"RequesterAudience", e.Audience},
		{"RequesterTokenIssuer", e.Issuer},
		{"RequesterUpn", e.UserPrincipalName},
		{"AuthorizationDetails", authorizationOf(e.AuthorizationDetail)},
		{"UserAgentHeader", e.UserAgent},
		{"ReferrerHeader", e.Referrer},
		{"ClientRequestId", e.ClientRequestID},
		{"Etag", e.ETag},
		{"ServiceType", e.Service},
		{"ObjectKey", e.ObjectKey},
		{"RequestMd5", e.RequestMD5},
		{"ResponseMd5", e.ServerMD5},
		{"ConditionsUsed", e.Conditions},
		{"Category", string(categoryOf(typ, e.Operation))},
		{"MetricResponseType", responseType},
	} {
		t.setText(t.index[c.name], clean(c.value))
	}
	t.setNumbers(e)
	if ticks, ok := ticksOf(e.LastModified); ok && !e.LastModified.IsZero() {
		t.setInteger(t.index["LastModifiedTime"], ticks)
	}
	t.end()
	b.count++
	return nil
}

// setNumbers sets latencies and sizes; those that were not recorded stay null.
func (t *table) setNumbers(e *storagelog.Entry) {
	for _, c := range [...]struct {
		name  string
		value int64
	}{
		{"RequestHeaderSize", e.RequestHeaderSize},
		{"RequestBodySize", e.RequestPacketSize},
		{"ResponseHeaderSize", e.ResponseHeaderSize},
		{"ResponseBodySize", e.ResponsePacketSize},
		{"ContentLengthHeader", e.ContentLength},
		{"OperationCount", int64(e.OperationNumber)},
	} {
		if c.value >= 0 {
			t.setInteger(t.index[c.name], c.value)
		}
	}
	if e.EndToEndLatency >= 0 {
		t.set(t.index["DurationMs"], float64(e.EndToEndLatency))
	}
	if e.ServerLatency >= 0 {
		t.set(t.index["ServerLatencyMs"], float64(e.ServerLatency))
	}
}

// clean makes text of an entry text of a table.
func clean(s string) string { return cut(strings.ToValidUTF8(s, "\ufffd")) }

// entryTable returns the table of a service's requests and the service's type.
func entryTable(service string) (table, typ string) {
	switch strings.ToLower(service) {
	case string(storagelog.Blob):
		return blobTable, "Microsoft.Storage/storageAccounts/blobServices"
	case string(storagelog.Queue):
		return queueTable, "Microsoft.Storage/storageAccounts/queueServices"
	case string(storagelog.Table):
		return tableTable, "Microsoft.Storage/storageAccounts/tableServices"
	}
	return "", ""
}

// protocolOf returns the protocol of a URL as resource logs name it.
func protocolOf(u string) string {
	scheme, _, ok := strings.Cut(u, "://")
	if !ok || len(scheme) > len("https") {
		return ""
	}
	return strings.ToUpper(scheme)
}

// authenticationOf returns the authentication type of resource logs. A signature
// that was made by a user's key is told by who the user is.
func authenticationOf(e *storagelog.Entry) string {
	switch e.AuthType {
	case "authenticated":
		return "AccountKey"
	case "sas":
		if e.UserObjectID != "" {
			return "DelegationSas"
		}
		return "SAS"
	case "bearer":
		return "OAuth"
	case "anonymous":
		return "Anonymous"
	}
	return e.AuthType
}

// statusOf returns the status text and the response type of resource logs for a
// request status of a classic log. There the status tells how the request was
// authenticated, too, and before version 2017-04-17 not which error it was.
//
// Source: "Storage Analytics logged operations and status messages".
func statusOf(status, httpStatus string) (statusText, responseType string) {
	family := status
	for _, prefix := range [...]string{"Anonymous", "SAS", "OAuth", "TrustedAccessSas"} {
		if rest := strings.TrimPrefix(status, prefix); rest != status && rest != "" {
			family = rest
			break
		}
	}
	switch family {
	case "":
		return "", ""
	case "Success":
		return family, family
	case "ThrottlingError":
		return "ServerBusy", "ServerBusyError"
	case "ClientTimeoutError", "ServerTimeoutError":
		return "OperationTimedOut", family
	case "AuthorizationError", "IpAuthorizationError", "NetworkError", "ClientOtherError", "ServerOtherError":
		return family, strings.TrimPrefix(family, "Ip")
	}
	switch {
	case httpStatus == "403", httpStatus == "401":
		return status, "AuthorizationError"
	case strings.HasPrefix(httpStatus, "5"):
		return status, "ServerOtherError"
	case strings.HasPrefix(httpStatus, "2"):
		return status, "Success"
	}
	return status, "ClientOtherError"
}

// categoryOf returns the category of an operation. One that the catalogue does
// not have, such as those of the Data Lake endpoint, is told by its first word.
func categoryOf(typ, operation string) record.Category {
	if operation == "" {
		return ""
	}
	if t, ok := catalog.Find(typ); ok {
		for _, c := range t.Logs {
			for _, o := range c.Operations {
				if o == operation {
					return c.Name
				}
			}
		}
	}
	for _, word := range [...]struct {
		prefix   string
		category record.Category
	}{
		{"Get", "StorageRead"},
		{"List", "StorageRead"},
		{"Query", "StorageRead"},
		{"Peek", "StorageRead"},
		{"Read", "StorageRead"},
		{"Find", "StorageRead"},
		{"CopyBlobSource", "StorageRead"},
		{"Delete", "StorageDelete"},
		{"Clear", "StorageDelete"},
	} {
		if strings.HasPrefix(operation, word.prefix) {
			return word.category
		}
	}
	return "StorageWrite"
}

// authorizationOf makes field 38 of a classic entry what AuthorizationDetails
// is: there a principal is an element of a list.
func authorizationOf(detail string) string {
	if detail == "" {
		return ""
	}
	type principal struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	var roles []struct {
		Action     string      `json:"action"`
		Assignment string      `json:"roleAssignmentId"`
		Definition string      `json:"roleDefinitionId"`
		ID         string      `json:"principalId,omitempty"`
		Type       string      `json:"principalType,omitempty"`
		Principals []principal `json:"principals"`
	}
	if err := json.Unmarshal([]byte(detail), &roles); err != nil {
		return quote(clean(detail))
	}
	for i := range roles {
		r := &roles[i]
		if r.Principals == nil && r.ID != "" {
			r.Principals = []principal{{r.ID, r.Type}}
		}
		r.ID, r.Type = "", ""
	}
	text, err := json.Marshal(roles)
	if err != nil || len(text) > maxText {
		return quote(clean(detail))
	}
	return string(text)
}
