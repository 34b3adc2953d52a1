package partner

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

const (
	// maxAttempts is how often records that a partner puts off one by one are sent
	// by one call of Deliver.
	maxAttempts = 4
	// maxRefusedAlone is how many records in a row are found to be refused one by
	// one, by halving, before what is left of the request is refused as a whole:
	// then it is not single records that the partner will not take.
	maxRefusedAlone = 8
)

// destination is a deliver.Destination over a protocol.
//
// A call of Deliver sends the batch in as many requests as it takes. When one of
// them fails the call does; what became of the others is remembered by position,
// so that the same batch, handed over again, is continued and not repeated.
type destination struct {
	sender     *sender
	protocol   protocol
	maxBytes   int
	maxRecords int
	limit      int // of records for now, up to maxRecords

	known map[bus.Position]fate // of the batch that failed
	batch []deliver.Item
	fates []fate // of the batch
	alone int    // records refused in a row, each in a request of its own
	idle  bool   // nothing was delivered since the last Flush
}

// fate is what became of a record; its zero is that nothing did yet.
type fate struct {
	done   bool
	reason string // counted by
	err    error  // of one that is refused
}

// Deliver implements deliver.Destination. Records that the partner can never
// take are rejected, those of one reason together.
func (d *destination) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if len(batch) == 0 {
		return bus.Position{}, ctx.Err()
	}
	d.idle = false
	d.recall(batch)
	defer func() { d.batch = nil }() // the worker's
	todo := make([]int, 0, len(batch))
	for i := range d.fates {
		if !d.fates[i].done {
			todo = append(todo, i)
		}
	}
	err := d.send(ctx, todo)
	if err == nil {
		err = d.rejection()
	}
	if err != nil {
		d.remember()
		return bus.Position{}, err
	}
	return batch[len(batch)-1].Position, nil
}

// Flush implements deliver.Destination. Nothing is ever held back; what is given
// up is the memory for requests, some megabytes, when nothing was to be delivered
// since the last call: there may be many destinations, and most are quiet.
func (d *destination) Flush(context.Context, bool) (bus.Position, error) {
	if d.idle {
		d.release()
		d.fates = nil
	}
	d.idle = true
	return bus.Position{}, nil
}

// Close implements deliver.Destination.
func (d *destination) Close(context.Context) error {
	d.sender.close()
	return nil
}

// recall sets the fates of a batch to what is known.
func (d *destination) recall(batch []deliver.Item) {
	d.batch, d.alone = batch, 0
	d.fates = d.fates[:0]
	for i := range batch {
		d.fates = append(d.fates, d.known[batch[i].Position]) // of a nil map, too
	}
	d.known = nil
}

func (d *destination) remember() {
	d.known = make(map[bus.Position]fate)
	for i, f := range d.fates {
		if f.done {
			d.known[d.batch[i].Position] = f
		}
	}
}

// rejection returns the error for those refused records that have the reason of
// the first. The worker makes them dead letters and hands over the rest: then
// come those of the next.
func (d *destination) rejection() error {
	var first *fate
	var positions []bus.Position
	for i := range d.fates {
		f := &d.fates[i]
		if f.err == nil {
			continue
		}
		if first == nil {
			first = f
		}
		if f.reason == first.reason {
			positions = append(positions, d.batch[i].Position)
		}
	}
	if first == nil {
		return nil
	}
	return deliver.Reject(first.err, positions...)
}

// send sends the records with these indexes.
func (d *destination) send(ctx context.Context, todo []int) error {
	for len(todo) > 0 {
		sent, rest := d.fill(todo)
		if len(sent) > 0 {
			if err := d.exchange(ctx, sent); err != nil {
				return err
			}
		}
		todo = rest
	}
	return nil
}

// begin begins a request, in other memory if the last one is still being read.
func (d *destination) begin() {
	if !d.sender.free() {
		d.release()
	}
	d.protocol.begin()
}

func (d *destination) release() {
	d.protocol.release()
	d.sender.release()
}

// fill makes a request of as many records as may be in one.
func (d *destination) fill(todo []int) (sent, rest []int) {
	d.begin()
	sent = make([]int, 0, len(todo))
	for n, i := range todo {
		if len(sent) == min(d.limit, d.maxRecords) {
			return sent, todo[n:]
		}
		size, err := d.protocol.add(&d.batch[i])
		switch {
		case err != nil:
			d.refuse(i, "it cannot be sent", err)
		case size > d.maxBytes && len(sent) > 0:
			d.protocol.undo()
			return sent, todo[n:]
		default:
			sent = append(sent, i)
		}
	}
	return sent, nil
}

// exchange sends the request that holds the records sent, and does what the
// answer asks for.
func (d *destination) exchange(ctx context.Context, sent []int) error {
	for attempt := 0; ; attempt++ {
		body, err := d.protocol.encode()
		if err != nil {
			return err
		}
		a, err := d.sender.post(ctx, body)
		if err != nil {
			return err
		}
		switch j := d.protocol.judge(a, len(sent)); j.verdict {
		case stored:
			d.store(sent...)
			return nil
		case tooLarge, refused:
			return d.divide(ctx, sent, j)
		case unclear:
			for _, i := range sent {
				d.refuse(i, j.err.Error(), j.err)
			}
			return nil
		case mixed:
			again := d.settleEach(sent, j.each)
			if len(again) == 0 {
				return nil
			}
			if j.err != nil || attempt+1 == maxAttempts {
				return cmp.Or(j.err, firstError(j.each))
			}
			if err := d.pause(ctx, attempt); err != nil {
				return err
			}
			sent = again
			d.again(sent)
		default:
			return j.err
		}
	}
}

// settleEach notes the fate of each record, and returns those to be sent again.
func (d *destination) settleEach(sent []int, each []single) (again []int) {
	for n, i := range sent {
		switch each[n].verdict {
		case stored:
			d.store(i)
		case refused:
			d.refuse(i, each[n].reason, each[n].err)
		default:
			again = append(again, i)
		}
	}
	return again
}

func firstError(each []single) error {
	for _, e := range each {
		if e.verdict == failed && e.err != nil {
			return e.err
		}
	}
	return errors.New("the partner put records off and did not say why")
}

// again makes a request of records that were in one.
func (d *destination) again(sent []int) {
	d.begin()
	for _, i := range sent {
		_, _ = d.protocol.add(&d.batch[i]) // it could be sent before
	}
}

// divide sends the halves of a request that was not taken as a whole.
func (d *destination) divide(ctx context.Context, sent []int, j judgement) error {
	n := len(sent)
	if n == 1 || j.verdict == refused && d.alone >= maxRefusedAlone {
		if n == 1 && j.verdict == refused {
			d.alone++
		}
		for _, i := range sent {
			d.refuse(i, j.err.Error(), j.err)
		}
		return nil
	}
	if err := d.send(ctx, sent[:n/2]); err != nil {
		return err
	}
	return d.send(ctx, sent[n/2:])
}

func (d *destination) store(sent ...int) {
	d.alone = 0
	for _, i := range sent {
		d.fates[i] = fate{done: true}
	}
}

func (d *destination) refuse(i int, reason string, err error) {
	d.fates[i] = fate{done: true, reason: reason, err: err}
}

// pause waits before records that were put off are sent again.
func (d *destination) pause(ctx context.Context, attempt int) error {
	t := 100 * time.Millisecond << attempt
	return d.sender.cfg.Wait(ctx, t/2+rand.N(t/2+1))
}

// newDestination returns a destination with the limits of the connection, and
// those of the protocol where it has none.
func newDestination(s *sender, p protocol, maxBytes, maxRecords int) *destination {
	d := &destination{
		sender: s, protocol: p,
		maxBytes:   cmp.Or(max(s.cfg.MaxBytes, 0), maxBytes),
		maxRecords: cmp.Or(max(s.cfg.MaxRecords, 0), maxRecords),
	}
	d.limit = d.maxRecords
	return d
}
