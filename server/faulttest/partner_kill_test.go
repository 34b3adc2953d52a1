package faulttest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/server/servertest"
)

// TestKillWhilePartnersFail kills a node while an event hub, an OTLP receiver and
// Elasticsearch are in all kinds of trouble, now and then for several lives of the
// node. In the end each has every record: Elasticsearch once, the others again only
// under the id that it had before, with the same content.
func TestKillWhilePartnersFail(t *testing.T) {
	hub, otlp, elastic := newBroker(t), newReceiver(t), newSearch(t)
	toOTLP, toElastic := newProxy(t, otlp.http.URL), newProxy(t, elastic.http.URL)
	var b bootstrap
	b.resource(hubPath, map[string]any{"kafkaEndpoint": strings.Join(hub.cluster.ListenAddrs(), ",")})
	b.resource(otlpPath, map[string]any{"endpoint": toOTLP.url()})
	b.resource(elasticPath, map[string]any{"endpoint": toElastic.url()})
	b.setting("hub and otlp", map[string]any{"eventHubAuthorizationRuleId": rulePath, "marketplacePartnerId": otlpPath})
	b.setting("elastic", map[string]any{"marketplacePartnerId": elasticPath})
	file := b.write(t)

	data := prepare(t)

	var l ledger
	met := map[string]int{}
	rounds := 14 * soak()
	for round := range rounds {
		v := start(t, data, bus.Buffered, withFile(file))
		c := connect(t, v.url)
		if round%5 != 4 { // else the trouble lasts
			for _, p := range []*proxy{toOTLP, toElastic} {
				mode := trouble(rand.IntN(int(troubles)))
				p.make(mode)
				met[mode.String()]++
			}
			mode := []trouble{calm, gone, lost, noise, late}[rand.IntN(5)]
			hub.make(mode)
			met["hub "+mode.String()]++
		}
		var wg sync.WaitGroup
		before := l.count()
		for w := range 3 {
			wg.Go(func() { l.work(t.Context(), c, fmt.Sprintf("%d/%d", round, w)) })
		}
		waitFor(t, "some answers", func() bool { return l.count()-before >= 20 })
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		v.kill(t)
		wg.Wait()
	}
	for _, p := range []*proxy{toOTLP, toElastic} {
		p.make(calm)
	}
	hub.make(calm)
	last := servertest.Start(t, servertest.WithData(data), readingFile(t, file))
	last.Settle(t)
	// Before `$logs` is read, for that is recorded, too.
	got, documents, arrivals := hub.consume(t), elastic.times(), otlp.times()
	want := map[string]bool{}
	for _, e := range last.Logs(t) {
		if !strings.Contains(e.URL, "$logs") && e.Operation != "SetBlobServiceProperties" {
			want[e.RequestID] = true
		}
	}
	t.Logf("%d kills, troubles %v", rounds, met)

	lost, duplicated := compare(t, "event hubs", want, got.times)
	t.Logf("event hubs, without messages whose id was seen: %s; %d messages, %d of them again", sum(len(want), lost, duplicated), got.messages, got.again)
	lost, duplicated = compare(t, "Elasticsearch", want, documents)
	t.Logf("Elasticsearch: %s; %d were sent again", sum(len(want), lost, duplicated), elastic.again)
	once := map[string]int{}
	again := 0
	for uid, n := range arrivals {
		once[uid] = 1
		again += n - 1
	}
	lost, _ = compare(t, "OTLP receiver", want, once)
	t.Logf("OTLP: %s, by their uid; %d came again", sum(len(want), lost, 0), again)
	if got.differs+elastic.differs+otlp.differs > 0 {
		t.Errorf("with an id that was seen but other content: %d messages in event hubs, %d documents, %d OTLP records", got.differs, elastic.differs, otlp.differs)
	}
	for _, e := range last.Ledger() {
		if e.DeadLettered+e.Dropped > 0 {
			t.Errorf("%s of %q: %d dead letters, %d dropped: %s", e.Kind, e.Setting, e.DeadLettered, e.Dropped, e.LastError)
		}
	}
	if len(want) < rounds*10 {
		t.Errorf("only %d records: the test shows little", len(want))
	}
}
