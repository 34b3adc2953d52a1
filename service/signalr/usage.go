package signalr

import (
	"context"
	"time"

	"reslog/resource"
)

// Usage keeps how many messages a service has sent on a day for the process that comes
// after this one. It is asked when a service begins, and told by one goroutine; what it
// fails at is told to the logger, and changes nothing else.
type Usage interface {
	// Load returns the note of a service, the zero Day if there is none.
	Load(ctx context.Context, id resource.ID) (Day, error)
	// Save keeps a note instead of the one before.
	Save(ctx context.Context, id resource.ID, d Day) error
	// Forget removes the note of a service that is deleted.
	Forget(ctx context.Context, id resource.ID) error
}

// Day is how many messages were sent on a day.
type Day struct {
	// Number is the day since 1970, in UTC.
	Number   int64 `json:"day"`
	Messages int64 `json:"messages"`
}

// How often what is new is kept, and how long that may take. A process that is killed
// loses the messages since.
const (
	saveEvery = 5 * time.Second
	usageTime = 2 * time.Second
)

// restore goes on with what the process before has counted today.
func (v *service) restore() {
	u := v.server.c.Usage
	if u == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), usageTime)
	defer cancel()
	d, err := u.Load(ctx, v.id)
	if err != nil {
		v.server.c.Logger.Error("how many SignalR messages were sent today is not known, counting anew", "service", v.id.Name(), "error", err)
		return
	}
	v.limits.restore(d)
	v.saved = d
}

// save keeps what was counted since the last time. It is called by one goroutine.
func (v *service) save() {
	u, d := v.server.c.Usage, v.limits.today()
	if u == nil || d == v.saved || d.Messages == 0 && v.saved.Number != d.Number {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), usageTime)
	defer cancel()
	err := u.Save(ctx, v.id, d)
	switch {
	case err == nil:
		v.saved, v.unsaved = d, false
	case !v.unsaved:
		v.unsaved = true // told once
		v.server.c.Logger.Warn("how many SignalR messages were sent today is not kept, trying on", "service", v.id.Name(), "error", err)
	}
}

// forget removes the note of a service that is deleted.
func (s *Server) forget(id resource.ID) {
	if s.c.Usage == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), usageTime)
	defer cancel()
	if err := s.c.Usage.Forget(ctx, id); err != nil {
		s.c.Logger.Warn("the number of messages of a SignalR service that was deleted is still kept", "service", id.Name(), "error", err)
	}
}

// saveAll keeps what services count until done is closed, and then once more.
func (s *Server) saveAll(done <-chan struct{}) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for running := true; running; {
		select {
		case <-tick.C:
		case <-done:
			running = false
		}
		for _, v := range s.all() {
			v.save()
		}
	}
}
