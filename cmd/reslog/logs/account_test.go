package logs

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/client"
	"reslog/storagelog"
)

// fakeAccount answers listings and downloads, or with an error.
type fakeAccount struct {
	code   string // error code of every answer
	status int
	mu     sync.Mutex
	asked  []*http.Request
}

func (a *fakeAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked = append(a.asked, r)
	a.mu.Unlock()
	if a.code != "" {
		w.Header().Set("x-ms-error-code", a.code)
		w.WriteHeader(a.status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>sig=SECRET</Message></Error>", a.code)
		return
	}
	if r.URL.Query().Get("comp") != "list" {
		fmt.Fprint(w, record(1, "GetBlob"))
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprint(w, `<EnumerationResults ServiceEndpoint="http://fake/" ContainerName="$logs"><Blobs>`)
	for i, types := range []string{"read", "write"} {
		if !strings.HasPrefix("blob/2026/03/04/0000/", r.URL.Query().Get("prefix")) {
			break
		}
		fmt.Fprintf(w, `<Blob><Name>blob/2026/03/04/0000/%06d.log</Name><Properties><BlobType>BlockBlob</BlobType><Content-Length>99</Content-Length></Properties>`+
			`<Metadata><LogType>%s</LogType><StartTime>2026-03-04T00:00:00Z</StartTime><EndTime>2026-03-04T00:00:01Z</EndTime><LogVersion>1.0</LogVersion></Metadata></Blob>`, i, types)
	}
	fmt.Fprint(w, "</Blobs><NextMarker/></EnumerationResults>")
}

func TestAccount(t *testing.T) {
	fake := &fakeAccount{}
	srv := httptest.NewServer(fake)
	defer srv.Close()
	key := &client.Account{Name: "acct", Key: []byte("secret"), Endpoints: map[client.Service]string{client.Blob: srv.URL + "/acct"}}
	sas := &client.Account{SAS: "sv=1&sig=SECRET", Endpoints: key.Endpoints}
	open := map[string]func() (*Account, error){
		"key":               func() (*Account, error) { return OpenAccount(key, nil) },
		"sas":               func() (*Account, error) { return OpenAccount(sas, nil) },
		"account url":       func() (*Account, error) { return OpenURL(srv.URL+"/acct/?sv=1&sig=SECRET", nil) },
		"container url":     func() (*Account, error) { return OpenURL(srv.URL+"/acct/$logs?sv=1&sig=SECRET", nil) },
		"encoded container": func() (*Account, error) { return OpenURL(srv.URL+"/acct/%24logs?sv=1&sig=SECRET", nil) },
		"anonymous":         func() (*Account, error) { return OpenURL(srv.URL+"/acct", nil) },
	}
	for name, fn := range open {
		t.Run(name, func(t *testing.T) {
			fake.asked = nil
			a, err := fn()
			if err != nil {
				t.Fatal(err)
			}
			var observed []string
			got, sum := run(t, &Search{Source: a, Selection: Selection{
				Service: storagelog.Blob, Start: midnight, End: midnight.Add(time.Minute), Types: storagelog.LogWrite,
				Observe: func(l Log, ok bool) {
					observed = append(observed, fmt.Sprint(ok, " ", l.Location, " ", l.Metadata.Types))
				},
			}})
			if len(got) != 1 || got[0] != record(1, "GetBlob") || sum.Logs != 1 {
				t.Errorf("%q, %+v", got, sum)
			}
			logs := srv.URL + "/acct/$logs/blob/2026/03/04/0000/"
			if d := cmp.Diff([]string{"false " + logs + "000000.log read", "true " + logs + "000001.log write"}, observed[:2]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			first := fake.asked[0]
			if p := first.URL.Query().Get("prefix"); p != "blob/2026/03/04/00" || first.URL.Query().Get("include") != "metadata" {
				t.Errorf("listed by %s", first.URL)
			}
			if signed := first.Header.Get("Authorization") != ""; signed != (name == "key") {
				t.Errorf("signed: %v", signed)
			}
			if secret := strings.Contains(first.URL.RawQuery, "SECRET"); secret != (name != "key" && name != "anonymous") {
				t.Errorf("query %s", first.URL.RawQuery)
			}
		})
	}
}

// Errors are one line, say what to do, and never hold a secret.
func TestAccountErrors(t *testing.T) {
	fake := &fakeAccount{}
	srv := httptest.NewServer(fake)
	defer srv.Close()
	a, err := OpenURL(srv.URL+"/acct?sig=SECRET", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		status int
		code   string
		want   string
	}{
		{404, "ContainerNotFound", "switch logging on"},
		{404, "ResourceNotFound", "logs are not public"},
		{403, "AuthenticationFailed", "check the account's name and key"},
		{403, "AuthorizationPermissionMismatch", "needs permissions r and l"},
		{401, "NoAuthenticationInformation", "needs permissions r and l"},
		{400, "InvalidHeaderValue", "answers 400 InvalidHeaderValue"},
	} {
		fake.status, fake.code = tt.status, tt.code
		err := a.ListBlobs(t.Context(), "blob/", func(storagelog.Listed) error { return nil })
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", tt.code, err)
		}
	}
	srv.Close()
	err = a.ListBlobs(t.Context(), "blob/", func(storagelog.Listed) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "nobody listens") || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("no server: %v", err)
	}
	for _, bad := range []string{"", "acct", "ftp://h/?sig=SECRET", "http://", "http://h:x/?sig=SECRET"} {
		if _, err := OpenURL(bad, nil); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := OpenAccount(&client.Account{Name: "a", Key: []byte("x")}, nil); err == nil || !strings.Contains(err.Error(), "no blob endpoint") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(fmt.Sprint(a), base64.StdEncoding.EncodeToString([]byte("secret"))) {
		t.Error("the key is printed")
	}
}
