package archive

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// webPage answers as something in between does that has a page for everything: a
// sign-in, a proxy whose target is away. It asks the account nothing.
type webPage struct{}

const html = "<html><body>Please sign in.</body></html>"

func (webPage) RoundTrip(r *http.Request) (*http.Response, error) {
	body := io.ReadCloser(http.NoBody)
	if r.Method != http.MethodHead {
		body = io.NopCloser(strings.NewReader(html))
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(html)),
		Header: http.Header{"Content-Type": {"text/html"}, "Content-Length": {"41"}}, Body: body, Request: r,
	}, nil
}

// An append took effect, its answer is lost, and then a page of somebody else's
// answers for a while, to whichever calls. Its lengths and contents are not taken
// for those of the blob: the append would be made again.
func TestForeignAnswersAreNotBelieved(t *testing.T) {
	for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodPut, ""} {
		t.Run("all "+method, func(t *testing.T) {
			a := newAccount(t)
			s := &memoryState{}
			r := a.open(s)
			deliverAll(t, r, items(1, 2, 3))
			a.once(appendBlock, lost)
			fails(t, r, items(4, 5, 6))
			account := a.next
			a.next = only{method, account}
			for range 3 {
				if _, err := r.Deliver(t.Context(), items(4, 5, 6)); err == nil && method != http.MethodPut {
					t.Error("a page was believed")
				}
				r = a.open(s)
			}
			a.next = account
			deliverAll(t, r, items(4, 5, 6, 7))
			a.wantIDs(1, 2, 3, 4, 5, 6, 7)
		})
	}
}

// only answers calls of a method with a page; all if it is "".
type only struct {
	method  string
	account http.RoundTripper
}

func (o only) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.method == "" || o.method == r.Method {
		return webPage{}.RoundTrip(r)
	}
	return o.account.RoundTrip(r)
}

func TestRetentionOfAForeignAnswer(t *testing.T) {
	a := newAccount(t)
	old := rootX + "y=2024/m=12/d=31/h=23/m=00/PT1H.json"
	a.put(old)
	account := a.next
	a.next = webPage{}
	r := a.retention(Policy{Resource: hubX, Category: "AllLogs", Days: 7})
	if n, err := r.Sweep(context.Background()); n != 0 || !errors.Is(err, errForeign) {
		t.Errorf("%d blobs deleted, error %v", n, err)
	}
	a.next = account
	if diff := cmp.Diff([]string{old}, a.names()); diff != "" {
		t.Error(diff)
	}
}
