package deliver

import (
	"context"

	"golang.org/x/sync/semaphore"

	"reslog/bus"
)

// ahead is what was read of the stream and not handed over yet.
//
// A batch of the bus is one message, which may hold a single record. A
// destination that is far away would be asked once for each; so while it is busy
// batches gather here, and go to it together.
type ahead struct {
	batches chan bus.Batch
	room    *semaphore.Weighted // bytes of batches that may be read
	most    int64
	group   []bus.Batch // memory of gather
}

// mostAhead bounds the batches that are read ahead, besides their bytes.
const mostAhead = 64

func newAhead(bytes int) *ahead {
	most := max(int64(bytes), 1)
	return &ahead{batches: make(chan bus.Batch, mostAhead), room: semaphore.NewWeighted(most), most: most}
}

// pump reads until ctx ends or the bus is closed: as much as there is room for,
// and one batch more.
func (a *ahead) pump(ctx context.Context, r *bus.Reader) {
	defer close(a.batches)
	for {
		b, err := r.Next(ctx)
		if err != nil {
			return
		}
		if a.room.Acquire(ctx, a.weight(b)) != nil {
			return
		}
		select {
		case a.batches <- b:
		case <-ctx.Done():
			return
		}
	}
}

// gather returns a batch that was received and those that wait behind it. What
// it returns is good until it is called again.
func (a *ahead) gather(b bus.Batch) []bus.Batch {
	a.group = append(a.group[:0], b)
	for len(a.group) <= mostAhead {
		select {
		case b, ok := <-a.batches:
			if ok {
				a.group = append(a.group, b)
				continue
			}
		default:
		}
		break
	}
	for _, b := range a.group {
		a.room.Release(a.weight(b))
	}
	return a.group
}

// weight returns the bytes of a batch, but no more than there is room for at all.
func (a *ahead) weight(b bus.Batch) int64 {
	n := int64(0)
	for i := range b.Entries {
		n += int64(sizeOf(&b.Entries[i].Record))
	}
	return min(n, a.most)
}
