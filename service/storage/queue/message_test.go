package queue_test

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestMessage is the life of a message: put, peeked, got, updated, got again,
// deleted.
func TestMessage(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	put := s.OK(201, "POST", "/jobs/messages", envelope("a & <b>"))
	put.WantHeader(t, "Content-Type", "application/xml")
	added := list(t, put)[0]
	if added.MessageText != nil || added.DequeueCount != nil || added.PopReceipt == "" || added.TimeNextVisible != added.InsertionTime {
		t.Errorf("put: %s", put.Body)
	}
	inserted, err := http.ParseTime(added.InsertionTime)
	if err != nil {
		t.Fatal(err)
	}
	if expires, err := http.ParseTime(added.ExpirationTime); err != nil || expires.Sub(inserted) != 7*24*time.Hour {
		t.Errorf("inserted %s, expires %s", added.InsertionTime, added.ExpirationTime)
	}

	peek := s.OK(200, "GET", "/jobs/messages?peekonly=true", "")
	peek.WantHeader(t, "Cache-Control", "no-cache")
	want := "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>` + added.MessageID +
		`</MessageId><InsertionTime>` + added.InsertionTime + `</InsertionTime><ExpirationTime>` + added.ExpirationTime +
		`</ExpirationTime><DequeueCount>0</DequeueCount><MessageText>a &amp; &lt;b&gt;</MessageText></QueueMessage></QueueMessagesList>`
	if peek.Body != want {
		t.Errorf("peek:\n%s\n%s", peek.Body, want)
	}

	got := s.OK(200, "GET", "/jobs/messages", "")
	got.WantHeader(t, "Cache-Control", "no-cache")
	first := list(t, got)[0]
	want = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>` + added.MessageID +
		`</MessageId><InsertionTime>` + added.InsertionTime + `</InsertionTime><ExpirationTime>` + added.ExpirationTime +
		`</ExpirationTime><PopReceipt>` + first.PopReceipt + `</PopReceipt><TimeNextVisible>` + inserted.Add(30*time.Second).Format(http.TimeFormat) +
		`</TimeNextVisible><DequeueCount>1</DequeueCount><MessageText>a &amp; &lt;b&gt;</MessageText></QueueMessage></QueueMessagesList>`
	if got.Body != want {
		t.Errorf("get:\n%s\n%s", got.Body, want)
	}
	empty := s.OK(200, "GET", "/jobs/messages", "")
	if empty.Body != "\ufeff"+`<?xml version="1.0" encoding="utf-8"?><QueueMessagesList />` {
		t.Errorf("hidden: %q", empty.Body)
	}

	// What was got when it was put has another receipt now.
	s.Refused(404, "MessageNotFound", "DELETE", added.path("jobs", ""), "")

	updated := s.OK(204, "PUT", first.path("jobs", "&visibilitytimeout=0"), envelope("second"))
	second := first
	if second.PopReceipt = updated.Header.Get("X-Ms-Popreceipt"); second.PopReceipt == "" || second.PopReceipt == first.PopReceipt {
		t.Errorf("receipt %q after %q", second.PopReceipt, first.PopReceipt)
	}
	if _, err := http.ParseTime(updated.Header.Get("X-Ms-Time-Next-Visible")); err != nil || updated.Body != "" {
		t.Errorf("update: %v", updated.Header)
	}
	s.Refused(404, "MessageNotFound", "PUT", first.path("jobs", "&visibilitytimeout=0"), "", "Content-Length: 0")
	again := s.get("jobs", "?visibilitytimeout=60")
	if texts(again) != "second" || *again[0].DequeueCount != 2 {
		t.Errorf("again: %s", texts(again))
	}

	// Without a body the text stays; the ID may be written in any case.
	again[0].MessageID = strings.ToUpper(again[0].MessageID)
	kept := s.OK(204, "PUT", again[0].path("jobs", "&visibilitytimeout=0"), "")
	again[0].PopReceipt = kept.Header.Get("X-Ms-Popreceipt")
	if peeked := list(t, s.OK(200, "GET", "/jobs/messages?peekonly=true", "")); texts(peeked) != "second" {
		t.Errorf("kept: %s", texts(peeked))
	}
	deleted := s.OK(204, "DELETE", again[0].path("jobs", ""), "")
	if deleted.Body != "" {
		t.Errorf("delete: %q", deleted.Body)
	}
	s.Refused(404, "MessageNotFound", "DELETE", again[0].path("jobs", ""), "")
	s.OK(200, "GET", "/jobs?comp=metadata", "").WantHeader(t, "X-Ms-Approximate-Messages-Count", "0")
}

// TestVisibility is when messages can be got, and that those visible first come
// first.
func TestVisibility(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	s.put("jobs", "later", "?visibilitytimeout=60")
	s.put("jobs", "now", "")
	s.put("jobs", "soon", "?visibilitytimeout=30&messagettl=40")
	if got := s.get("jobs", "?numofmessages=32&visibilitytimeout=45"); texts(got) != "now" {
		t.Errorf("at once: %s", texts(got))
	}
	s.Clock.Advance(31 * time.Second)
	if got := list(t, s.OK(200, "GET", "/jobs/messages?peekonly=true&numofmessages=32", "")); texts(got) != "soon" {
		t.Errorf("after 30 s: %s", texts(got))
	}
	s.Clock.Advance(30 * time.Second)
	if got := s.get("jobs", "?numofmessages=32"); texts(got) != "now,later" {
		t.Errorf("after 60 s: %s", texts(got))
	}
	// A receipt is good until somebody else has the message, also when its time
	// is over.
	last := s.put("jobs", "last", "")
	s.Clock.Advance(time.Hour)
	s.OK(204, "DELETE", last.path("jobs", ""), "")
}

func TestNumberOfMessages(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	for range 40 {
		s.put("jobs", "m", "")
	}
	for _, c := range []struct {
		query string
		want  int
	}{{"", 1}, {"?numofmessages=1", 1}, {"?numofmessages=5&peekonly=false", 5}, {"?numofmessages=2", 2}} {
		if got := s.get("jobs", c.query); len(got) != c.want {
			t.Errorf("%s: %d messages", c.query, len(got))
		}
	}
	if got := list(t, s.OK(200, "GET", "/jobs/messages?peekonly=True&numofmessages=32", "")); len(got) != 31 {
		t.Errorf("peek 32 of 31: %d", len(got))
	}
	if got := s.get("jobs", "?numofmessages=32"); len(got) != 31 {
		t.Errorf("32 of 31: %d", len(got))
	}
	s.OK(200, "HEAD", "/jobs?comp=metadata", "").WantHeader(t, "X-Ms-Approximate-Messages-Count", "40")
	s.OK(204, "DELETE", "/jobs/messages", "")
	s.OK(200, "HEAD", "/jobs?comp=metadata", "").WantHeader(t, "X-Ms-Approximate-Messages-Count", "0")
}

// TestTimeToLive is messagettl, in the versions that changed it.
func TestTimeToLive(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	m := s.put("jobs", "forever", "?messagettl=-1")
	if m.ExpirationTime != "Fri, 31 Dec 9999 23:59:59 GMT" {
		t.Errorf("for ever is until %s", m.ExpirationTime)
	}
	m = s.put("jobs", "years", "?messagettl=2147483647&visibilitytimeout=604800")
	if when, err := http.ParseTime(m.ExpirationTime); err != nil || when.Before(s.Clock.Now().AddDate(68, 0, 0)) {
		t.Errorf("68 years are until %s", m.ExpirationTime)
	}
	const old = "x-ms-version: 2017-04-17"
	s.OK(201, "POST", "/jobs/messages?messagettl=604800", envelope("week"), old)
	for _, ttl := range []string{"604801", "-1", "0"} {
		a := s.Refused(400, "OutOfRangeQueryParameterValue", "POST", "/jobs/messages?messagettl="+ttl, envelope("x"), old)
		want := "<QueryParameterName>messagettl</QueryParameterName><QueryParameterValue>" + ttl +
			"</QueryParameterValue><MinimumAllowed>1</MinimumAllowed><MaximumAllowed>604800</MaximumAllowed></Error>"
		if !strings.HasSuffix(a.Body, want) {
			t.Errorf("messagettl=%s: %s", ttl, a.Body)
		}
	}
	for _, ttl := range []string{"0", "-2"} {
		s.Refused(400, "OutOfRangeQueryParameterValue", "POST", "/jobs/messages?messagettl="+ttl, envelope("x"))
	}
	s.Refused(400, "InvalidQueryParameterValue", "POST", "/jobs/messages?messagettl=2147483648", envelope("x"))
	a := s.Refused(400, "InvalidQueryParameterValue", "POST", "/jobs/messages?messagettl=30&visibilitytimeout=30", envelope("x"))
	if want := "<QueryParameterName>visibilitytimeout</QueryParameterName><QueryParameterValue>30</QueryParameterValue><Reason>messagettl must be greater than visibilitytimeout</Reason></Error>"; !strings.HasSuffix(a.Body, want) {
		t.Errorf("ttl and visibility: %s", a.Body)
	}
	s.Clock.Advance(8 * 24 * time.Hour)
	if got := s.get("jobs", "?numofmessages=32"); texts(got) != "forever,years" {
		t.Errorf("after eight days: %s", texts(got))
	}
}

// TestParameters is what requests about messages are refused for.
func TestParameters(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	m := s.put("jobs", "x", "")
	of := "/jobs/messages/" + m.MessageID
	other := message{MessageID: "5974b586-0df3-4e2d-ad0c-18e3892bfca2", PopReceipt: m.PopReceipt}
	const (
		old        = "x-ms-version: 2009-09-19"
		outOfRange = "OutOfRangeQueryParameterValue"
		invalid    = "InvalidQueryParameterValue"
		missing    = "MissingRequiredQueryParameter"
	)
	for _, c := range []struct {
		status             int
		code, method, path string
		version            string
		in                 string // of the answer's body
	}{
		{400, outOfRange, "GET", "/jobs/messages?numofmessages=0", "", "<QueryParameterName>numofmessages</QueryParameterName><QueryParameterValue>0</QueryParameterValue><MinimumAllowed>1</MinimumAllowed><MaximumAllowed>32</MaximumAllowed></Error>"},
		{400, outOfRange, "GET", "/jobs/messages?numofmessages=33", "", ""},
		{400, outOfRange, "GET", "/jobs/messages?numofmessages=-1", "", ""},
		{400, outOfRange, "GET", "/jobs/messages?peekonly=true&numofmessages=100", "", "<MaximumAllowed>32</MaximumAllowed>"},
		{400, invalid, "GET", "/jobs/messages?numofmessages=many", "", ""},
		{400, invalid, "GET", "/jobs/messages?peekonly=maybe", "", ""},
		{400, outOfRange, "GET", "/jobs/messages?visibilitytimeout=0", "", "<MinimumAllowed>1</MinimumAllowed><MaximumAllowed>604800</MaximumAllowed>"},
		{400, outOfRange, "GET", "/jobs/messages?visibilitytimeout=604801", "", ""},
		{400, outOfRange, "GET", "/jobs/messages?visibilitytimeout=7201", old, "<MaximumAllowed>7200</MaximumAllowed>"},
		{400, invalid, "GET", "/jobs/messages?visibilitytimeout=1.5", "", ""},
		{400, outOfRange, "POST", "/jobs/messages?visibilitytimeout=-1", "", "<MinimumAllowed>0</MinimumAllowed><MaximumAllowed>604800</MaximumAllowed>"},
		{400, outOfRange, "POST", "/jobs/messages?visibilitytimeout=604801&messagettl=-1", "", ""},
		{400, "UnsupportedQueryParameter", "POST", "/jobs/messages?visibilitytimeout=1", old, ""},
		{400, missing, "DELETE", of, "", "<QueryParameterName>popreceipt</QueryParameterName></Error>"},
		{400, missing, "PUT", of + "?visibilitytimeout=1", "", "<QueryParameterName>popreceipt</QueryParameterName>"},
		{400, missing, "PUT", m.path("jobs", ""), "", "<QueryParameterName>visibilitytimeout</QueryParameterName>"},
		{400, outOfRange, "PUT", m.path("jobs", "&visibilitytimeout=604801"), "", ""},
		{400, invalid, "PUT", m.path("jobs", "&visibilitytimeout=x"), "", ""},
		{400, invalid, "DELETE", of + "?popreceipt=invalid", "", "<QueryParameterName>popreceipt</QueryParameterName><QueryParameterValue>invalid</QueryParameterValue><Reason>Invalid pop receipt format</Reason></Error>"},
		{400, invalid, "DELETE", of + "?popreceipt=AgAAAAMAAAAAAAAAYUMWAIg+1gE=", "", "<Reason>Invalid pop receipt format</Reason>"}, // + is a space
		{400, invalid, "DELETE", of + "?popreceipt=====", "", ""},
		{400, invalid, "DELETE", of + "?popreceipt=" + strings.Repeat("A", 1000), "", ""},
		{404, "MessageNotFound", "DELETE", of + "?popreceipt=AgAAAAMAAAAAAAAAYUMWAIg%2B1gE=", "", ""},
		{404, "MessageNotFound", "DELETE", other.path("jobs", ""), "", ""},
		{404, "MessageNotFound", "DELETE", "/jobs/messages/not-a-guid?popreceipt=AgAAAAMAAAAAAAAA", "", ""},
		{404, "QueueNotFound", "GET", "/none/messages", "", ""},
		{404, "QueueNotFound", "GET", "/none/messages?peekonly=true", "", ""},
		{404, "QueueNotFound", "POST", "/none/messages", "", ""},
		{404, "QueueNotFound", "DELETE", "/none/messages", "", ""},
		{404, "QueueNotFound", "DELETE", m.path("none", ""), "", ""},
		{404, "QueueNotFound", "PUT", m.path("none", "&visibilitytimeout=1"), "", ""},
		{400, invalid, "GET", "/jobs/messages?comp=list", "", ""},
		{400, "InvalidUri", "GET", "/jobs/other", "", ""},
		{400, "InvalidUri", "PUT", "/jobs/messages/a/b", "", ""},
		{405, "UnsupportedHttpVerb", "HEAD", "/jobs/messages", "", ""},
		{405, "UnsupportedHttpVerb", "PUT", "/jobs/messages", "", ""},
		{405, "UnsupportedHttpVerb", "GET", of, "", ""},
		{405, "UnsupportedHttpVerb", "PUT", m.path("jobs", "&visibilitytimeout=1"), old, ""}, // came with 2011-08-18
	} {
		r := request{Method: c.method, Path: c.path}
		if c.version != "" {
			r.Headers = []string{c.version}
		}
		if c.method == "POST" {
			r.Body = envelope("text")
		}
		if a := s.Want(c.status, c.code, r); !strings.Contains(a.Body, c.in) {
			t.Errorf("%s %s: %s", c.method, c.path, a.Body)
		}
	}
	if got := s.get("jobs", "?numofmessages=32"); texts(got) != "x" {
		t.Errorf("after all: %s", texts(got))
	}
}

// TestVersions is what changed between versions, where it is not about times.
func TestVersions(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	a := s.OK(201, "POST", "/jobs/messages", envelope("old"), "x-ms-version: 2015-12-11")
	if a.Body != "" || a.Header.Get("Content-Type") != "" {
		t.Errorf("before 2016-05-31: %q %v", a.Body, a.Header)
	}
	s.put("jobs", "new", "", "x-ms-version: 2016-05-31")
	const kib = 1 << 10
	for version, limit := range map[string]int{"2009-09-19": 8 * kib, "2011-08-18": 64 * kib, newest: 64 * kib} {
		s.OK(201, "POST", "/jobs/messages", envelope(strings.Repeat("&", limit)), "x-ms-version: "+version)
		a := s.Refused(413, "RequestBodyTooLarge", "POST", "/jobs/messages", envelope(strings.Repeat("x", limit+1)), "x-ms-version: "+version)
		if want := map[int]string{8 * kib: "<MaxLimit>8192</MaxLimit>", 64 * kib: "<MaxLimit>65536</MaxLimit>"}[limit]; !strings.Contains(a.Body, want) {
			t.Errorf("%s: %s", version, a.Body)
		}
	}
	// The size is that of the text in UTF-8.
	s.Refused(413, "RequestBodyTooLarge", "POST", "/jobs/messages", envelope(strings.Repeat("ü", 33*kib)))
	m := s.put("jobs", "x", "")
	s.Refused(413, "RequestBodyTooLarge", "PUT", m.path("jobs", "&visibilitytimeout=0"), envelope(strings.Repeat("x", 64*kib+1)))
	s.Refused(413, "RequestBodyTooLarge", "POST", "/jobs/messages", strings.Repeat("x", 1<<20))
	s.OK(204, "DELETE", "/jobs/messages", "")

	// Texts of every kind come back as they were sent.
	for _, text := range []string{
		"", " ", "plain", " a\tb\nc ", "a\rb\r\nc", `"quoted" 'text' ]]> & <x/>`, "ünïcödé 漢字 \U0001F600", "\u0085\u2028\ufffd", "PHRlc3Q+dGhpcyBpcyBhIHRlc3QgbWVzc2FnZTwvdGVzdD4=",
	} {
		m := s.put("jobs", text, "")
		got := s.get("jobs", "")
		if texts(got) != text {
			t.Errorf("sent %q, got %q", text, texts(got))
		}
		s.Refused(404, "MessageNotFound", "DELETE", m.path("jobs", ""), "")
		s.OK(204, "DELETE", got[0].path("jobs", ""), "")
	}
}

// TestMalformed is bodies that are no message.
func TestMalformed(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	m := s.put("jobs", "x", "")
	for _, body := range []string{
		"<", "text", "<QueueMessage>", "<QueueMessage/>", "<QueueMessage></QueueMessage>", "<Message><MessageText>x</MessageText></Message>",
		"<QueueMessage><MessageText>x</QueueMessage>", "<QueueMessage><MessageText>x</MessageText></QueueMessage>tail",
		"<QueueMessage><MessageText>x</MessageText></QueueMessage><QueueMessage/>",
		"<QueueMessage><MessageText>x</MessageText><MessageText>y</MessageText></QueueMessage>",
		"<QueueMessage>x<MessageText>x</MessageText></QueueMessage>", "<QueueMessage><Other/><MessageText>x</MessageText></QueueMessage>",
		"<QueueMessage><MessageText>&unknown;</MessageText></QueueMessage>", "<QueueMessage><MessageText>&#0;</MessageText></QueueMessage>",
		"<QueueMessage><MessageText>\x01</MessageText></QueueMessage>", "<QueueMessage><MessageText>\xff</MessageText></QueueMessage>",
		"<QueueMessage><MessageText>a & b</MessageText></QueueMessage>", "<QueueMessage><MessageText>]]></MessageText></QueueMessage>",
		"<QueueMessage><MessageText>&amp;]]></MessageText></QueueMessage>",
		`<?xml version="1.0" encoding="utf-16"?><QueueMessage><MessageText>x</MessageText></QueueMessage>`,
		// Bombs.
		`<!DOCTYPE a [<!ENTITY b "c">]><QueueMessage><MessageText>&b;</MessageText></QueueMessage>`,
		"<QueueMessage><MessageText>" + strings.Repeat("<a>", 100) + "x" + strings.Repeat("</a>", 100) + "</MessageText></QueueMessage>",
		strings.Repeat("<QueueMessage>", 30000),
	} {
		for _, r := range []request{
			{Method: "POST", Path: "/jobs/messages", Body: body},
			{Method: "PUT", Path: m.path("jobs", "&visibilitytimeout=0"), Body: body},
		} {
			s.Want(400, "InvalidXmlDocument", r)
		}
	}
	s.Want(400, "InvalidXmlDocument", request{Method: "POST", Path: "/jobs/messages"})
	if got := s.get("jobs", "?numofmessages=32"); texts(got) != "x" {
		t.Errorf("after all: %s", texts(got))
	}

	// Markup that is not escaped is taken out, as documented; sections and comments
	// are markup too.
	const body = "<QueueMessage>\n<MessageText>a<b c='d'>e</b><![CDATA[<f>]]><!-- g --></MessageText>\n</QueueMessage>\n"
	s.OK(201, "POST", "/jobs/messages", body)
	if got := s.get("jobs", ""); texts(got) != "ae<f>" {
		t.Errorf("with markup: %q", texts(got))
	}
}

// TestContentMD5 is a body that says what it should be.
func TestContentMD5(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	body := envelope("x")
	sum := md5.Sum([]byte(body))
	good := base64.StdEncoding.EncodeToString(sum[:])
	s.OK(201, "POST", "/jobs/messages", body, "Content-MD5: "+good)
	s.Log.Take(t)
	s.Refused(400, "Md5Mismatch", "POST", "/jobs/messages", envelope("y"), "Content-MD5: "+good)
	if e := s.Log.One(t); e.RequestMD5 != good || e.Status != "Md5Mismatch" {
		t.Errorf("entry %+v", e)
	}
	s.Refused(400, "InvalidMd5", "POST", "/jobs/messages", body, "Content-MD5: xyz")
	// A body of unknown length is not read.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/jobs/messages", struct{ *strings.Reader }{strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Ms-Version", newest)
	s.Sign(req)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if code := res.Header.Get("X-Ms-Error-Code"); res.StatusCode != http.StatusLengthRequired || code != "MissingContentLengthHeader" {
		t.Errorf("chunked: %d %s", res.StatusCode, code)
	}
}
