package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/server/servertest"
)

// The account every emulator and SDK knows.
const (
	devAccount = "devstoreaccount1"
	devKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// target is the account that a test talks to, by the path-style URLs of its
// services: "http://127.0.0.1:10000/devstoreaccount1".
type target struct {
	URL      string // of the blob service
	QueueURL string
	TableURL string
	Account  string
	Key      string

	foreign bool // named from outside: not a node of ours
}

// open returns the account to test.
func open(t *testing.T) *target {
	t.Helper()
	g := &target{Account: devAccount, Key: os.Getenv("RESLOG_INTEROP_KEY")}
	if g.Key == "" {
		g.Key = devKey
	}
	for url, name := range map[*string]string{
		&g.URL: "RESLOG_INTEROP_BLOB", &g.QueueURL: "RESLOG_INTEROP_QUEUE", &g.TableURL: "RESLOG_INTEROP_TABLE",
	} {
		*url = strings.TrimRight(os.Getenv(name), "/")
		g.foreign = g.foreign || *url != ""
	}
	if g.foreign {
		return g
	}
	return targetOf(servertest.Start(t))
}

// targetOf is the development account of a node.
func targetOf(n *servertest.Node) *target {
	return &target{
		URL: n.AccountURL(devAccount), QueueURL: n.QueueURL() + "/" + devAccount, TableURL: n.TableURL() + "/" + devAccount,
		Account: devAccount, Key: devKey,
	}
}

// connectionString is the account as tools are told of it.
func (g *target) connectionString() string {
	return "DefaultEndpointsProtocol=http;AccountName=" + g.Account + ";AccountKey=" + g.Key +
		";BlobEndpoint=" + g.URL + ";QueueEndpoint=" + g.QueueURL + ";TableEndpoint=" + g.TableURL + ";"
}

// mustBeOurs ends a test of what only our nodes do.
func (g *target) mustBeOurs(t *testing.T) {
	t.Helper()
	if g.foreign {
		t.Skip("the account was named from outside")
	}
}

// credential returns the account's key for clients.
func (g *target) credential(t *testing.T) *service.SharedKeyCredential {
	t.Helper()
	cred, err := service.NewSharedKeyCredential(g.Account, g.Key)
	check(t, err)
	return cred
}

// service returns a client that signs with the account's key.
func (g *target) service(t *testing.T) *service.Client {
	t.Helper()
	c, err := service.NewClientWithSharedKeyCredential(g.URL, g.credential(t), &service.ClientOptions{ClientOptions: once()})
	check(t, err)
	return c
}

// container creates a container of its own for the test; a server that outlives
// the test is left as it was found.
func (g *target) container(t *testing.T, o *container.CreateOptions) *container.Client {
	t.Helper()
	c := g.service(t).NewContainerClient(unique(t))
	_, err := c.Create(t.Context(), o)
	check(t, err)
	t.Cleanup(func() {
		_, err := c.Delete(context.WithoutCancel(t.Context()), nil)
		if err != nil && !bloberror.HasCode(err, bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.LeaseIDMissing) {
			t.Errorf("delete the test's container: %v", err)
		}
	})
	return c
}

// once are client options without retries: a test wants to see the first answer.
func once() policy.ClientOptions {
	return policy.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
}

// unique returns a container name that no other test uses.
func unique(t *testing.T) string {
	name := strings.ToLower(t.Name())
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
	return fmt.Sprintf("%.40s-%08x", name, rand.Uint32())
}

// check ends the test when err is not nil.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// wantCode ends the test unless err is a refusal with this code and status.
func wantCode[C ~string](t *testing.T, err error, status int, code C) {
	t.Helper()
	var re *azcore.ResponseError
	if !errors.As(err, &re) {
		t.Fatalf("error %v, want %s", err, code)
	}
	if re.StatusCode != status || re.ErrorCode != string(code) {
		t.Fatalf("refused with %d %s, want %d %s", re.StatusCode, re.ErrorCode, status, code)
	}
}

// hasCode reports whether err is a refusal with one of these codes.
func hasCode(err error, codes ...string) bool {
	var re *azcore.ResponseError
	return errors.As(err, &re) && slices.Contains(codes, re.ErrorCode)
}

// want reports when two values differ.
func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantPtr reports when p is nil or points at another value.
func wantPtr[T comparable](t *testing.T, what string, p *T, want T) {
	t.Helper()
	if p == nil {
		t.Errorf("%s is missing, want %v", what, want)
		return
	}
	if *p != want {
		t.Errorf("%s: got %v, want %v", what, *p, want)
	}
}

// wantMeta reports when metadata differ; the SDK capitalises names it reads
// from headers, so names are compared without regard to case.
func wantMeta(t *testing.T, got map[string]*string, want map[string]string) {
	t.Helper()
	lower := map[string]string{}
	for k, v := range got {
		if v != nil {
			lower[strings.ToLower(k)] = *v
		}
	}
	if len(lower) != len(want) {
		t.Errorf("metadata: got %v, want %v", lower, want)
		return
	}
	for k, v := range want {
		if lower[k] != v {
			t.Errorf("metadata %s: got %q, want %q", k, lower[k], v)
		}
	}
}

// body makes an upload's body of text.
func body(s string) io.ReadSeekCloser { return streaming.NopCloser(strings.NewReader(s)) }

// bodyOf makes an upload's body of bytes.
func bodyOf(b []byte) io.ReadSeekCloser { return streaming.NopCloser(bytes.NewReader(b)) }

// noise returns n bytes that do not compress and are the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

// meta makes metadata as the SDK wants them.
func meta(pairs ...string) map[string]*string {
	m := map[string]*string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = to.Ptr(pairs[i+1])
	}
	return m
}

// recent reports whether at lies within five minutes of now.
func recent(at *time.Time) bool {
	return at != nil && time.Since(*at).Abs() < 5*time.Minute
}

// statusOf sends a request as it is and returns the answer's status and headers.
func statusOf(t *testing.T, req *http.Request) (int, http.Header, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	check(t, err)
	return resp.StatusCode, resp.Header, string(b)
}
