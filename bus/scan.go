package bus

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"

	"reslog/record"
)

// scan reads the end of the stream when it is opened: the running count from
// the last message and, from the floor that message names on, which intents were
// left open.
func (b *Bus) scan(ctx context.Context, fetch *fetcher, st jetstream.StreamState, epoch uint64) (Mark, error) {
	end := Mark{Position: Position{Epoch: epoch, Seq: st.LastSeq}}
	if st.Msgs == 0 {
		return end, nil
	}
	in := newInterner()
	from := st.FirstSeq
	msgs, err := fetch.fetch(ctx, st.LastSeq)
	if err != nil {
		return end, err
	}
	if len(msgs) > 0 {
		if f, err := parseFrame(msgs[0].data, in); err == nil {
			from = max(from, min(f.floor, st.LastSeq))
		} // otherwise everything is scanned: the last readable message counts
	}
	for next := from; next <= st.LastSeq; {
		msgs, err := fetch.fetch(ctx, next)
		if err != nil {
			return end, err
		}
		if len(msgs) == 0 {
			break
		}
		for _, m := range msgs {
			next = m.seq + 1
			f, err := parseFrame(m.data, in)
			if err == nil {
				err = b.scanIntents(f, m.seq, in)
			}
			if err != nil {
				b.stats.damaged.Add(1)
				b.cfg.Logger.Error("a message of the record stream is not readable",
					slog.Uint64("sequence", m.seq), slog.Any("error", err))
				continue
			}
			end.Seq, end.Index = m.seq, uint32(max(f.records, 1)-1)
			end.Number = f.before + uint64(f.records)
		}
	}
	end.Seq = st.LastSeq
	return end, nil
}

// scanIntents follows intents through one message. Its body is read only if it
// holds some, or if some are open that it may settle.
func (b *Bus) scanIntents(f *frame, seq uint64, in *interner) error {
	if open, _ := b.intents.size(); open == 0 && f.flags&frameControl == 0 {
		return nil
	}
	body, err := f.body()
	if err != nil {
		return err
	}
	offset := 0
	for _, ref := range f.refs {
		part := body[offset : offset+int(ref.size)]
		offset += int(ref.size)
		var r record.Record
		if err := decodeEntry(part, ref.kind, &r); err != nil {
			return err
		}
		if ref.kind != kindIntent {
			b.intents.settle(r.ID)
			continue
		}
		id, err := in.id(f.dict[ref.dict].resource)
		if err != nil {
			return fmt.Errorf("%w: %w", errFrame, err)
		}
		r.Resource, r.Category = id, f.dict[ref.dict].category
		b.intents.add(r, seq, 0)
	}
	return nil
}
