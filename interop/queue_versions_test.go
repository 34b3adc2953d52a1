package interop

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// oldMessages is an answer to Put, Get and Peek Messages.
type oldMessages struct {
	Messages []struct {
		MessageID       string `xml:"MessageId"`
		InsertionTime   string
		ExpirationTime  string
		PopReceipt      string
		TimeNextVisible string
		DequeueCount    string
		MessageText     string
	} `xml:"QueueMessage"`
}

// TestQueueVersions speaks the protocol of each age with requests signed by hand,
// with Shared Key and with Shared Key Lite.
func TestQueueVersions(t *testing.T) {
	g := open(t)
	for _, version := range []string{
		"2009-09-19", "2011-08-18", "2012-02-12", "2013-08-15", "2014-02-14", "2015-02-21", "2016-05-31", "2017-04-17", "2019-12-12", "2021-12-02", "2026-06-06",
	} {
		for _, scheme := range []string{"SharedKey", "SharedKeyLite"} {
			t.Run(version+" "+scheme, func(t *testing.T) { queueVersion(t, g, version, scheme == "SharedKeyLite") })
		}
	}
}

func queueVersion(t *testing.T, g *target, version string, lite bool) {
	name := unique(t)
	do := func(status int, method, path, content string, header ...string) (http.Header, string) {
		t.Helper()
		var r io.Reader = http.NoBody
		if content != "" {
			r = strings.NewReader(content)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, g.QueueURL+path, r)
		check(t, err)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		if lite {
			g.signLite(t, req, version)
		} else {
			g.sign(t, req, version)
		}
		got, h, answer := statusOf(t, req)
		if got != status {
			t.Fatalf("%s %s: %d %s, want %d", method, path, got, answer, status)
		}
		want(t, "version of the answer", h.Get("x-ms-version"), version)
		if h.Get("x-ms-request-id") == "" || h.Get("Date") == "" {
			t.Errorf("headers: %v", h)
		}
		return h, answer
	}
	messages := func(answer string) oldMessages {
		t.Helper()
		var m oldMessages
		check(t, xml.Unmarshal([]byte(strings.TrimPrefix(answer, "\ufeff")), &m))
		return m
	}

	do(201, http.MethodPut, "/"+name, "", "x-ms-meta-k", "v")
	do(204, http.MethodPut, "/"+name, "", "x-ms-meta-k", "v")
	h, _ := do(409, http.MethodPut, "/"+name, "", "x-ms-meta-k", "other")
	want(t, "code", h.Get("x-ms-error-code"), "QueueAlreadyExists")

	_, answer := do(201, http.MethodPost, "/"+name+"/messages", "<QueueMessage><MessageText>aGVsbG8=</MessageText></QueueMessage>")
	if version >= "2016-05-31" {
		m := messages(answer)
		want(t, "messages of a put", len(m.Messages), 1)
		want(t, "receipt of a put", m.Messages[0].PopReceipt != "", true)
	}
	h, _ = do(200, http.MethodGet, "/"+name+"?comp=metadata", "")
	want(t, "messages", h.Get("x-ms-approximate-messages-count"), "1")
	want(t, "metadata", h.Get("x-ms-meta-k"), "v")
	do(200, http.MethodHead, "/"+name+"?comp=metadata", "")
	do(204, http.MethodPut, "/"+name+"?comp=metadata", "", "x-ms-meta-l", "w")

	_, answer = do(200, http.MethodGet, "/"+name+"/messages?peekonly=true", "")
	m := messages(answer)
	want(t, "peeked", m.Messages[0].MessageText, "aGVsbG8=")
	want(t, "receipt of a peek", m.Messages[0].PopReceipt, "")
	h, answer = do(200, http.MethodGet, "/"+name+"/messages?numofmessages=32&visibilitytimeout=60", "")
	want(t, "content type", h.Get("Content-Type"), "application/xml")
	m = messages(answer)
	want(t, "text", m.Messages[0].MessageText, "aGVsbG8=")
	want(t, "dequeue count", m.Messages[0].DequeueCount, since(version, "2009-09-19", "1"))
	receipt := url.QueryEscape(m.Messages[0].PopReceipt)
	path := "/" + name + "/messages/" + m.Messages[0].MessageID
	if version >= "2011-08-18" {
		h, _ = do(204, http.MethodPut, path+"?popreceipt="+receipt+"&visibilitytimeout=60", "<QueueMessage><MessageText>eA==</MessageText></QueueMessage>")
		receipt = url.QueryEscape(h.Get("x-ms-popreceipt"))
		want(t, "next visible", h.Get("x-ms-time-next-visible") != "", true)
		// Without a body the text stays.
		h, _ = do(204, http.MethodPut, path+"?popreceipt="+receipt+"&visibilitytimeout=60", "")
		receipt = url.QueryEscape(h.Get("x-ms-popreceipt"))
	}
	do(204, http.MethodDelete, path+"?popreceipt="+receipt, "")
	h, _ = do(404, http.MethodDelete, path+"?popreceipt="+receipt, "")
	want(t, "code", h.Get("x-ms-error-code"), "MessageNotFound")

	_, answer = do(200, http.MethodGet, "?comp=list&prefix="+name+"&include=metadata", "")
	var list struct {
		AccountName     string `xml:"AccountName,attr"`
		ServiceEndpoint string `xml:"ServiceEndpoint,attr"`
		Queues          []struct {
			Name     string
			URL      string `xml:"Url"`
			Metadata struct {
				L string // the client writes names of headers so
			}
		} `xml:"Queues>Queue"`
	}
	check(t, xml.Unmarshal([]byte(strings.TrimPrefix(answer, "\ufeff")), &list))
	want(t, "queues", len(list.Queues), 1)
	want(t, "name", list.Queues[0].Name, name)
	want(t, "metadata", list.Queues[0].Metadata.L, "w")
	if version < "2013-08-15" {
		want(t, "URL in the listing", strings.HasSuffix(list.Queues[0].URL, "/"+name), true)
	} else {
		want(t, "URL in the listing", list.Queues[0].URL, "")
		want(t, "endpoint", strings.TrimRight(list.ServiceEndpoint, "/"), g.QueueURL)
	}
	do(204, http.MethodDelete, "/"+name+"/messages", "")
	do(204, http.MethodDelete, "/"+name, "")
}
