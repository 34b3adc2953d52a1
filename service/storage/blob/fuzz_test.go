package blob

import (
	"encoding/xml"
	"hash/crc64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

func TestCRC64(t *testing.T) {
	// The check value of CRC-64/NVME in the catalogues of checksums.
	if got := crc64Update(0, []byte("123456789")); got != 0xAE8B14860A799888 {
		t.Errorf("check value: %#x", got)
	}
	table := crc64.MakeTable(0x9A6C9329AC4BC9B5)
	data := []byte(strings.Repeat("reslog ", 1000))
	for _, n := range []int{0, 1, 7, 8, 9, 63, 64, 4096, 7000} {
		want := crc64.Checksum(data[:n], table)
		if got := crc64Update(0, data[:n]); got != want {
			t.Errorf("%d bytes: %#x, want %#x", n, got, want)
		}
		if got := crc64Update(crc64Update(0, data[:n/3]), data[n/3:n]); got != want {
			t.Errorf("%d bytes in two pieces: %#x, want %#x", n, got, want)
		}
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-", "bytes=5-10", "bytes=-5", "bytes=9-1", "bytes=99999999999999999999-", "lines=1-2", ""} {
		f.Add(s, int64(100))
	}
	f.Fuzz(func(t *testing.T, s string, length int64) {
		r, ok := parseRange(s)
		if !ok || length < 0 {
			return
		}
		offset, n, err := r.within(length)
		if err != nil {
			return
		}
		if offset < 0 || n <= 0 || offset+n > length {
			t.Errorf("%q of %d: %d+%d", s, length, offset, n)
		}
	})
}

func FuzzBlockList(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><BlockList><Latest>YQ==</Latest><Committed>Yg==</Committed></BlockList>`))
	f.Add([]byte(`<BlockList/>`))
	f.Add([]byte(`<BlockList><Latest><x/></Latest></BlockList>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><BlockList/>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		refs, err := parseBlockList(raw)
		if err != nil {
			return
		}
		if len(refs) > maxCommitted {
			t.Errorf("%d blocks", len(refs))
		}
		for _, r := range refs {
			if !isBlockID(r.ID) || r.Source > blobstore.Uncommitted {
				t.Errorf("block %+v", r)
			}
		}
	})
}

func FuzzTagExpr(f *testing.F) {
	for _, s := range []string{`a = '1'`, `"a b" >= 'x' AND c <> 'y' OR (d < 'z')`, `@container = 'c' AND a = '1'`, `((a='1')`, `a = 'it''s'`} {
		f.Add(s)
	}
	tags := blobstore.Metadata{{Name: "a", Value: "1"}, {Name: "c", Value: "2"}}
	f.Fuzz(func(t *testing.T, s string) {
		if e, err := parseTagCondition(s); err == nil {
			e.match(tags)
		}
		if e, err := parseTagQuery(s); err == nil {
			e.inContainer("c")
			e.matchFound(tags)
		}
	})
}

func FuzzListParameters(f *testing.F) {
	f.Add("prefix=a&delimiter=/&maxresults=5&include=metadata,tags&marker=1!YQ")
	f.Add("include=&include=copy&maxresults=-1")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		c := &storage.Call{Request: &http.Request{Header: http.Header{}}, Query: q, Version: storage.Newest}
		p, err := parseList(c, blobIncludes)
		if err != nil {
			return
		}
		if p.options.Max < 1 || p.options.Max > maxResults {
			t.Errorf("max %d", p.options.Max)
		}
		if m := p.options.Marker; m != "" {
			if again, ok := storage.DecodeMarker(storage.EncodeMarker(m)); !ok || again != m {
				t.Errorf("marker %q became %q, %v", m, again, ok)
			}
		}
	})
}

func FuzzBatch(f *testing.F) {
	f.Add("multipart/mixed; boundary=b", []byte("--b\r\nContent-Type: application/http\r\n\r\nDELETE /a/b/c HTTP/1.1\r\n\r\n--b--"))
	f.Add("multipart/mixed; boundary=b", []byte("--b\r\nContent-Type: application/http\r\n\r\nPUT /a/b/c?comp=tier HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello--b--"))
	f.Fuzz(func(t *testing.T, contentType string, raw []byte) {
		subs, err := parseBatch(contentType, raw)
		if err != nil {
			return
		}
		if len(subs) == 0 || len(subs) > maxSubrequests {
			t.Errorf("%d parts", len(subs))
		}
		for _, s := range subs {
			if s.req.ContentLength > 0 || !strings.HasPrefix(s.req.RequestURI, "/") {
				t.Errorf("part %s", s.req.RequestURI)
			}
		}
	})
}

// FuzzListing demands that any name and metadata value makes XML that a reader
// takes.
func FuzzListing(f *testing.F) {
	f.Add("name", "value")
	f.Add("a<&>\"'\r\n\t\x00\xff\ufffe", "v]]>")
	f.Fuzz(func(t *testing.T, name, value string) {
		w := newXML()
		defer w.release()
		w.raw(`<r a="`)
		w.text(value)
		w.raw(`">`)
		w.name(name)
		w.metadata(blobstore.Metadata{{Name: "k", Value: value}})
		w.raw("</r>")
		var got struct {
			Name struct {
				Encoded bool   `xml:"Encoded,attr"`
				Text    string `xml:",chardata"`
			} `xml:"Name"`
		}
		if err := xml.Unmarshal(w.buf, &got); err != nil {
			t.Fatalf("%q %q: %v\n%s", name, value, err, w.buf)
		}
		text := got.Name.Text
		if got.Name.Encoded {
			var err error
			if text, err = url.PathUnescape(text); err != nil {
				t.Fatal(err)
			}
		}
		if utf8.ValidString(name) && text != name {
			t.Errorf("name %q came back as %q", name, text)
		}
	})
}
