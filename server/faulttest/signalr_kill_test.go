package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"reslog/bus"
	"reslog/server"
	"reslog/server/servertest"
)

// moments is how long before a kill a record may have been made that it loses: one that
// is handed over soon, or that is buffered.
const moments = 2 * time.Second

// TestKillSignalR kills nodes while clients of SignalR come and go. In audit mode every
// client that was let in has its ConnectionStarted; otherwise those may be missing that
// came within moments before a kill, as may the ends of connections in both. Nothing is
// there twice, and there is no end without a beginning. A node that is stopped in the
// midst of clients loses nothing.
func TestKillSignalR(t *testing.T) {
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { killSignalR(t, d) })
	}
}

func killSignalR(t *testing.T, d bus.Durability) {
	file, data := signalRBootstrap(t), t.TempDir()
	var l signalRLedger
	n := rounds(6) + 1
	for round := range n {
		l.round = round
		v := start(t, data, d, withSignalR, withFile(file))
		ctx, stop := context.WithCancel(t.Context())
		wait := l.crowd(ctx, v.signalR, crowdSize, false)
		// Every other kill comes soon, the others when some clients have left long ago.
		if before := l.count(); round%2 > 0 {
			waitFor(t, "clients that leave", func() bool { return l.count()-before >= 3*crowdSize })
			time.Sleep(moments)
		}
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		if end := (signalREnd{time.Now(), round == n-1}); end.orderly {
			l.ends = append(l.ends, end)
			v.stop(t)
		} else {
			end.at = v.kill(t)
			l.ends = append(l.ends, end)
		}
		stop()
		wait()
	}
	last := servertest.Start(t, servertest.WithData(data), readingFile(t, file), servertest.WithConfig(func(c *server.Config) {
		c.Durability = d
		withSignalRService(c)
	}))
	last.Settle(t)
	sum := l.sum(signalREventsOf(t, last.BlobURL()), d == bus.Audit)
	t.Logf("%d kills and a stop: %s", n-1, sum)
	if sum.missing+sum.repeated+sum.unbegun+sum.unended > 0 {
		t.Error("the records are not those of the clients", sum.example)
	}
	if sum.ended < n*crowdSize {
		t.Error("the test shows little")
	}
}

// signalRSum is what came of all visits.
type signalRSum struct {
	visits, recorded, ended, open       int
	lost                                int // that may be missing
	missing, repeated, unbegun, unended int
	example                             string // of one without the end
}

// String is what the test prints.
func (s signalRSum) String() string {
	return fmt.Sprintf("%d clients were let in, %d have records, %d an end, %d none; %d lost, %d missing, %d repeated, %d without a beginning, %d without the end that they should have",
		s.visits, s.recorded, s.ended, s.open, s.lost, s.missing, s.repeated, s.unbegun, s.unended)
}

// sum holds the archive up against what clients know. strict says that no beginning may
// be missing.
func (l *signalRLedger) sum(all map[string]*signalREvents, strict bool) signalRSum {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := signalRSum{visits: len(l.visits), recorded: len(all)}
	for _, e := range all {
		switch {
		case e.started > 1 || e.entered > 1 || e.ended+e.aborted > 1:
			s.repeated++
		case e.started == 0:
			s.unbegun++
		case e.ended+e.aborted == 1:
			s.ended++
		default:
			s.open++
		}
	}
	for id, v := range l.visits {
		end, late := l.ends[v.round], moments
		if end.orderly {
			late = 0
		}
		e := all[id]
		switch {
		case e == nil && (strict || end.orderly || end.at.Sub(v.in) > late):
			s.missing++
		case e == nil:
			s.lost++
		case !v.out.IsZero() && end.at.Sub(v.out) > late && e.ended != 1, end.orderly && e.ended+e.aborted != 1:
			s.unended++
			s.example = fmt.Sprintf("of %s the archive has %+v, the client %+v, the node ended %+v", id, *e, v, end)
		}
	}
	return s
}
