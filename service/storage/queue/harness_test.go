package queue_test

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/queue"
	"reslog/service/storage/storagetest"
)

// newest is the version of requests that name none.
const newest = string(storage.Newest)

// account is the account that requests go to.
const account = storagetest.Account

type (
	request = storagetest.Request
	answer  = storagetest.Answer
)

// server is a queue service behind a real connection.
type server struct {
	*storagetest.Server
	store *fakeStore
}

func newServer(t testing.TB, configure ...func(*storage.FrontConfig)) *server {
	t.Helper()
	base, store := storagetest.New(t, storagetest.NewClock()), newFakeStore()
	properties := storage.OpenProperties(storage.PropertiesConfig{})
	cfg := base.Config(queue.New(queue.Config{Store: store, Now: base.Clock.Now, Properties: storage.NewPropertyOperations(storage.Queue, properties)}))
	cfg.Properties = properties
	for _, f := range configure {
		f(&cfg)
	}
	base.Serve(cfg)
	return &server{base, store}
}

// queue makes a queue.
func (s *server) queue(name string) {
	s.T.Helper()
	s.OK(201, "PUT", "/"+name, "")
}

// envelope is the body of a request with a message.
func envelope(text string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><QueueMessage><MessageText>`)
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err) // a Builder does not fail
	}
	return b.String() + "</MessageText></QueueMessage>"
}

// message is one of an answer.
type message struct {
	MessageID       string `xml:"MessageId"`
	InsertionTime   string
	ExpirationTime  string
	PopReceipt      string
	TimeNextVisible string
	DequeueCount    *int
	MessageText     *string
}

func (m message) text() string {
	if m.MessageText == nil {
		return "(none)"
	}
	return *m.MessageText
}

// path is that of the message in a queue, for its receipt.
func (m message) path(queue, parameters string) string {
	return "/" + queue + "/messages/" + m.MessageID + "?popreceipt=" + url.QueryEscape(m.PopReceipt) + parameters
}

// list reads the messages of an answer.
func list(t testing.TB, a *answer) []message {
	t.Helper()
	var body struct {
		XMLName  xml.Name  `xml:"QueueMessagesList"`
		Messages []message `xml:"QueueMessage"`
	}
	raw, marked := strings.CutPrefix(a.Body, "\ufeff")
	if !marked {
		t.Errorf("the answer does not start with a byte order mark: %q", a.Body)
	}
	if err := xml.Unmarshal([]byte(raw), &body); err != nil {
		t.Fatalf("%v in %q", err, a.Body)
	}
	return body.Messages
}

// put adds a message and returns what the answer says of it.
func (s *server) put(queue, text, query string, headers ...string) message {
	s.T.Helper()
	got := list(s.T, s.OK(201, "POST", "/"+queue+"/messages"+query, envelope(text), headers...))
	if len(got) != 1 {
		s.T.Fatalf("put: %d messages", len(got))
	}
	return got[0]
}

// get dequeues messages.
func (s *server) get(queue, query string, headers ...string) []message {
	s.T.Helper()
	return list(s.T, s.OK(200, "GET", "/"+queue+"/messages"+query, "", headers...))
}

// texts are those of messages, separated by commas.
func texts(list []message) string {
	var all []string
	for _, m := range list {
		all = append(all, m.text())
	}
	return strings.Join(all, ",")
}

const sasVersion = "2020-02-10"

// accountSAS returns the query of an account SAS.
func (s *server) accountSAS(types, permissions string) string {
	return s.AccountSAS(sasVersion, "q", types, permissions)
}

// serviceSAS returns the query of a SAS for a queue; id names a stored access
// policy, and with one there are no permissions and no expiry of its own.
func (s *server) serviceSAS(queue, permissions, id string) string {
	q := url.Values{"sv": {sasVersion}}
	if id == "" {
		q.Set("sp", permissions)
		q.Set("se", s.Expiry())
	} else {
		q.Set("si", id)
	}
	text := strings.Join([]string{q.Get("sp"), "", q.Get("se"), "/queue/" + account + "/" + queue, id, "", "", sasVersion}, "\n")
	q.Set("sig", storagetest.MAC(s.Accounts[account], text))
	return q.Encode()
}
