package queue_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The operations on a queue "jobs" as requests; {id} is a message that the caller
// has, as its path.
var operations = []struct{ name, method, path, body string }{
	{"ListQueues", "GET", "/?comp=list", ""},
	{"GetQueueServiceProperties", "GET", "/?restype=service&comp=properties", ""},
	{"SetQueueServiceProperties", "PUT", "/?restype=service&comp=properties", "<StorageServiceProperties><Cors /></StorageServiceProperties>"},
	{"CreateQueue", "PUT", "/jobs", ""},
	{"GetQueueMetadata", "GET", "/jobs?comp=metadata", ""},
	{"SetQueueMetadata", "PUT", "/jobs?comp=metadata", ""},
	{"GetQueueACL", "GET", "/jobs?comp=acl", ""},
	{"SetQueueACL", "PUT", "/jobs?comp=acl", "<SignedIdentifiers />"},
	{"PutMessage", "POST", "/jobs/messages", "<QueueMessage><MessageText>x</MessageText></QueueMessage>"},
	{"PeekMessage", "GET", "/jobs/messages?peekonly=true", ""},
	{"GetMessage", "GET", "/jobs/messages", ""},
	{"UpdateMessage", "PUT", "{id}&visibilitytimeout=0", ""},
	{"DeleteMessage", "DELETE", "{id}", ""},
	{"ClearMessages", "DELETE", "/jobs/messages", ""},
	{"DeleteQueue", "DELETE", "/jobs", ""},
}

// may makes each operation once, without the account's key, and returns the names
// of those that succeeded. All others must be refused for what authorizes them, with
// one of the codes.
func (s *server) may(query, version string, codes ...string) string {
	s.T.Helper()
	var succeeded []string
	for _, o := range operations {
		s.Do(request{Method: "PUT", Path: "/jobs"})
		m := s.put("jobs", "mine", "")
		path := strings.ReplaceAll(o.path, "{id}", m.path("jobs", ""))
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		a := s.Do(request{Method: o.method, Path: path + separator + query, Body: o.body, Anonymous: true, Headers: []string{"x-ms-version: " + version}})
		if a.Status < 300 {
			succeeded = append(succeeded, o.name)
		} else if !slices.Contains(codes, a.Code()) {
			s.T.Errorf("%s: %d %s, want %s", o.name, a.Status, a.Code(), codes)
		}
	}
	return strings.Join(succeeded, " ")
}

// refusedSAS are the codes that a signature is refused with for what it does not
// allow.
var refusedSAS = []string{"AuthorizationFailure", "AuthorizationPermissionMismatch", "AuthorizationResourceTypeMismatch"}

// TestAnonymous is that nobody gets in without a signature.
func TestAnonymous(t *testing.T) {
	s := newServer(t)
	if got := s.may("", newest, "NoAuthenticationInformation"); got != "" {
		t.Errorf("anonymous may %s", got)
	}
	if got := s.may("", "2017-04-17", "ResourceNotFound"); got != "" {
		t.Errorf("anonymous may %s", got)
	}
	if got := s.may(s.serviceSAS("other", "raup", ""), newest, "AuthenticationFailed", "AuthorizationFailure"); got != "" {
		t.Errorf("with a signature for another queue: %s", got)
	}
}

// TestAccountSAS is the table of "Create an account SAS".
func TestAccountSAS(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct{ types, letter, want string }{
		{"s", "l", "ListQueues"},
		{"s", "r", "GetQueueServiceProperties"},
		{"s", "w", "SetQueueServiceProperties"},
		{"c", "c", "CreateQueue"},
		{"c", "w", "CreateQueue SetQueueMetadata"},
		{"c", "r", "GetQueueMetadata"},
		{"c", "d", "DeleteQueue"},
		{"o", "a", "PutMessage"},
		{"o", "r", "PeekMessage"},
		{"o", "p", "GetMessage DeleteMessage"},
		{"o", "u", "UpdateMessage"},
		{"o", "d", "ClearMessages"},
		{"o", "w", ""},
		{"c", "raup", "GetQueueMetadata"},
	} {
		if got := s.may(s.accountSAS(c.types, c.letter), newest, refusedSAS...); got != c.want {
			t.Errorf("srt=%s sp=%s: may %s, want %s", c.types, c.letter, got, c.want)
		}
	}
	for _, c := range []struct{ types, permissions, code, method, path string }{
		{"s", "p", "AuthorizationResourceTypeMismatch", "GET", "/jobs/messages"},
		{"o", "r", "AuthorizationPermissionMismatch", "GET", "/jobs/messages"},
	} {
		s.Want(403, c.code, request{Method: c.method, Path: c.path + "?" + s.accountSAS(c.types, c.permissions), Anonymous: true})
	}
}

// TestServiceSAS is the table of "Create a service SAS", and stored access policies.
func TestServiceSAS(t *testing.T) {
	s := newServer(t)
	for letter, want := range map[string]string{
		"r": "GetQueueMetadata PeekMessage",
		"a": "PutMessage",
		"u": "UpdateMessage",
		"p": "GetMessage DeleteMessage",
		"d": "", // queues have no such permission
		"w": "",
	} {
		if got := s.may(s.serviceSAS("jobs", letter, ""), newest, append(refusedSAS, "AuthenticationFailed")...); got != want {
			t.Errorf("sp=%s: may %s, want %s", letter, got, want)
		}
	}
	// It is for its queue only.
	s.queue("other")
	s.Want(403, "AuthenticationFailed", request{Method: "GET", Path: "/other/messages?" + s.serviceSAS("jobs", "raup", ""), Anonymous: true})

	s.Do(request{Method: "PUT", Path: "/jobs"})
	until := s.Clock.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	s.OK(204, "PUT", "/jobs?comp=acl", "<SignedIdentifiers><SignedIdentifier><Id>workers</Id><AccessPolicy><Expiry>"+until+
		"</Expiry><Permission>rp</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>")
	workers := s.serviceSAS("jobs", "", "workers")
	s.Want(200, "", request{Method: "GET", Path: "/jobs/messages?" + workers, Anonymous: true})
	s.Want(403, "AuthorizationPermissionMismatch", request{Method: "POST", Path: "/jobs/messages?" + workers, Body: envelope("x"), Anonymous: true})
	s.Want(403, "AuthenticationFailed", request{Method: "GET", Path: "/jobs/messages?" + s.serviceSAS("jobs", "", "others"), Anonymous: true})
	s.Clock.Advance(2 * time.Hour)
	s.Want(403, "AuthenticationFailed", request{Method: "GET", Path: "/jobs/messages?" + workers, Anonymous: true})
	s.OK(204, "PUT", "/jobs?comp=acl", "")
	s.Clock.Advance(-2 * time.Hour)
	s.Want(403, "AuthenticationFailed", request{Method: "GET", Path: "/jobs/messages?" + workers, Anonymous: true})
	s.OK(204, "DELETE", "/jobs", "")
	s.Want(403, "AuthenticationFailed", request{Method: "GET", Path: "/jobs/messages?" + workers, Anonymous: true})
}

// TestSecondary is the read-only endpoint: getting a message changes it.
func TestSecondary(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	s.put("jobs", "x", "")
	if got := list(t, s.OK(200, "GET", "-secondary/jobs/messages?peekonly=true", "")); texts(got) != "x" {
		t.Errorf("peek: %s", texts(got))
	}
	s.Refused(403, "InsufficientAccountPermissions", "GET", "-secondary/jobs/messages", "")
	s.Refused(403, "InsufficientAccountPermissions", "POST", "-secondary/jobs/messages", envelope("y"))
}

// TestACL is Get and Set Queue ACL.
func TestACL(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	a := s.OK(200, "GET", "/jobs?comp=acl", "")
	if want := "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers />`; a.Body != want {
		t.Errorf("none: %q", a.Body)
	}
	a.WantHeader(t, "Cache-Control", "no-cache")
	identifier := func(id, start, permission string) string {
		return "<SignedIdentifier><Id>" + id + "</Id><AccessPolicy><Start>" + start + "</Start><Expiry>2030-01-01T00:00:00.0000000Z</Expiry><Permission>" +
			permission + "</Permission></AccessPolicy></SignedIdentifier>"
	}
	set := func(identifiers ...string) string {
		return `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers>` + strings.Join(identifiers, "") + "</SignedIdentifiers>"
	}
	body := set(identifier("one", "2020-01-01", "raup"), identifier("two", "2020-01-01T00:00Z", "r"))
	s.OK(204, "PUT", "/jobs?comp=acl", body)
	if a := s.OK(200, "GET", "/jobs?comp=acl", ""); a.Body != "\ufeff"+body {
		t.Errorf("got\n%s\n%s", a.Body, body)
	}
	if a := s.OK(200, "HEAD", "/jobs?comp=acl", ""); a.Body != "" || a.Header.Get("Content-Length") == "0" {
		t.Errorf("head: %v", a.Header)
	}
	six := make([]string, 6)
	for i := range six {
		six[i] = identifier(string(rune('a'+i)), "2020-01-01", "r")
	}
	for _, c := range []struct{ code, body string }{
		{"InvalidXmlDocument", set(six...)},
		{"InvalidXmlDocument", "<SignedIdentifiers><SignedIdentifier>"},
		{"InvalidXmlDocument", "<Other />"},
		{"InvalidXmlDocument", strings.Repeat("<SignedIdentifiers>", 20)},
		{"InvalidXmlDocument", `<!DOCTYPE a [<!ENTITY b "c">]>` + set(identifier("&b;", "", "r"))},
		{"InvalidXmlNodeValue", set(identifier("x", "2020-01-01", "rd"))}, // no permission of queues
		{"InvalidXmlNodeValue", set(identifier("x", "yesterday", "r"))},
		{"InvalidXmlNodeValue", set(identifier("", "2020-01-01", "r"))},
		{"InvalidXmlNodeValue", set(identifier(strings.Repeat("x", 65), "2020-01-01", "r"))},
		{"InvalidXmlNodeValue", set(identifier("x", "2020-01-01", "r"), identifier("x", "", "r"))},
	} {
		s.Refused(400, c.code, "PUT", "/jobs?comp=acl", c.body)
	}
	s.Refused(413, "RequestBodyTooLarge", "PUT", "/jobs?comp=acl", strings.Repeat(" ", 70<<10))
	s.Refused(404, "QueueNotFound", "GET", "/none?comp=acl", "")
	s.Refused(404, "QueueNotFound", "PUT", "/none?comp=acl", set())
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/jobs?comp=acl", "", "x-ms-version: 2011-08-18")
	if a := s.OK(200, "GET", "/jobs?comp=acl", "", "x-ms-version: 2012-02-12"); a.Body != "\ufeff"+body {
		t.Errorf("after refusals: %s", a.Body)
	}
}
