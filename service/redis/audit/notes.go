package audit

import (
	"log/slog"
	"sync"
	"time"
)

// quiet is how long a message is not repeated.
const quiet = 10 * time.Second

// notes tells an operator about troubles, each kind of them once in a while: a
// stream may have as many as it has bytes.
type notes struct {
	logger *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	last map[string]note
}

type note struct {
	at   time.Time
	held int64
}

// warn logs a message; kind is one of few.
func (n *notes) warn(kind, message string, args ...any) {
	held, ok := n.due(kind)
	if !ok {
		return
	}
	if held > 0 {
		args = append(args, "notLogged", held)
	}
	n.logger.Warn(message, args...)
}

func (n *notes) due(kind string) (held int64, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	was, ok := n.last[kind]
	if ok && now.Sub(was.at) < quiet && now.Sub(was.at) >= 0 {
		was.held++
		n.last[kind] = was
		return 0, false
	}
	if n.last == nil {
		n.last = map[string]note{}
	}
	n.last[kind] = note{at: now}
	return was.held, true
}
