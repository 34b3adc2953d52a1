package blobstore

import (
	"context"
	"sync/atomic"
	"time"
)

type garbage struct{ bytes atomic.Int64 }

func (g *garbage) add(n int64) { g.bytes.Add(n) }

func (s *store) collectLoop(ctx context.Context) {
	t := time.NewTicker(s.c.CollectEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
