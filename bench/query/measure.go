package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/bench/report"
	"reslog/client"
	"reslog/server"
)

const (
	workspace = "Microsoft.OperationalInsights/workspaces/bench"
	source    = "Microsoft.Storage/storageAccounts/" + server.DevAccount + "/blobServices/default"

	// pause is between the queries of one client, which may ask 200 times in 30
	// seconds.
	pause = 160 * time.Millisecond
	// patience is how long a row may take.
	patience = 30 * time.Second
)

// bench is a node and its clients.
type bench struct {
	node   *server.Node
	blobs  *container.Client
	askers []*client.Node
}

// open starts a node that sends what its blob service logs to a workspace, and
// signs its clients in.
func open(ctx context.Context, dir string, askers int) (b *bench, err error) {
	n, err := server.New(server.Config{
		Data: dir, BlobAddr: "127.0.0.1:0", QueueAddr: server.Off, TableAddr: server.Off, RedisAddr: server.Off, SignalRAddr: server.Off, ControlAddr: "127.0.0.1:0", AdminAddr: server.Off,
		Resources: []server.Resource{{ID: workspace}},
		Settings: []server.Setting{{Name: "bench", Resource: source, Properties: map[string]any{
			"workspaceId": workspace, "logAnalyticsDestinationType": "Dedicated",
			"logs": []map[string]any{{"category": "StorageRead", "enabled": true}},
		}}},
	})
	if err != nil {
		return nil, err
	}
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	b = &bench{node: n}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	service, err := azblob.NewClientFromConnectionString(n.ConnectionString(server.DevAccount), &azblob.ClientOptions{
		ClientOptions: policy.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		return b, err
	}
	b.blobs = service.ServiceClient().NewContainerClient("bench")
	if _, err := b.blobs.Create(ctx, nil); err != nil {
		return b, err
	}
	for range askers {
		a, err := b.signIn(ctx)
		if err != nil {
			return b, err
		}
		b.askers = append(b.askers, a)
	}
	return b, nil
}

func (b *bench) close() { _ = b.node.Stop(context.Background()) } // its data is thrown away

// signIn makes a principal that may read, and a client with its token.
func (b *bench) signIn(ctx context.Context) (*client.Node, error) {
	admin, err := client.FindNode(client.NodeConfig{URL: b.node.ControlURL(), CAFile: b.node.CAFile(), Token: b.node.AdminToken()})
	if err != nil {
		return nil, err
	}
	p, err := admin.CreatePrincipal(ctx, "bench", []string{"Reader"}, nil)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(b.node.CAFile())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.AppID}, "client_secret": {p.Password}, "scope": {"https://api.loganalytics.io/.default"},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.node.ControlURL()+"/"+p.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := own.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil || answer.Token == "" {
		return nil, fmt.Errorf("sign in: %s, %w", resp.Status, err)
	}
	return client.FindNode(client.NodeConfig{URL: b.node.ControlURL(), CAFile: b.node.CAFile(), Token: answer.Token, HTTP: own})
}

// watch is what is known of the records of a measurement.
type watch struct {
	mu       sync.Mutex
	answered map[string]time.Time // of requests, by id
	seen     map[string]time.Time // of rows
	queries  []time.Duration
	err      error
}

// measure makes requests at a rate and waits for all their rows.
func (b *bench) measure(ctx context.Context, rate, records int) (*result, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(records)*time.Second/time.Duration(rate)+patience)
	defer cancel()
	w := &watch{answered: map[string]time.Time{}, seen: map[string]time.Time{}}
	asking, stop := context.WithCancel(ctx)
	var clients sync.WaitGroup
	for i, a := range b.askers {
		clients.Go(func() { w.ask(asking, a, time.Duration(i)*pause/time.Duration(len(b.askers))) })
	}
	err := b.request(ctx, w, rate, records)
	for err == nil && !w.complete(records) {
		select {
		case <-ctx.Done():
			err = errors.New("not all rows can be seen")
		case <-time.After(10 * time.Millisecond):
		}
	}
	stop()
	clients.Wait()
	if err = errors.Join(err, w.err); err != nil {
		return nil, err
	}
	r := &result{rate: rate, queries: w.queries}
	for id, at := range w.answered {
		// A row may be in an answer before that of its request has been read.
		r.latencies = append(r.latencies, max(0, w.seen[id].Sub(at)))
	}
	return r, nil
}

// request makes requests, each in a goroutine of its own, so that a slow one does
// not change the rate.
func (b *bench) request(ctx context.Context, w *watch, rate, records int) error {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	for i := range records {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		all.Go(func() {
			_, err := b.blobs.NewBlobClient(fmt.Sprint("nothing/", i)).GetProperties(ctx, nil)
			w.note(err)
		})
	}
	return nil
}

// note notes the answer to a request, which is that there is no such blob.
func (w *watch) note(err error) {
	at := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound {
		w.err = fmt.Errorf("a request for a blob that is not there: %w", err)
		return
	}
	w.answered[refused.RawResponse.Header.Get("x-ms-request-id")] = at
}

// complete reports whether every record has been seen.
func (w *watch) complete(records int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return true
	}
	if len(w.answered) < records {
		return false
	}
	for id := range w.answered {
		if w.seen[id].IsZero() {
			return false
		}
	}
	return true
}

// ask asks for the latest rows until ctx ends.
func (w *watch) ask(ctx context.Context, a *client.Node, first time.Duration) {
	for wait := first; ; wait = pause {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		began := time.Now()
		r, err := a.Query(ctx, client.QueryRequest{Workspace: "bench", Query: "StorageBlobLogs | where TimeGenerated > ago(5s) | project CorrelationId"})
		if ctx.Err() != nil {
			return
		}
		if err == nil && r.Error != nil {
			err = r.Error
		}
		w.see(r, began, err)
		if err != nil {
			return
		}
	}
}

func (w *watch) see(r client.QueryResult, began time.Time, err error) {
	at := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.err = err
		return
	}
	w.queries = append(w.queries, at.Sub(began))
	for _, row := range r.Tables[0].Rows {
		if id, ok := row[0].(string); ok && w.seen[id].IsZero() {
			w.seen[id] = at
		}
	}
}

// result is one measurement.
type result struct {
	rate               int
	latencies, queries []time.Duration
}

func (r *result) row(w io.Writer) {
	slices.Sort(r.latencies)
	slices.Sort(r.queries)
	at := report.Quantile
	fmt.Fprintf(w, "| %d | %d | %.0f | %.0f | %.0f | %.0f | %d | %.0f | %.0f |\n", r.rate, len(r.latencies),
		at(r.latencies, 0.5), at(r.latencies, 0.9), at(r.latencies, 0.99), at(r.latencies, 1), len(r.queries), at(r.queries, 0.5), at(r.queries, 0.99))
}
