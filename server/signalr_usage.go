package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"reslog/bus"
	"reslog/resource"
	"reslog/service/signalr"
)

// signalRUsage keeps the messages of the day of each service in a bucket of the bus.
type signalRUsage struct{ kv *bus.KeyValue }

var _ signalr.Usage = signalRUsage{}

func (n *Node) openSignalRUsage(ctx context.Context) (signalRUsage, error) {
	kv, err := n.bus.KeyValue(ctx, "signalr")
	if err != nil {
		return signalRUsage{}, fmt.Errorf("open the usage of SignalR: %w", err)
	}
	return signalRUsage{kv}, nil
}

// usageKey is the key of a service: its ID may be longer than a key, and of other
// characters.
func usageKey(id resource.ID) string {
	sum := sha256.Sum256([]byte(id.Key()))
	return "day." + hex.EncodeToString(sum[:16])
}

// Load implements signalr.Usage.
func (u signalRUsage) Load(ctx context.Context, id resource.ID) (d signalr.Day, err error) {
	raw, err := u.kv.Get(ctx, usageKey(id))
	if errors.Is(err, bus.ErrNotFound) {
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	return d, err
}

// Save implements signalr.Usage.
func (u signalRUsage) Save(ctx context.Context, id resource.ID, d signalr.Day) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return u.kv.Put(ctx, usageKey(id), raw)
}

// Forget implements signalr.Usage.
func (u signalRUsage) Forget(ctx context.Context, id resource.ID) error {
	return u.kv.Delete(ctx, usageKey(id))
}
