package eventhub

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"reslog/bus"
	"reslog/deliver"
	"reslog/deliver/delivertest"
)

// place is a broker as the contract of destinations sees it.
type place struct {
	*kfake.Cluster
	way int // in which it fails

	mu   sync.Mutex
	left int  // operations until it fails; negative means it works
	lost bool // the answer to the present operation
	ids  map[string]string
}

// ways are the ways in which a broker fails: it closes the connection, answers
// with an error that passes or one that does not, or does the work and does not
// say so.
const ways = 4

func newPlace(t *testing.T, way int) *place {
	p := &place{way: way, left: -1, ids: make(map[string]string)}
	p.Cluster = newCluster(t, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "8388608"}), kfake.DefaultNumPartitions(3))
	p.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.KeepControl()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost = false
		switch {
		case p.left < 0:
			return nil, nil, false
		case p.left > 0:
			p.left--
			return nil, nil, false
		}
		switch p.way {
		case 0:
			return nil, errors.New("the broker is away"), true
		case 1:
			return answerProduce(req, kerr.UnknownServerError), nil, true
		case 2:
			return answerProduce(req, kerr.NotEnoughReplicas), nil, true
		}
		p.lost = true
		return nil, nil, false
	})
	p.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: -1, When: func(kmsg.Request) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.lost
	}})
	return p
}

// answerProduce answers all that a request asks for with one error.
func answerProduce(req kmsg.Request, code *kerr.Error) kmsg.Response {
	in := req.(*kmsg.ProduceRequest)
	resp := in.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range in.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, code.Code
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

func (p *place) Open(t *testing.T) deliver.Destination {
	d := open(t, Config{Brokers: p.ListenAddrs(), MaxMessage: 2 << 20})
	return &noting{Destination: d, place: p}
}

// noting notes which line belongs to which record: not all lines tell.
type noting struct {
	deliver.Destination
	place *place
}

func (n *noting) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	for _, it := range batch {
		n.place.ids[string(it.Record.Line)] = it.Record.ID
	}
	n.place.mu.Lock()
	fails := n.place.left >= 0
	n.place.mu.Unlock()
	if fails { // the worker's own bound
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
	}
	return n.Destination.Deliver(ctx, batch)
}

func (p *place) Held(t *testing.T) []string {
	var ids []string
	for _, line := range linesIn(t, consume(t, p.Cluster)) {
		id, ok := p.ids[line]
		if !ok {
			t.Fatalf("a record is there that was never delivered: %.100s", line)
		}
		ids = append(ids, id)
	}
	return ids
}

func (p *place) Break(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n
	return true
}

func TestContract(t *testing.T) {
	way := 0
	delivertest.Run(t, delivertest.Harness{
		New: func(t *testing.T) delivertest.Place {
			way++
			return newPlace(t, way%ways)
		},
		AtLeastOnce: true,
	})
}
