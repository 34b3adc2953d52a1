package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strconv"
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
	host string
	mac  hash.Hash

	second int64
	date   []byte
	text   []byte
	sum    [sha256.Size]byte
	head   []byte
}

func newSigner(host string) *signer {
	k, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		panic(err) // the key is the constant above
	}
	return &signer{host: host, mac: hmac.New(sha256.New, k)}
}

// request says what to ask for.
type request struct {
	method string
	path   string // below the account, "/container/blob"
	query  string // "name=value&name=value", names sorted and lower-case, nothing to escape
	put    bool   // Put Blob: send x-ms-blob-type
	table  bool   // to the table service, which signs in another form
	length int    // of the body
	escape bool   // the values of query are to be escaped in the URL
}

// render returns the request line and the header, valid until the next call.
// The signature is Shared Key of version 2015-02-21 and later.
func (s *signer) render(q request) []byte {
	now := time.Now()
	if sec := now.Unix(); sec != s.second {
		s.second = sec
		s.date = now.UTC().AppendFormat(s.date[:0], http.TimeFormat)
	}
	s.text = s.appendText(s.text[:0], q)
	s.mac.Reset()
	s.mac.Write(s.text)
	sum := s.mac.Sum(s.sum[:0])

	h := append(s.head[:0], q.method...)
	h = append(h, " /"+account...)
	h = append(h, q.path...)
	if q.query != "" {
		h = append(h, '?')
		h = appendQuery(h, q)
	}
	h = append(h, " HTTP/1.1\r\nHost: "...)
	h = append(h, s.host...)
	h = append(h, "\r\nUser-Agent: bench\r\nx-ms-version: "+version+"\r\nx-ms-date: "...)
	h = append(h, s.date...)
	switch {
	case q.put:
		h = append(h, "\r\nx-ms-blob-type: BlockBlob"...)
	case q.table:
		h = append(h, "\r\nAccept: application/json;odata=nometadata\r\nPrefer: return-no-content"...)
		if q.length > 0 {
			h = append(h, "\r\nContent-Type: "+jsonType...)
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

func appendQuery(h []byte, q request) []byte {
	if !q.escape {
		return append(h, q.query...)
	}
	for i := range len(q.query) {
		switch c := q.query[i]; c {
		case '+', '/':
			h = append(h, '%', '2', "BF"[c>>2&1])
		default:
			h = append(h, c)
		}
	}
	return h
}

// jsonType is the Content-Type of entities.
const jsonType = "application/json"

// appendText appends the text that is signed.
func (s *signer) appendText(t []byte, q request) []byte {
	t = append(t, q.method...)
	if q.table {
		t = append(t, "\n\n"...)
		if q.length > 0 {
			t = append(t, jsonType...)
		}
		t = append(t, '\n')
		t = append(t, s.date...)
		t = append(t, "\n/"+account+"/"+account...)
		return append(t, q.path...)
	}
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
			if q.escape && i > len("popreceipt") { // of base64
				t = append(t, '=')
				continue
			}
			t = append(t, ':')
		case '&':
			t = append(t, '\n')
		default:
			t = append(t, q.query[i])
		}
	}
	return t
}
