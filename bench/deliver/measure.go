package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"reslog/bench/report"
	"reslog/client"
	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
	"reslog/server"
)

const (
	source  = "/subscriptions/" + server.DefaultSubscriptionID + "/resourceGroups/" + server.DefaultResourceGroup + "/providers/" + hub
	account = "archive"
)

// startNode starts a node with what a destination needs.
func startNode(ctx context.Context, dir string, d destination) (*server.Node, error) {
	n, err := server.New(server.Config{
		Data: dir, BlobAddr: "127.0.0.1:0", QueueAddr: server.Off, TableAddr: server.Off, RedisAddr: server.Off, SignalRAddr: server.Off, ControlAddr: "127.0.0.1:0", AdminAddr: server.Off,
		Accounts:  []server.Account{{Name: account}},
		Resources: append([]server.Resource{{ID: hub}}, d.resources...),
	})
	if err != nil {
		return nil, err
	}
	return n, n.Start(ctx)
}

func stopNode(n *server.Node) { _ = n.Stop(context.Background()) } // its data is thrown away

func connect(n *server.Node) (*client.Node, error) {
	return client.FindNode(client.NodeConfig{URL: n.ControlURL(), CAFile: n.CAFile(), Token: n.AdminToken()})
}

// setting is one that goes to the destination.
func (d *destination) setting(categories string) client.SettingProperties {
	id := func(name string) string {
		v, _ := d.properties[name].(string)
		if v == "" {
			return ""
		}
		return strings.TrimSuffix(source, hub) + v
	}
	return client.SettingProperties{
		StorageAccountID:            id("storageAccountId"),
		EventHubAuthorizationRuleID: id("eventHubAuthorizationRuleId"),
		MarketplacePartnerID:        id("marketplacePartnerId"),
		Logs:                        []client.SettingLog{{Category: categories, Enabled: true}},
	}
}

// makeRecord makes the i-th record: a connectivity log of a SignalR service.
func makeRecord(i, size int) record.Record {
	now := time.Now().UTC()
	line := fmt.Appendf(nil, `{"properties":{"message":"Connection started.","type":"ConnectivityLogs","collection":"Connection","connectionId":"%032x",`+
		`"userId":"user%d","transportType":"WebSockets","connectionType":"Client"},"operationName":"ConnectionStarted","category":"AllLogs","level":"Informational",`+
		`"callerIpAddress":"10.1.%d.%d","time":"%s","resourceId":"%s","location":"local","pad":"`,
		i*2654435761, i%5000, i>>8&255, i&255, now.Format("2006-01-02T15:04:05.0000000Z"), strings.ToUpper(source))
	line = append(line, bytes.Repeat([]byte("x"), max(0, size-len(line)-2))...)
	return record.Record{
		Resource: resource.MustParse(source), Category: "AllLogs", Time: now, Ended: now,
		ID: fmt.Sprintf("%08x", i), Line: append(line, `"}`...),
	}
}

// throughput measures one destination of a node of its own.
func throughput(ctx context.Context, dir string, c config, d destination) (*result, error) {
	n, err := startNode(ctx, dir, d)
	if err != nil {
		return nil, err
	}
	defer stopNode(n)
	api, err := connect(n)
	if err != nil {
		return nil, err
	}
	if _, err := api.PutSetting(ctx, source, "bench", d.setting("AllLogs")); err != nil {
		return nil, err
	}
	recs := make([]record.Record, c.records)
	var size int64
	for i := range recs {
		recs[i] = makeRecord(i, c.bytes)
		size += int64(len(recs[i].Line))
	}
	cpu, began := report.CPU(), time.Now()
	// As fast as the destination takes them, with no more on the way than the bus
	// would hold in memory if the disk stood still.
	const step, most = 1000, 60_000
	for i := 0; i < len(recs); i += step {
		if _, err := settled(ctx, n, began, i-most); err != nil {
			return nil, err
		}
		for _, r := range recs[i:min(i+step, len(recs))] {
			if err := n.Emitter().Emit(ctx, r); err != nil {
				return nil, err
			}
		}
	}
	e, err := settled(ctx, n, began, len(recs))
	if err != nil {
		return nil, err
	}
	return &result{
		records: int(e.Delivered), bytes: size, elapsed: time.Since(began), cpu: report.CPU() - cpu,
		dropped: e.Dropped, dead: e.DeadLettered,
	}, nil
}

// settled waits until so many records are done with.
func settled(ctx context.Context, n *server.Node, began time.Time, records int) (deliver.LedgerEntry, error) {
	for {
		e := n.Ledger()[0]
		if done := e.Delivered + e.DeadLettered + e.Dropped; int(done) >= records {
			return e, nil
		}
		if time.Since(began) > 5*time.Minute {
			return e, fmt.Errorf("not all records arrived: %+v", e)
		}
		select {
		case <-ctx.Done():
			return e, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// appendBare appends as much as the records are, in blocks of 4 MiB, to a blob of
// a node of its own: what the account and the disk allow.
func appendBare(ctx context.Context, dir string, c config) (*result, error) {
	n, err := startNode(ctx, dir, destination{})
	if err != nil {
		return nil, err
	}
	defer stopNode(n)
	service, err := azblob.NewClientFromConnectionString(n.ConnectionString(account), &azblob.ClientOptions{ClientOptions: azcore.ClientOptions{}})
	if err != nil {
		return nil, err
	}
	if _, err := service.CreateContainer(ctx, "bare", nil); err != nil {
		return nil, err
	}
	blob := service.ServiceClient().NewContainerClient("bare").NewAppendBlobClient("blob")
	if _, err := blob.Create(ctx, nil); err != nil {
		return nil, err
	}
	block := make([]byte, 4<<20)
	for i := range block {
		block[i] = byte('a' + i%23)
	}
	left := int64(c.records) * int64(c.bytes)
	r := &result{records: c.records, bytes: left}
	cpu, began := report.CPU(), time.Now()
	for ; left > 0; left -= int64(len(block)) {
		part := block[:min(left, int64(len(block)))]
		if _, err := blob.AppendBlock(ctx, streaming.NopCloser(bytes.NewReader(part)), nil); err != nil {
			return nil, err
		}
	}
	r.elapsed, r.cpu = time.Since(began), report.CPU()-cpu
	return r, nil
}

// latency measures how long it is from a setting that is answered to its first
// record in the archive, which is emitted at once.
func latency(ctx context.Context, w io.Writer, dir string, c config) error {
	d := destination{properties: map[string]any{"storageAccountId": archive}}
	n, err := startNode(ctx, dir, d)
	if err != nil {
		return err
	}
	defer stopNode(n)
	api, err := connect(n)
	if err != nil {
		return err
	}
	var put, first []time.Duration
	for i := range c.settings {
		name := fmt.Sprintf("s%d", i)
		began := time.Now()
		if _, err := api.PutSetting(ctx, source, name, d.setting("AllLogs")); err != nil {
			return err
		}
		answered := time.Now()
		if err := n.Emitter().Emit(ctx, makeRecord(i, c.bytes)); err != nil {
			return err
		}
		for delivered := false; !delivered; {
			for _, e := range n.Ledger() {
				delivered = delivered || e.Setting == name && e.Delivered == 1
			}
			if time.Since(answered) > time.Minute {
				return errors.New("the first record of a setting did not arrive")
			}
			time.Sleep(time.Millisecond)
		}
		put, first = append(put, answered.Sub(began)), append(first, time.Since(answered))
		if err := api.DeleteSetting(ctx, source, name); err != nil {
			return err
		}
	}
	slices.Sort(put)
	slices.Sort(first)
	at := report.Quantile
	fmt.Fprintf(w, "\nA setting is made through Resource Manager, %d times, and a record emitted when it is answered:\n\n"+
		"| | p50 ms | p99 ms | max ms |\n|---|---|---|---|\n", c.settings)
	fmt.Fprintf(w, "| PUT of the setting, durable and in force | %.1f | %.1f | %.1f |\n", at(put, 0.5), at(put, 0.99), at(put, 1))
	fmt.Fprintf(w, "| from its answer to the record in the archive | %.1f | %.1f | %.1f |\n", at(first, 0.5), at(first, 0.99), at(first, 1))
	return nil
}
