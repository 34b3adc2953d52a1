package eventhub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"reslog/catalog"
	"reslog/record"
)

// maxHubName is what the Kafka protocol allows for the name of a topic.
const maxHubName = 249

func validHub(name string) bool {
	if name == "" || len(name) > maxHubName || name == "." || name == ".." {
		return false
	}
	for i := range len(name) {
		c := name[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
		if !ok {
			return false
		}
	}
	return true
}

// hub is an event hub that records go to.
type hub struct {
	name string
	// limit is the size of the largest message. It begins as MaxMessage and is
	// halved when the hub refuses messages.
	limit int
	// found says that the hub is there.
	found bool

	pass    uint64 // of pack, in which the message open is being filled
	open    int
	looked  uint64 // the pass in which the hub was looked for, with the result
	problem error
}

// hubFor returns the hub of a category.
func (d *Destination) hubFor(c record.Category) (*hub, error) {
	if d.only != nil {
		return d.only, nil
	}
	if h := d.hubs[c]; h != nil {
		return h, nil
	}
	name := catalog.SinkName(c)
	if !validHub(name) {
		return nil, fmt.Errorf("category %q makes no name of an event hub: name a hub in the setting", c)
	}
	if d.hubs == nil || len(d.hubs) >= maxHubs {
		d.hubs = make(map[record.Category]*hub)
	}
	h := &hub{name: name, limit: d.cfg.MaxMessage}
	for _, other := range d.hubs {
		if other.name == name { // of a category that differs in case
			h = other
		}
	}
	d.hubs[c] = h
	return h, nil
}

// maxHubs bounds the categories whose hub is remembered; a setting has fewer.
const maxHubs = 1024

// find makes sure that h is there, and creates it if it is not.
func (d *Destination) find(ctx context.Context, h *hub) error {
	if h.found {
		return nil
	}
	adm := kadm.NewClient(d.client)
	topics, err := adm.ListTopics(ctx, h.name)
	if err == nil {
		err = topics[h.name].Err
	} else if !answered(err) {
		return &connectError{err}
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		err = d.create(ctx, adm, h)
	} else if err != nil {
		err = explain(h, err)
	}
	h.found = err == nil
	return err
}

// create creates h.
func (d *Destination) create(ctx context.Context, adm *kadm.Client, h *hub) error {
	// How many replicas is for the broker to say; those before Kafka 2.4 cannot.
	var resp kadm.CreateTopicResponse
	var err error
	for _, replicas := range []int16{-1, 1} {
		resp, err = adm.CreateTopic(ctx, d.cfg.Partitions, replicas, nil, h.name)
		if !errors.Is(err, kerr.InvalidReplicationFactor) {
			break
		}
	}
	switch {
	case err == nil:
		d.cfg.Logger.Info("an event hub was created", slog.String("hub", h.name), slog.Int("partitions", int(d.cfg.Partitions)))
		return nil
	case errors.Is(err, kerr.TopicAlreadyExists):
		return nil
	case !answered(err):
		return &connectError{err}
	}
	if resp.ErrMessage != "" {
		err = fmt.Errorf("%w (%s)", err, resp.ErrMessage)
	}
	if errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) {
		return fmt.Errorf("hub %q is not there and the credential may not create it: create it, or use a key with the Manage right: %w", h.name, err)
	}
	return fmt.Errorf("hub %q is not there and cannot be created: create it, or name another hub in the setting: %w", h.name, err)
}
