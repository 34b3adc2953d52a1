package analytics

import "context"

// gate bounds how many queries run and how many wait.
type gate struct{ running, all chan struct{} }

func newGate(running, waiting int) *gate {
	return &gate{running: make(chan struct{}, running), all: make(chan struct{}, running+waiting)}
}

// enter waits for a turn; the caller leaves afterwards. It returns ErrBusy when
// too many wait already.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.all <- struct{}{}:
	default:
		return ErrBusy
	}
	select {
	case g.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-g.all
		return context.Cause(ctx)
	}
}

func (g *gate) leave() {
	<-g.running
	<-g.all
}
