package arm

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
)

// deliveries answers what is called below a setting's deliveries, which Azure
// has not: what became of its records at each destination. path is what stands
// behind "deliveries".
func (a *settingsAPI) deliveries(ctx context.Context, r *request, x extension, name string, path []string) (answer, error) {
	letters := len(path) > 0 && strings.EqualFold(path[0], "deadLetters")
	switch {
	case letters && len(path) == 3:
		return a.settle(ctx, r, x, name, path[1], path[2])
	case len(path) > 1:
		return answer{}, noType(x, r.version)
	}
	if err := r.wantMethod(http.MethodGet); err != nil {
		return answer{}, err
	}
	action := deliveriesType + "/read"
	if letters {
		action = lettersType + "/read"
	}
	if err := a.authorize(r, action, scopeOf(x, name)); err != nil {
		return answer{}, err
	}
	s, err := a.find(x, name)
	if err != nil {
		return answer{}, err
	}
	switch {
	case len(path) == 0:
		return ok(map[string]any{"value": a.entries(&s)})
	case letters:
		return a.listLetters(ctx, &s)
	}
	for _, e := range a.entries(&s) {
		if strings.EqualFold(e.Name, path[0]) {
			return ok(e)
		}
	}
	return answer{}, notThere("The diagnostic setting '%s' has no delivery '%s'.", s.Name, shorten(path[0]))
}

// delivery is a thing below a setting; its properties are a
// deliver.LedgerEntry or a deadLetter.
type delivery struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Name       string `json:"name"`
	Properties any    `json:"properties"`
}

// Types below settings.
const (
	deliveriesType = settingsType + "/deliveries"
	lettersType    = deliveriesType + "/deadLetters"
)

// entries are the ledger of a setting, by kind of destination.
func (a *settingsAPI) entries(s *diagnostic.Setting) []delivery {
	list := []delivery{}
	for _, e := range a.ledger() {
		if e.Kind == diagnostic.Classic || !strings.EqualFold(e.Resource, s.Resource.String()) || !strings.EqualFold(e.Setting, s.Name) {
			continue
		}
		list = append(list, delivery{settingID(s) + "/deliveries/" + string(e.Kind), deliveriesType, string(e.Kind), e})
	}
	return list
}

// deadLetter says which records a destination could not take and why. What they
// say is not in it: who may read a setting may not therefore read its logs.
type deadLetter struct {
	Kind    diagnostic.DestinationKind `json:"kind"`
	Time    time.Time                  `json:"time"`
	Reason  string                     `json:"reason"`
	Records []deadRecord               `json:"records"`
}

type deadRecord struct {
	ID       string    `json:"id"`
	Category string    `json:"category"`
	Time     time.Time `json:"time"`
	Bytes    int       `json:"bytes"`
}

func (a *settingsAPI) listLetters(ctx context.Context, s *diagnostic.Setting) (answer, error) {
	letters, err := a.letters(ctx, s)
	if err != nil {
		return answer{}, err
	}
	value := make([]delivery, 0, len(letters))
	for _, l := range letters {
		shown := deadLetter{Kind: l.Kind, Time: l.Time, Reason: l.Reason, Records: make([]deadRecord, len(l.Records))}
		for i, rec := range l.Records {
			shown.Records[i] = deadRecord{rec.ID, string(rec.Category), rec.Time, len(rec.Line)}
		}
		value = append(value, delivery{letterID(s, l.Key), lettersType, l.Key, shown})
	}
	return ok(map[string]any{"value": value})
}

// letters are the dead letters of a setting.
func (a *settingsAPI) letters(ctx context.Context, s *diagnostic.Setting) ([]deliver.DeadLetter, error) {
	all, err := a.deadLetters.List(ctx)
	if err != nil {
		return nil, err
	}
	var own []deliver.DeadLetter
	for _, l := range all {
		if l.Kind != diagnostic.Classic && l.Resource.Equal(s.Resource) && strings.EqualFold(l.Setting, s.Name) {
			own = append(own, l)
		}
	}
	return own, nil
}

// settle replays or discards a dead letter, of this setting and no other.
func (a *settingsAPI) settle(ctx context.Context, r *request, x extension, name, key, what string) (answer, error) {
	do := a.deadLetters.Replay
	switch {
	case strings.EqualFold(what, "replay"):
	case strings.EqualFold(what, "discard"):
		do = a.deadLetters.Discard
	default:
		return answer{}, noType(x, r.version)
	}
	if err := r.wantMethod(http.MethodPost); err != nil {
		return answer{}, err
	}
	if err := a.authorize(r, lettersType+"/"+strings.ToLower(what)+"/action", scopeOf(x, name)); err != nil {
		return answer{}, err
	}
	s, err := a.find(x, name)
	if err != nil {
		return answer{}, err
	}
	letters, err := a.letters(ctx, &s)
	if err != nil {
		return answer{}, err
	}
	gone := notThere("The diagnostic setting '%s' has no dead letter '%s'.", s.Name, shorten(key))
	if !slices.ContainsFunc(letters, func(l deliver.DeadLetter) bool { return l.Key == key }) {
		return answer{}, gone
	}
	if err := a.record(ctx, r, letterID(&s, key)); err != nil {
		return answer{}, err
	}
	switch err := do(ctx, key); {
	case errors.Is(err, bus.ErrNotFound):
		return answer{}, gone
	case err != nil:
		return answer{}, err
	}
	return answer{status: http.StatusOK}, nil
}

func letterID(s *diagnostic.Setting, key string) string {
	return settingID(s) + "/deliveries/deadLetters/" + key
}
