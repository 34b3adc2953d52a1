package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The account that every emulator has.
const (
	account = "devstoreaccount1"
	key     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// version is an x-ms-version that all servers take without being told to.
const version = "2021-12-02"

// signer renders signed requests. It is for one goroutine.
type signer struct {
	host  string
	table bool // the service is that of tables, which signs less
	mac   hash.Hash

	second int64
	date   []byte
	text   []byte
	sum    [sha256.Size]byte
	head   []byte
}

func newSigner(service, host string) *signer {
	k, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		panic(err) // the key is the constant above
	}
	return &signer{host: host, table: service == "table", mac: hmac.New(sha256.New, k)}
}

// request says what to ask for.
type request struct {
	method string
	path   string // below the account, "/container/blob"
	query  string // "name=value&name=value", names sorted and lower-case, nothing to escape
	// receipt is the popreceipt of a message, which is all of the query then.
	receipt string
	put     bool // Put Blob: send x-ms-blob-type
	length  int  // of the body
}

// jsonType is the Content-Type of entities.
const jsonType = "application/json"

// plainText appends what Shared Key signs of a request of blobs or queues, from
// version 2015-02-21 on.
func (s *signer) plainText(t []byte, q request) []byte {
	t = append(t, q.method...)
	t = append(t, "\n\n\n"...)
	if q.length > 0 {
		t = strconv.AppendInt(t, int64(q.length), 10)
	}
	t = append(t, "\n\n\n\n\n\n\n\n\n"...)
	if q.put {
		t = append(t, "x-ms-blob-type:BlockBlob\n"...)
	}
	t = append(t, "x-ms-date:"...)
	t = append(t, s.date...)
	t = append(t, "\nx-ms-version:"+version+"\n/"+account+"/"+account...)
	t = append(t, q.path...)
	for i := 0; i < len(q.query); i++ {
		if i == 0 {
			t = append(t, '\n')
		}
		switch q.query[i] {
		case '=':
			t = append(t, ':')
		case '&':
			t = append(t, '\n')
		default:
			t = append(t, q.query[i])
		}
	}
	if q.receipt != "" {
		t = append(t, "\npopreceipt:"...)
		t = append(t, q.receipt...)
	}
	return t
}

// tableText appends what Shared Key signs of a request of tables.
func (s *signer) tableText(t []byte, q request) []byte {
	t = append(t, q.method...)
	t = append(t, "\n\n"...)
	if q.length > 0 {
		t = append(t, jsonType...)
	}
	t = append(t, '\n')
	t = append(t, s.date...)
	t = append(t, "\n/"+account+"/"+account...)
	t = append(t, q.path...)
	if rest, ok := strings.CutPrefix(q.query, "comp="); ok {
		comp, _, _ := strings.Cut(rest, "&")
		t = append(append(t, "?comp="...), comp...)
	}
	return t
}

// appendEscaped appends base64 as a query string has it.
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '+':
			b = append(b, "%2B"...)
		case '/':
			b = append(b, "%2F"...)
		case '=':
			b = append(b, "%3D"...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// render returns the request line and the header, valid until the next call.
func (s *signer) render(q request) []byte {
	now := time.Now()
	if sec := now.Unix(); sec != s.second {
		s.second = sec
		s.date = now.UTC().AppendFormat(s.date[:0], http.TimeFormat)
	}
	if s.table {
		s.text = s.tableText(s.text[:0], q)
	} else {
		s.text = s.plainText(s.text[:0], q)
	}
	s.mac.Reset()
	s.mac.Write(s.text)
	sum := s.mac.Sum(s.sum[:0])

	h := append(s.head[:0], q.method...)
	h = append(h, " /"+account...)
	h = append(h, q.path...)
	if q.query != "" {
		h = append(h, '?')
		h = append(h, q.query...)
	}
	if q.receipt != "" {
		h = append(h, "?popreceipt="...)
		h = appendEscaped(h, q.receipt)
	}
	h = append(h, " HTTP/1.1\r\nHost: "...)
	h = append(h, s.host...)
	h = append(h, "\r\nUser-Agent: bench\r\nx-ms-version: "+version+"\r\nx-ms-date: "...)
	h = append(h, s.date...)
	if q.put {
		h = append(h, "\r\nx-ms-blob-type: BlockBlob"...)
	}
	if s.table {
		h = append(h, "\r\nAccept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0"...)
		if q.length > 0 {
			h = append(h, "\r\nPrefer: return-no-content\r\nContent-Type: "+jsonType...)
		}
	}
	if q.method == http.MethodPut || q.method == http.MethodPost {
		h = append(h, "\r\nContent-Length: "...)
		h = strconv.AppendInt(h, int64(q.length), 10)
	}
	h = append(h, "\r\nAuthorization: SharedKey "+account+":"...)
	h = base64.StdEncoding.AppendEncode(h, sum)
	h = append(h, "\r\n\r\n"...)
	s.head = h
	return h
}
