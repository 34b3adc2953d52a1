package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	guesses    = 10               // wrong secrets that an application may be given at once
	guessPause = 10 * time.Second // after which one more is free
)

// Authenticate returns the principal of an application whose secret this is. The
// errors are ErrUnknownApplication, ErrWrongSecret and *ThrottledError.
//
// It costs at most two hashes; those of chosen secrets, which are slow, run one
// at a time and are rationed for each application. Who guesses keeps nobody out
// for long: a drawn secret, and a chosen one that was right before, are found
// right at no cost and whatever was guessed meanwhile.
func (d *Directory) Authenticate(appID, text string) (Principal, error) {
	p, ok := d.view.Load().apps[canonicalID(appID)]
	if !ok {
		return Principal{}, fmt.Errorf("%w: %s", ErrUnknownApplication, appName(appID))
	}
	if len(text) > maxSecret {
		text = "" // as wrong as any, and bounded
	}
	if p.matchesDrawn(text) || d.guard.remembers(p, text) {
		return p.Principal, nil
	}
	if err := d.guard.spend(p.AppID, d.cfg.Now()); err != nil {
		return Principal{}, err
	}
	if d.guard.matchesChosen(p, text) {
		return p.Principal, nil
	}
	return Principal{}, fmt.Errorf("application %s: %w", p.AppID, ErrWrongSecret)
}

// matchesDrawn tries all secrets that are quick to try.
func (p *stored) matchesDrawn(text string) bool {
	found := false
	for _, s := range p.Secrets {
		found = s.Rounds == 0 && s.matches(text) || found
	}
	return found
}

// guard keeps the state of guessing, for known applications only, so that its
// size is bounded. The zero guard is ready.
type guard struct {
	hashing sync.Mutex // held over a slow hash

	mu   sync.Mutex
	key  []byte // of this process, for what is remembered
	apps map[string]*guarded
}

type guarded struct {
	budget *rate.Limiter
	// right is the MAC of the last chosen secret that was right, of the principal
	// as it was then: after a change of its secrets nothing is remembered.
	right []byte
	of    *stored
}

// entry is the state of an application; the caller holds mu.
func (g *guard) entry(appID string) *guarded {
	if g.apps == nil {
		g.apps, g.key = map[string]*guarded{}, make([]byte, sha256.Size)
		rand.Read(g.key) // never fails
	}
	e := g.apps[appID]
	if e == nil {
		e = &guarded{budget: rate.NewLimiter(rate.Every(guessPause), guesses)}
		g.apps[appID] = e
	}
	return e
}

func (g *guard) forget(appID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.apps, appID)
}

// spend takes one guess, or says when there is one.
func (g *guard) spend(appID string, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	budget := g.entry(appID).budget
	if budget.AllowN(now, 1) {
		return nil
	}
	missing := 1 - budget.TokensAt(now)
	return &ThrottledError{RetryAfter: time.Duration(math.Ceil(missing*guessPause.Seconds())) * time.Second}
}

func (g *guard) remembers(p *stored, text string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entry(p.AppID)
	return e.of == p && subtle.ConstantTimeCompare(e.right, g.mac(text)) == 1
}

// mac is the form in which a secret is remembered; the caller holds mu.
func (g *guard) mac(text string) []byte {
	h := hmac.New(sha256.New, g.key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// matchesChosen tries all secrets that are slow to try.
func (g *guard) matchesChosen(p *stored, text string) bool {
	g.hashing.Lock()
	found := false
	for _, s := range p.Secrets {
		found = s.Rounds > 0 && s.matches(text) || found
	}
	g.hashing.Unlock()
	if found {
		g.mu.Lock()
		defer g.mu.Unlock()
		e := g.entry(p.AppID)
		e.of, e.right = p, g.mac(text)
	}
	return found
}
