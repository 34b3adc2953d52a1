package archive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/deliver"
	"reslog/resource"
)

// Records that no place can be named for are rejected, alone and before anything
// is written; the worker then delivers the others.
func TestRecordsWithoutAPlace(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s)
	batch := items(1, 2, 3, 4, 5, 6, 7)
	batch[0].Record.Category = "no such_category"
	batch[2].Record.Time, batch[2].Record.Ended = time.Time{}, time.Time{}
	batch[3].Record.Resource = resource.MustParse("/providers/Microsoft.X/y/" + strings.Repeat("n", 1000))
	batch[4].Record.Category = ""
	batch[5].Record.Resource = resource.ID{}
	_, err := r.Deliver(t.Context(), batch)
	rejected := deliver.Rejected(err)
	if len(rejected) != 5 || rejected[0] != at(1) || rejected[4] != at(6) {
		t.Fatalf("rejected %v: %v", rejected, err)
	}
	if !strings.Contains(err.Error(), "no such_category") {
		t.Errorf("error %v", err)
	}
	if len(a.calls) > 0 || s.saves > 0 {
		t.Errorf("calls %v, %d saves", a.calls, s.saves)
	}
	deliverAll(t, r, []deliver.Item{batch[1], batch[6]})
	a.wantIDs(2, 7)
	if got := r.Stats(); got.Refused != 5 || got.Records != 2 {
		t.Errorf("stats %+v", got)
	}
	// Rejected in the second step, too.
	small := a.open(&memoryState{}, func(c *Config) { c.BlockSize = 50 })
	batch = items(11, 12, 13, 14)
	batch[2].Record.Category = "???"
	if _, err := small.Deliver(t.Context(), batch); len(deliver.Rejected(err)) != 1 {
		t.Fatalf("error %v", err)
	}
	deliverAll(t, small, append(batch[:2:2], batch[3]))
	a.wantIDs(2, 7, 11, 12, 14)
}

func TestALineIsTooLargeForTheAccount(t *testing.T) {
	a := newAccount(t)
	limit := func(call string) fault {
		if strings.HasPrefix(call, appendBlock) {
			return refusal(http.StatusRequestEntityTooLarge, "RequestBodyTooLarge")
		}
		return ok
	}
	r := a.open(&memoryState{})
	a.setFault(limit)
	if err := fails(t, r, items(1, 2)); !strings.Contains(err.Error(), "smaller block size") {
		t.Errorf("error %v", err)
	}
	_, err := r.Deliver(t.Context(), items(1))
	if got := deliver.Rejected(err); len(got) != 1 || got[0] != at(1) {
		t.Errorf("rejected %v: %v", got, err)
	}
	a.setFault(nil)
	deliverAll(t, r, items(2, 3))
	a.wantIDs(2, 3)
}

// What an operator has to change is said, and delivery goes on once it is.
func TestRefusalsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		call string
		f    fault
		says string
	}{
		{"PUT insights-logs-alllogs/", refusal(400, "BlobTypeNotSupported"), "standard accounts"},
		{"PUT insights-logs-alllogs/", refusal(409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts"), "standard accounts"},
		{"PUT insights-logs-alllogs", refusal(403, "AuthorizationFailure"), "credential must allow"},
		{"GET list", refusal(403, "AuthorizationPermissionMismatch"), "credential must allow"},
		{"GET list", refusal(401, "NoAuthenticationInformation"), "credential must allow"},
		{"PUT appendblock", refusal(503, "ServerBusy"), "503 ServerBusy"},
		{"PUT appendblock", refusal(403, "AccountIsDisabled"), "AccountIsDisabled"},
		{"PUT insights-logs-alllogs", refusal(409, "ContainerBeingDeleted"), "made again"},
		{"HEAD", refusal(404, ""), "404"},
	} {
		a := newAccount(t)
		r := a.open(&memoryState{})
		if c.call == "HEAD" {
			deliverAll(t, r, items(0))
			r = a.open(&memoryState{})
		}
		a.setFault(func(call string) fault {
			if strings.HasPrefix(call, c.call) {
				return c.f
			}
			return ok
		})
		err := fails(t, r, items(1, 2))
		if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "request-1") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.f.code, err, c.says)
		}
		a.setFault(nil)
		deliverAll(t, r, items(1, 2))
		if got := a.ids(); len(got) < 2 {
			t.Errorf("%s: the account has %v", c.f.code, got)
		}
	}
}

// No error has the address of the account, where a signature might be.
func TestErrorsHaveNoSignature(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-ms-error-code", "AuthenticationFailed")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer refusing.Close()
	redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
	}))
	defer redirecting.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, transport := range map[string]policy.Transporter{
		"refusing": http.DefaultClient, "redirecting": http.DefaultClient, "closed": http.DefaultClient, "talkative": talkative{},
	} {
		url := map[string]string{"refusing": refusing.URL, "redirecting": redirecting.URL, "closed": closed.URL, "talkative": closed.URL}[name]
		client, err := service.NewClientWithNoCredential(url+"/account?sv=2024-11-04&sig=SECRET%3D", &service.ClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: transport, Retry: policy.RetryOptions{MaxRetries: -1}},
		})
		check(t, err)
		r, err := New(Config{Container: client.NewContainerClient, State: &memoryState{}})
		check(t, err)
		_, err = r.Deliver(t.Context(), items(1))
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "SECRET") || strings.Contains(fmt.Sprintf("%+v", e), "SECRET") {
				t.Errorf("%s: the error is %v", name, e)
			}
		}
		sweeper := Retention{Policies: func(context.Context) ([]Policy, error) {
			return []Policy{{Container: client.NewContainerClient, Resource: source, Category: "AllLogs", Days: 1}}, nil
		}}
		if _, err := sweeper.Sweep(t.Context()); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: retention says %v", name, err)
		}
	}
}

// talkative is a transport whose errors say too much.
type talkative struct{}

func (talkative) Do(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("no way to %s", r.URL)
}

func TestErrorsOfContextsAreKept(t *testing.T) {
	a := newAccount(t)
	r := a.open(&memoryState{})
	deliverAll(t, r, items(1))
	ctx, cancel := context.WithCancel(t.Context())
	a.setFault(func(call string) fault {
		if strings.HasPrefix(call, appendBlock) {
			cancel()
		}
		return ok
	})
	if _, err := r.Deliver(ctx, items(2)); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	a.setFault(nil)
	deliverAll(t, r, items(2, 3))
	a.wantIDs(1, 2, 3)
}

func TestConfig(t *testing.T) {
	good := Config{Container: newAccount(t).client.NewContainerClient, State: &memoryState{}}
	for name, change := range map[string]func(*Config){
		"no container":   func(c *Config) { c.Container = nil },
		"no state":       func(c *Config) { c.State = nil },
		"negative block": func(c *Config) { c.BlockSize = -1 },
		"negative count": func(c *Config) { c.MaxBlocks = -1 },
		"negative width": func(c *Config) { c.Parallel = -1 },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}

func TestTheSavedPlanIsChecked(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	deliverAll(t, a.open(s), items(1, 2))
	good := string(s.data)
	for name, data := range map[string]string{
		"empty": "", "no JSON": good[:len(good)-3], "of a later version": strings.Replace(good, `"version":1`, `"version":2`, 1),
		"a short sum":    strings.Replace(good, `"sha256":"`, `"sha256":"AA==","x":"`, 1),
		"negative place": strings.Replace(good, `"offset":0`, `"offset":-1`, 1),
	} {
		calls := len(a.calls)
		s := &memoryState{data: []byte(data)}
		if err := fails(t, a.open(s), items(1, 2)); !strings.Contains(err.Error(), "plan") {
			t.Errorf("%s: %v", name, err)
		}
		if len(a.calls) != calls || s.saves > 0 {
			t.Errorf("%s: something was written", name)
		}
	}
	deliverAll(t, a.open(&memoryState{data: []byte(good)}), items(1, 2, 3))
	a.wantIDs(1, 2, 3)
}
