package hub

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reslog/service/signalr/payload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// got compares who got the message.
func wantGot(t *testing.T, what string, cs map[string]*client, want ...string) {
	t.Helper()
	var got []string
	for name, c := range cs {
		for _, m := range c.messages() {
			if m == what {
				got = append(got, name)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v got it, want %v", what, got, want)
	}
}

func TestSendReachesWhoItIsFor(t *testing.T) {
	h := New(Config{})
	cs := map[string]*client{
		"a1": join(h, "Chat", "a1", "ann"), "a2": join(h, "chat", "a2", "ann"),
		"b1": join(h, "CHAT", "b1", "bob"), "n1": join(h, "chat", "n1", ""),
		"other": join(h, "news", "other", "ann"),
	}
	for _, j := range [][2]string{{"a1", "red"}, {"b1", "red"}, {"b1", "blue"}, {"n1", "blue"}} {
		if ok, err := h.JoinGroup(t.Context(), "chat", j[0], j[1]); !ok || err != nil {
			t.Fatalf("join %v: %v, %v", j, ok, err)
		}
	}
	for i, c := range []struct {
		to   Target
		want []string
	}{
		{Target{}, []string{"a1", "a2", "b1", "n1"}},
		{Target{Except: []string{"a1", "other", "none"}}, []string{"a2", "b1", "n1"}},
		{Target{ExceptUsers: []string{"ann"}, Except: []string{"a1"}}, []string{"b1", "n1"}},
		{Connection("a1", "n1", "a1", "other"), []string{"a1", "n1"}},
		{User("ann", "bob", "ann"), []string{"a1", "a2", "b1"}},
		{User(""), nil},
		{Group("red", "blue"), []string{"a1", "b1", "n1"}},
		{Group("Red"), nil},
		{Target{Kind: Groups, Names: []string{"red", "blue"}, Except: []string{"b1"}}, []string{"a1", "n1"}},
		{Target{Kind: Groups, Names: []string{"red"}, ExceptUsers: []string{"bob"}}, []string{"a1"}},
		{Target{Kind: Connections}, nil},
	} {
		m := fmt.Sprint("message ", i)
		if err := h.Send(t.Context(), "cHat", c.to, message(m)); err != nil {
			t.Error(err)
		}
		wantGot(t, m, cs, c.want...)
	}
}

func TestLeaveTakesOutOfEverything(t *testing.T) {
	h := New(Config{})
	ctx := t.Context()
	a, b := join(h, "chat", "a", "ann"), join(h, "chat", "b", "ann")
	for _, id := range []string{"a", "b"} {
		for i := range 20 {
			_, _ = h.JoinGroup(ctx, "chat", id, fmt.Sprint(i))
		}
	}
	h.Leave("chat", &client{id: "a"}) // another one with its ID
	if ok, _ := h.ConnectionExists(ctx, "chat", "a"); !ok {
		t.Fatal("a stranger took it out")
	}
	h.Leave("chat", a)
	h.Leave("chat", a)
	_ = h.Send(ctx, "chat", Target{}, message("m"))
	_ = h.Send(ctx, "chat", Group("7"), message("m"))
	_ = h.Send(ctx, "chat", User("ann"), message("m"))
	if len(a.messages()) != 0 || len(b.messages()) != 3 {
		t.Errorf("%v, %v", a.messages(), b.messages())
	}
	if ok, _ := h.InGroup(ctx, "chat", "ann", "7"); !ok {
		t.Error("the other one is not in the group")
	}
	h.Leave("chat", b)
	if s := h.Stats(); s != (Stats{}) {
		t.Errorf("there is still %+v", s)
	}
	for what, fn := range map[string]func() (bool, error){
		"connection": func() (bool, error) { return h.ConnectionExists(ctx, "chat", "b") },
		"user":       func() (bool, error) { return h.UserExists(ctx, "chat", "ann") },
		"group":      func() (bool, error) { return h.GroupExists(ctx, "chat", "7") },
		"in group":   func() (bool, error) { return h.InGroup(ctx, "chat", "ann", "7") },
		"join":       func() (bool, error) { return h.JoinGroup(ctx, "chat", "b", "7") },
		"leave":      func() (bool, error) { return h.LeaveGroup(ctx, "chat", "b", "7") },
	} {
		if ok, err := fn(); ok || err != nil {
			t.Errorf("%s: %v, %v", what, ok, err)
		}
	}
}

func TestSameIDReplaces(t *testing.T) {
	h := New(Config{})
	old := join(h, "chat", "a", "ann")
	done := make(chan Result, 1)
	go func() {
		res, _ := h.Invoke(t.Context(), "chat", "a", "1", message("m"))
		done <- res
	}()
	old.asked(t)
	h.Join("chat", old) // once more is nothing
	young := join(h, "chat", "a", "bob")
	if res := <-done; !res.Lost {
		t.Errorf("%+v", res)
	}
	h.Leave("chat", old)
	_ = h.Send(t.Context(), "chat", Target{}, message("m"))
	if len(old.messages()) != 0 || len(young.messages()) != 1 {
		t.Errorf("%v, %v", old.messages(), young.messages())
	}
	if ok, _ := h.UserExists(t.Context(), "chat", "ann"); ok {
		t.Error("the old one's user is there")
	}
}

func TestGroupsOfAConnectionAreBounded(t *testing.T) {
	h := New(Config{MaxGroups: 3})
	join(h, "chat", "a", "")
	for i := range 5 {
		ok, err := h.JoinGroup(t.Context(), "chat", "a", fmt.Sprint(i))
		if !ok || errors.Is(err, ErrTooManyGroups) != (i >= 3) {
			t.Errorf("group %d: %v, %v", i, ok, err)
		}
	}
	if ok, err := h.JoinGroup(t.Context(), "chat", "a", "1"); !ok || err != nil {
		t.Errorf("a group that it is in: %v, %v", ok, err)
	}
	if ok, _ := h.LeaveGroup(t.Context(), "chat", "a", ""); !ok || h.Stats().Groups != 0 {
		t.Errorf("%v, %+v", ok, h.Stats())
	}
}

func TestClose(t *testing.T) {
	h := New(Config{})
	a, b := join(h, "chat", "a", "ann"), join(h, "chat", "b", "ann")
	n, err := h.Close(t.Context(), "chat", Target{Kind: Users, Names: []string{"ann"}, Except: []string{"b"}}, "go")
	if n != 1 || err != nil || !slices.Equal(a.closed, []string{"go"}) || len(b.closed) != 0 {
		t.Errorf("%d, %v, %v, %v", n, err, a.closed, b.closed)
	}
	if n, _ := h.Close(t.Context(), "chat", Connection("a"), "again"); n != 0 {
		t.Errorf("it closed %d that are gone", n)
	}
}

func TestMembersInPages(t *testing.T) {
	hubs, _ := three(t, Config{})
	for i := range 100 {
		id := fmt.Sprintf("c%02d", (i*37)%100)
		join(hubs[i%3], "chat", id, "u"+id)
		if ok, err := hubs[0].JoinGroup(t.Context(), "chat", id, "g"); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	var all []string
	for after := ""; ; {
		list, err := hubs[1].Members(t.Context(), "chat", "g", after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, l := range list {
			if l.User != "u"+l.ID {
				t.Errorf("%+v", l)
			}
			all = append(all, l.ID)
		}
		after = all[len(all)-1]
	}
	if len(all) != 100 || !slices.IsSorted(all) {
		t.Errorf("%d: %v", len(all), all)
	}
	if list, err := hubs[0].Members(t.Context(), "chat", "none", "", 10); len(list) != 0 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
}

func TestSnapshot(t *testing.T) {
	h := New(Config{})
	join(h, "b", "1", "ann")
	join(h, "B", "2", "")
	join(h, "a", "3", "")
	_, _ = h.JoinGroup(t.Context(), "b", "1", "y")
	_, _ = h.JoinGroup(t.Context(), "b", "1", "x")
	var got []string
	for _, p := range h.Snapshot("") {
		got = append(got, fmt.Sprint(p.Hub, p.Member.ID(), p.Groups))
	}
	if fmt.Sprint(got) != "[a3[] b1[x y] b2[]]" {
		t.Errorf("%v", got)
	}
	if list := h.Snapshot("A"); len(list) != 1 || list[0].Member.ID() != "3" {
		t.Errorf("%v", list)
	}
	if list := h.Snapshot("none"); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

// slow is a member whose Deliver does not come back.
type slow struct {
	client
	entered, release chan bool
}

func (s *slow) Deliver(*payload.Payload) { s.entered <- true; <-s.release }

// Who joins, leaves and asks does not wait for a broadcast.
func TestBroadcastHoldsNobodyUp(t *testing.T) {
	h := New(Config{})
	s := &slow{client{id: "slow"}, make(chan bool), make(chan bool)}
	h.Join("chat", s)
	var wg sync.WaitGroup
	wg.Go(func() { _ = h.Send(t.Context(), "chat", Target{}, message("m")) })
	<-s.entered
	a := join(h, "chat", "a", "ann")
	if ok, err := h.JoinGroup(t.Context(), "chat", "a", "g"); !ok || err != nil {
		t.Error(ok, err)
	}
	_ = h.Send(t.Context(), "chat", Group("g"), message("m"))
	h.Leave("chat", a)
	h.Leave("chat", s)
	if len(a.messages()) != 1 {
		t.Errorf("%v", a.messages())
	}
	s.release <- true
	wg.Wait()
}

// Messages of one sender come in its order, whatever happens meanwhile.
func TestOrderOfOneSender(t *testing.T) {
	hubs, _ := three(t, Config{})
	var cs []*client
	for i, h := range hubs {
		cs = append(cs, join(h, "chat", fmt.Sprint(i), "ann"))
	}
	stop := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				c := join(hubs[i%3], "chat", fmt.Sprint("x", i), "")
				hubs[i%3].Leave("chat", c)
			}
		}
	})
	const n = 1000
	targets := []Target{{}, User("ann"), Connection("0", "1", "2")}
	for i := range n {
		if err := hubs[0].Send(t.Context(), "chat", targets[i%3], message(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cs {
		eventually(t, "all have come", func() bool { return len(c.messages()) == n })
		for i, m := range c.messages() {
			if m != fmt.Sprint(i) {
				t.Fatalf("%s is %d-th", m, i)
			}
		}
	}
	close(stop)
	wg.Wait()
}

func ttl(d time.Duration) *time.Duration { return &d }
