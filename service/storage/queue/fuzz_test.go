package queue

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"reslog/service/storage"
)

// seeds are bodies of messages, in the plain form and near it.
var seeds = []string{
	"<QueueMessage><MessageText>PHRlc3Q+</MessageText></QueueMessage>",
	"\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><QueueMessage>\r\n <MessageText>a\r\nb\rc</MessageText></QueueMessage> \n",
	`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><QueueMessage><MessageText>{&quot;a&quot;: 1}</MessageText></QueueMessage>`,
	`<?xml version='1.0' encoding='utf-8'?>` + "\n<QueueMessage><MessageText>&lt;&gt;&amp;&apos;&#10;&#xA;&#x1F600;&#xd;</MessageText></QueueMessage>",
	`<?xml version="1.1"?><QueueMessage><MessageText>x</MessageText></QueueMessage>`,
	"<QueueMessage><MessageText /></QueueMessage>", "<QueueMessage><MessageText/></QueueMessage>", "<QueueMessage ><MessageText>x</MessageText ></QueueMessage>",
	"<QueueMessage><MessageText>a]]>b</MessageText></QueueMessage>", "<QueueMessage><MessageText>]]&gt;&amp;]]></MessageText></QueueMessage>",
	"<QueueMessage><MessageText>]&#93;>]\r]></MessageText></QueueMessage>",
	"<QueueMessage><MessageText>&#0;</MessageText></QueueMessage>", "<QueueMessage><MessageText>&#xD800;&#xFFFE;&#x110000;</MessageText></QueueMessage>",
	"<QueueMessage><MessageText>&#99999999999999999999;&;&#;&#x;&nbsp;&amp</MessageText></QueueMessage>",
	"<QueueMessage><MessageText>\x00\xff\ufffe</MessageText></QueueMessage>",
	"<QueueMessage><MessageText>a<b>c</b><![CDATA[d]]><!-- e --><?f g?></MessageText></QueueMessage>",
	`<!DOCTYPE a [<!ENTITY b "c">]><QueueMessage><MessageText>&b;</MessageText></QueueMessage>`,
	`<q:QueueMessage xmlns:q="u"><q:MessageText>x</q:MessageText></q:QueueMessage>`,
}

// FuzzMessage: the scanner reads what it reads as encoding/xml does, and what comes
// out can be written and read again.
func FuzzMessage(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := &buffer{raw: bytes.Clone(raw)}
		plain, ok := b.plainMessage()
		slow, err := anyMessage(raw)
		if ok && (err != nil || string(plain) != slow) {
			t.Fatalf("%q: the scanner reads %q, encoding/xml %q, %v", raw, plain, slow, err)
		}
		if !bytes.Equal(b.raw, raw) {
			t.Fatalf("the scanner changed %q to %q", raw, b.raw)
		}
		if err != nil {
			return
		}
		if !utf8.ValidString(slow) {
			t.Fatalf("%q: %q is not UTF-8", raw, slow)
		}
		var w xmlWriter
		w.text(slow)
		var again struct {
			XMLName xml.Name `xml:"MessageText"`
			Text    string   `xml:",chardata"`
		}
		if err := xml.Unmarshal(w.buf, &again); err != nil || again.Text != slow {
			t.Fatalf("%q written as %q is read as %q, %v", slow, w.buf, again.Text, err)
		}
		b.raw = append(append(append(b.raw[:0], "<QueueMessage>"...), w.buf...), "</QueueMessage>"...)
		if text, ok := b.plainMessage(); !ok || string(text) != slow {
			t.Fatalf("%q written as %q is read as %q, %v", slow, w.buf, text, ok)
		}
	})
}

// TestPlainMessage is that the scanner reads what the clients send: nobody would
// notice if it left everything to encoding/xml, but for the time.
func TestPlainMessage(t *testing.T) {
	for i, want := range []string{"PHRlc3Q+", "a\nb\nc", `{"a": 1}`, "<>&'\n\n\U0001F600\r"} {
		b := &buffer{raw: []byte(seeds[i])}
		if got, ok := b.plainMessage(); !ok || string(got) != want {
			t.Errorf("%q: %q, %v", seeds[i], got, ok)
		}
	}
	for _, d := range declarations {
		b := &buffer{raw: []byte(d + "<QueueMessage><MessageText>" + strings.Repeat("x", 64<<10) + "</MessageText></QueueMessage>")}
		if got, ok := b.plainMessage(); !ok || len(got) != 64<<10 {
			t.Errorf("%s: %d, %v", d, len(got), ok)
		}
	}
}

// FuzzRoute: no path and query make Route panic, and a queue it lets through has a
// name that can be one.
func FuzzRoute(f *testing.F) {
	for _, r := range routed {
		path, query, _ := strings.Cut(r.path, "?")
		container, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		f.Add(r.method, container, name, query)
	}
	s := New(Config{})
	f.Fuzz(func(t *testing.T, method, container, name, query string) {
		c := newCall(t, method, query)
		c.Container, c.Name, c.ObjectKey = container, name, "/acct/"+container+"/"+name
		op, err := s.Route(c)
		if (op == nil) == (err == nil) {
			t.Fatalf("%v, %v", op, err)
		}
		if err == nil && container != "" && (storage.CheckName(container) != nil || c.ObjectKey != "/acct/"+container && c.Name != "") {
			t.Fatalf("%s %s/%s?%s became %s of %s", method, container, name, query, op.Name, c.ObjectKey)
		}
	})
}

// FuzzListParams: what a listing is asked for stays within bounds.
func FuzzListParams(f *testing.F) {
	f.Add("comp=list&prefix=a&marker=1!YQ&maxresults=10&include=metadata")
	f.Fuzz(func(t *testing.T, query string) {
		p, err := parseList(newCall(t, "GET", query))
		if err != nil {
			return
		}
		if p.limit < 1 || p.limit > maxQueues || len(p.prefix) > maxParameter {
			t.Errorf("%+v", p)
		}
		if again, ok := storage.DecodeMarker(storage.EncodeMarker(p.after)); !ok || again != p.after {
			t.Errorf("marker %q became %q", p.after, again)
		}
	})
}
