package hub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// model is what Hubs do, told in the simplest way.
type model struct {
	user     map[string]string          // of who is there
	groups   map[string]map[string]bool // of who is there
	standing map[string]map[string]bool // by user
}

func (m *model) reach(t Target) []string {
	var list []string
	for id, user := range m.user {
		in := t.Kind == All
		for _, n := range t.Names {
			in = in || t.Kind == Connections && n == id || t.Kind == Users && n == user || t.Kind == Groups && m.groups[id][n]
		}
		if in && !slices.Contains(t.Except, id) && !slices.Contains(t.ExceptUsers, user) {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// Random operations on three nodes do what the model says, on each of them.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for i := range 1500 {
				w.step(i)
				if t.Failed() {
					return
				}
			}
			w.end()
		})
	}
}

type world struct {
	t       *testing.T
	r       *rand.Rand
	hubs    []*Hubs
	model   model
	clients map[string]*client
	serial  int
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), clients: map[string]*client{}}
	w.model = model{map[string]string{}, map[string]map[string]bool{}, map[string]map[string]bool{}}
	if seed%2 == 0 {
		w.hubs = []*Hubs{New(Config{})}
		return w
	}
	hubs, _ := three(t, Config{})
	w.hubs = hubs[:]
	return w
}

func (w *world) node() *Hubs   { return w.hubs[w.r.IntN(len(w.hubs))] }
func (w *world) group() string { return fmt.Sprint("g", w.r.IntN(8)) }
func (w *world) someUser() string {
	return []string{"ann", "bob", "cid", "dan"}[w.r.IntN(4)]
}

func (w *world) id() string {
	if len(w.clients) == 0 || w.r.IntN(10) == 0 {
		return "nobody"
	}
	ids := slices.Sorted(func(yield func(string) bool) {
		for id := range w.clients {
			if !yield(id) {
				return
			}
		}
	})
	return ids[w.r.IntN(len(ids))]
}

func (w *world) target() Target {
	t := Target{Kind: Kind(w.r.IntN(4))}
	for range w.r.IntN(4) {
		t.Names = append(t.Names, map[Kind]func() string{All: w.id, Connections: w.id, Users: w.someUser, Groups: w.group}[t.Kind]())
	}
	for range w.r.IntN(3) {
		t.Except = append(t.Except, w.id())
	}
	if w.r.IntN(4) == 0 {
		t.ExceptUsers = append(t.ExceptUsers, w.someUser())
	}
	return t
}

func (w *world) step(i int) {
	ctx, t, id, g, u := w.t.Context(), w.t, w.id(), w.group(), w.someUser()
	_, there := w.clients[id]
	switch op := w.r.IntN(20); {
	case op < 4:
		w.join(u)
	case op == 4 && there:
		w.leave(id)
	case op < 9:
		ok, err := w.node().JoinGroup(ctx, "chat", id, g)
		if ok != there || err != nil {
			t.Errorf("step %d: %s joins: %v, %v", i, id, ok, err)
		}
		if there {
			w.model.groups[id][g] = true
		}
	case op < 11:
		if w.r.IntN(3) == 0 {
			g = ""
		}
		ok, err := w.node().LeaveGroup(ctx, "chat", id, g)
		if ok != there || err != nil {
			t.Errorf("step %d: %s leaves: %v, %v", i, id, ok, err)
		}
		forget(w.model.groups[id], g)
	case op == 11:
		w.userJoins(u, g)
	case op == 12:
		if w.r.IntN(3) == 0 {
			g = ""
		}
		if err := w.node().UserLeaveGroup(ctx, "chat", u, g); err != nil {
			t.Error(err)
		}
		forget(w.model.standing[u], g)
		for id, user := range w.model.user {
			if user == u {
				forget(w.model.groups[id], g)
			}
		}
	case op == 13:
		w.exist(id, u, g)
	case op == 14 && i%4 == 0:
		to := w.target()
		want := w.model.reach(to)
		n, err := w.node().Close(ctx, "chat", to, "enough")
		if n != len(want) || err != nil {
			t.Errorf("step %d: %+v closes %d, %v, want %v", i, to, n, err, want)
		}
		for _, id := range want {
			w.forget(id)
		}
	default:
		w.send(fmt.Sprint("step ", i))
	}
}

func forget(m map[string]bool, g string) {
	if g == "" {
		clear(m)
	}
	delete(m, g)
}

func (w *world) join(user string) {
	w.serial++
	id := fmt.Sprint("c", w.serial)
	if w.r.IntN(5) == 0 {
		user = ""
	}
	w.clients[id] = join(w.node(), "chat", id, user)
	w.model.user[id], w.model.groups[id] = user, map[string]bool{}
	for g := range w.model.standing[user] {
		w.model.groups[id][g] = true
	}
}

func (w *world) leave(id string) {
	c := w.clients[id]
	c.hubs.Leave("chat", c)
	w.forget(id)
}

func (w *world) forget(id string) {
	delete(w.clients, id)
	delete(w.model.user, id)
	delete(w.model.groups, id)
}

func (w *world) userJoins(user, g string) {
	d := ttl(0)
	if w.r.IntN(2) == 0 {
		d = nil
		if w.model.standing[user] == nil {
			w.model.standing[user] = map[string]bool{}
		}
		w.model.standing[user][g] = true
	}
	if err := w.node().UserJoinGroup(w.t.Context(), "chat", user, g, d); err != nil {
		w.t.Error(err)
	}
	for id, u := range w.model.user {
		if u == user {
			w.model.groups[id][g] = true
		}
	}
}

func (w *world) exist(id, user, g string) {
	ctx, h := w.t.Context(), w.node()
	both := len(w.model.reach(User(user))) > 0 && slices.ContainsFunc(w.model.reach(User(user)), func(id string) bool { return w.model.groups[id][g] })
	for what, c := range map[string]struct {
		fn   func() (bool, error)
		want bool
	}{
		"connection": {func() (bool, error) { return h.ConnectionExists(ctx, "chat", id) }, w.clients[id] != nil},
		"user":       {func() (bool, error) { return h.UserExists(ctx, "chat", user) }, len(w.model.reach(User(user))) > 0},
		"group":      {func() (bool, error) { return h.GroupExists(ctx, "chat", g) }, len(w.model.reach(Group(g))) > 0},
		"in group":   {func() (bool, error) { return h.InGroup(ctx, "chat", user, g) }, both},
	} {
		if ok, err := c.fn(); ok != c.want || err != nil {
			w.t.Errorf("%s %s %s %s: %v, %v", what, id, user, g, ok, err)
		}
	}
	var want []string
	want = append(want, w.model.reach(Group(g))...)
	list, err := h.Members(ctx, "chat", g, "", 1000)
	var got []string
	for _, l := range list {
		got = append(got, l.ID)
	}
	if !slices.Equal(got, want) || err != nil {
		w.t.Errorf("members of %s: %v, %v, want %v", g, got, err, want)
	}
}

// send sends and looks who got it, once each. A question to all nodes behind it is
// answered when it has come everywhere.
func (w *world) send(m string) {
	to := w.target()
	want := w.model.reach(to)
	h := w.node()
	if err := h.Send(w.t.Context(), "chat", to, message(m)); err != nil {
		w.t.Error(err)
	}
	if _, err := h.ConnectionExists(w.t.Context(), "chat", "nobody"); err != nil {
		w.t.Error(err)
	}
	var got []string
	for id, c := range w.clients {
		for _, g := range c.messages() {
			if g == m {
				got = append(got, id)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("%s to %+v: %s got it, want %s", m, to, strings.Join(got, " "), strings.Join(want, " "))
	}
}

// end takes everybody out: nothing is left.
func (w *world) end() {
	for id := range w.clients {
		w.leave(id)
	}
	for _, user := range []string{"ann", "bob", "cid", "dan"} {
		if err := w.node().UserLeaveGroup(w.t.Context(), "chat", user, ""); err != nil {
			w.t.Error(err)
		}
	}
	for _, h := range w.hubs {
		eventually(w.t, "nothing is left", func() bool { return h.Stats() == Stats{} })
	}
}
