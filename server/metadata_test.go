package server_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/server"
	"reslog/server/servertest"
)

// TestMetadataKeepsCase: names of metadata come back as they were written, which
// net/http alone does not know, without TLS and with it.
func TestMetadataKeepsCase(t *testing.T) {
	certFile, keyFile, pool := writeCertificate(t)
	for name, configure := range map[string]func(*server.Config){
		"http":  func(*server.Config) {},
		"https": func(c *server.Config) { c.CertFile, c.KeyFile = certFile, keyFile },
	} {
		t.Run(name, func(t *testing.T) {
			n := servertest.Start(t, servertest.WithConfig(configure))
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
			defer transport.CloseIdleConnections()
			opts := &azblob.ClientOptions{}
			last := &lastBody{next: transport}
			opts.Transport = &http.Client{Transport: last}
			c := n.BlobClientFor(t, server.DevAccount, opts)
			create(t, c, "things")
			value := "v"
			for _, body := range [][]byte{[]byte("small"), bytes.Repeat([]byte("x"), 1<<20)} {
				_, err := c.UploadBuffer(t.Context(), "things", "one", body, &azblob.UploadBufferOptions{Metadata: map[string]*string{"MixedCase": &value}})
				if err != nil {
					t.Fatal(err)
				}
				// The SDK turns names into lower case: look at what it got.
				_, err = c.ServiceClient().NewContainerClient("things").NewListBlobsFlatPager(
					&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}}).NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(last.body, "<Metadata><MixedCase>v</MixedCase></Metadata>") {
					t.Errorf("listing: %s", last.body)
				}
			}
		})
	}
}

// lastBody keeps the body of the last answer.
type lastBody struct {
	next http.RoundTripper
	body string
}

func (l *lastBody) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	l.body = string(raw)
	res.Body = io.NopCloser(bytes.NewReader(raw))
	return res, err
}

// TestPlainHTTPToHTTPS tells a client without TLS what is wrong.
func TestPlainHTTPToHTTPS(t *testing.T) {
	certFile, keyFile, _ := writeCertificate(t)
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.CertFile, c.KeyFile = certFile, keyFile }))
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.BlobURL(), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, "GET /devstoreaccount1?comp=list HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 400 ") || !strings.Contains(string(answer), "HTTPS server") {
		t.Errorf("answer %q, %v", answer, err)
	}
}
