package server

import (
	"context"
	"encoding/binary"
	"fmt"

	"reslog/bus"
	"reslog/record"
	"reslog/resource"
	"reslog/service/redis"
)

// connectionEvents is the category of the records of a Redis database.
const connectionEvents record.Category = "ConnectionEvents"

// redisCursor keeps on the bus what the book of connections may ask for.
const redisCursor = "redis.connections"

// redisStream is the bus as redis.Stream wants it.
type redisStream struct {
	bus    *bus.Bus
	cursor *bus.Cursor
}

func openRedisStream(ctx context.Context, b *bus.Bus) (redisStream, error) {
	c, err := b.OpenCursor(ctx, redisCursor, b.Last())
	if err != nil {
		return redisStream{}, fmt.Errorf("keep the records of Redis connections: %w", err)
	}
	return redisStream{b, c}, nil
}

var _ redis.Stream = redisStream{}

// Sync implements redis.Stream.
func (s redisStream) Sync(ctx context.Context) ([]byte, error) {
	m, err := s.bus.Flush(ctx)
	if err != nil {
		return nil, err
	}
	return encodeMark(m), nil
}

// Since implements redis.Stream. It ends at the end that the stream has now.
func (s redisStream) Since(ctx context.Context, mark []byte, id resource.ID, fn func(id string)) error {
	end := s.bus.Last()
	r, err := s.bus.Read(ctx, bus.ReadConfig{
		After: decodeMark(mark),
		Want:  func(k resource.Key, c record.Category) bool { return k == id.Key() && c == connectionEvents },
	})
	if err != nil {
		return fmt.Errorf("read the records of %s: %w", id, err)
	}
	defer r.Close()
	for end.After(r.Through().Position) {
		b, err := r.Next(ctx)
		if err != nil {
			return fmt.Errorf("read the records of %s: %w", id, err)
		}
		for i := range b.Entries {
			fn(b.Entries[i].Record.ID)
		}
		r.Recycle(b)
	}
	return nil
}

// Passed implements redis.Stream.
func (s redisStream) Passed(ctx context.Context, mark []byte) error {
	m := decodeMark(mark)
	if m == s.cursor.Mark() {
		return nil
	}
	return s.cursor.Save(ctx, m, nil)
}

// markSize is the size of an encoded mark: epoch, sequence, index and number.
const markSize = 8 + 8 + 4 + 8

func encodeMark(m bus.Mark) []byte {
	b := make([]byte, 0, markSize)
	b = binary.BigEndian.AppendUint64(b, m.Epoch)
	b = binary.BigEndian.AppendUint64(b, m.Seq)
	b = binary.BigEndian.AppendUint32(b, m.Index)
	return binary.BigEndian.AppendUint64(b, m.Number)
}

// decodeMark reads a mark. What is none stands for the beginning, from which more is
// read than need be.
func decodeMark(b []byte) (m bus.Mark) {
	if len(b) != markSize {
		return m
	}
	m.Epoch = binary.BigEndian.Uint64(b)
	m.Seq = binary.BigEndian.Uint64(b[8:])
	m.Index = binary.BigEndian.Uint32(b[16:])
	m.Number = binary.BigEndian.Uint64(b[20:])
	return m
}
