package server

import (
	"context"
	"errors"

	"reslog/bus"
)

// propertyBucket is a bus bucket in the form storage.Properties wants.
type propertyBucket struct{ *bus.KeyValue }

// Get tells a missing key from a failure.
func (b propertyBucket) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	value, err = b.KeyValue.Get(ctx, key)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}
