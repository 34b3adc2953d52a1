package storagelog

import "time"

// Version is the log format version: field 1 of every record and the
// LogVersion of the blob it is in.
type Version string

// Log format versions. V1 has 30 fields; V2 appends eight about OAuth.
const (
	V1 Version = "1.0"
	V2 Version = "2.0"
)

// Fields returns the number of fields of a record of version v, or 0 when v is
// not known.
func (v Version) Fields() int {
	switch v {
	case V1:
		return 30
	case V2:
		return 38
	}
	return 0
}

// NoSize marks a size or latency that was not recorded: the field is empty.
const NoSize = -1

// Entry is one log record. The comments give the field number in the Azure
// Storage Analytics log format and the documented name.
//
// Text is plain: the Writer quotes and encodes, the Reader decodes.
type Entry struct {
	Version            Version   // 1 version-number
	StartTime          time.Time // 2 request-start-time, UTC to 100 ns
	Operation          string    // 3 operation-type
	Status             string    // 4 request-status
	HTTPStatus         string    // 5 http-status-code, "Unknown" when never set
	EndToEndLatency    int64     // 6 in ms, NoSize when empty
	ServerLatency      int64     // 7 in ms, NoSize when empty
	AuthType           string    // 8 authenticated, sas, anonymous, bearer
	RequesterAccount   string    // 9 empty unless authenticated
	OwnerAccount       string    // 10
	Service            string    // 11 blob, queue, table
	URL                string    // 12 request-url
	ObjectKey          string    // 13 requested-object-key
	RequestID          string    // 14 request-id-header, a guid
	OperationNumber    int       // 15 operation-count, from 0
	ClientIP           string    // 16 requester-ip-address, "ip:port"
	RequestVersion     string    // 17 request-version-header
	RequestHeaderSize  int64     // 18 bytes, NoSize when empty
	RequestPacketSize  int64     // 19 bytes, NoSize when empty
	ResponseHeaderSize int64     // 20 bytes, NoSize when empty
	ResponsePacketSize int64     // 21 bytes, NoSize when empty
	ContentLength      int64     // 22 bytes, NoSize when empty
	RequestMD5         string    // 23
	ServerMD5          string    // 24
	ETag               string    // 25 as in the HTTP header, with its quotes
	LastModified       time.Time // 26 to the second; zero when empty
	Conditions         string    // 27 "Name=value", joined by ";"
	UserAgent          string    // 28
	Referrer           string    // 29
	ClientRequestID    string    // 30

	UserObjectID        string // 31, from here on version 2.0 only
	TenantID            string // 32
	ApplicationID       string // 33
	Audience            string // 34
	Issuer              string // 35
	UserPrincipalName   string // 36
	Reserved            string // 37
	AuthorizationDetail string // 38 a JSON array
}
