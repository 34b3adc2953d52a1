package appserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/serviceprotocol"
)

// ask asks, and checks the status.
func ask(t *testing.T, c *appservertest.Conn, want serviceprotocol.Status, message func(id int) serviceprotocol.Message) *serviceprotocol.Ack {
	t.Helper()
	ack, err := c.Ask(limit(t), message)
	if err != nil {
		t.Fatal(err)
	}
	if ack.Status != want {
		t.Errorf("%T: status %d, %q", message(0), ack.Status, ack.Message)
	}
	return ack
}

func inGroup(t *testing.T, c *appservertest.Conn, want serviceprotocol.Status, user, group string) {
	t.Helper()
	ask(t, c, want, func(id int) serviceprotocol.Message {
		return &serviceprotocol.CheckUserInGroup{User: user, Group: group, AckID: id}
	})
}

const (
	ok       = serviceprotocol.StatusOK
	notFound = serviceprotocol.StatusNotFound
)

func TestGroups(t *testing.T) {
	_, server, _ := members(t)
	send := func(m serviceprotocol.Message) {
		t.Helper()
		if err := server.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	inGroup(t, server, ok, "bob", "g")
	send(&serviceprotocol.JoinGroup{ConnectionID: "b", Group: "new"})
	inGroup(t, server, ok, "bob", "new")
	send(&serviceprotocol.LeaveGroup{ConnectionID: "b", Group: "new"})
	inGroup(t, server, notFound, "bob", "new")
	inGroup(t, server, ok, "bob", "g")
	send(&serviceprotocol.LeaveGroup{ConnectionID: "b"})
	inGroup(t, server, notFound, "bob", "g")

	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.JoinGroupWithAck{ConnectionID: "b", Group: "new", AckID: id}
	})
	inGroup(t, server, ok, "bob", "new")
	ask(t, server, notFound, func(id int) serviceprotocol.Message {
		return &serviceprotocol.JoinGroupWithAck{ConnectionID: "nobody", Group: "new", AckID: id}
	})
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.LeaveGroupWithAck{ConnectionID: "b", Group: "new", AckID: id}
	})
	inGroup(t, server, notFound, "bob", "new")
	ask(t, server, notFound, func(id int) serviceprotocol.Message {
		return &serviceprotocol.LeaveGroupWithAck{ConnectionID: "nobody", AckID: id}
	})
}

func TestUserGroups(t *testing.T) {
	s, server, _ := members(t)
	now, hour := time.Duration(0), time.Hour
	if err := server.Send(
		&serviceprotocol.UserJoinGroup{User: "ann", Group: "here", Ext: serviceprotocol.Ext{TTL: &now}},
		&serviceprotocol.UserJoinGroup{User: "carl", Group: "later", Ext: serviceprotocol.Ext{TTL: &hour}},
		&serviceprotocol.UserJoinGroup{User: "carl", Group: "never"},
		&serviceprotocol.UserLeaveGroup{User: "carl", Group: "never"},
	); err != nil {
		t.Fatal(err)
	}
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.UserJoinGroupWithAck{User: "carl", Group: "ack", AckID: id}
	})
	inGroup(t, server, ok, "ann", "here")
	s.ready(&client{id: "c", user: "carl"})
	inGroup(t, server, ok, "carl", "later")
	inGroup(t, server, ok, "carl", "ack")
	inGroup(t, server, notFound, "carl", "never")
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.UserLeaveGroupWithAck{User: "carl", Group: "ack", AckID: id}
	})
	inGroup(t, server, notFound, "carl", "ack")
	inGroup(t, server, ok, "carl", "later")
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.UserLeaveGroupWithAck{User: "carl", AckID: id}
	})
	inGroup(t, server, notFound, "carl", "later")
}

func TestExistence(t *testing.T) {
	_, server, _ := members(t)
	for name, test := range map[string]struct {
		want    serviceprotocol.Status
		message func(id int) serviceprotocol.Message
	}{
		"a connection": {ok, func(id int) serviceprotocol.Message {
			return &serviceprotocol.CheckConnectionExistence{ConnectionID: "a1", AckID: id}
		}},
		"no connection": {notFound, func(id int) serviceprotocol.Message {
			return &serviceprotocol.CheckConnectionExistence{ConnectionID: "z", AckID: id}
		}},
		"a user": {ok, func(id int) serviceprotocol.Message {
			return &serviceprotocol.CheckUserExistence{User: "ann", AckID: id}
		}},
		"no user": {notFound, func(id int) serviceprotocol.Message { return &serviceprotocol.CheckUserExistence{User: "z", AckID: id} }},
		"a group": {ok, func(id int) serviceprotocol.Message {
			return &serviceprotocol.CheckGroupExistence{Group: "g", AckID: id}
		}},
		"no group": {notFound, func(id int) serviceprotocol.Message {
			return &serviceprotocol.CheckGroupExistence{Group: "z", AckID: id}
		}},
	} {
		t.Run(name, func(t *testing.T) { ask(t, server, test.want, test.message) })
	}
}

func TestCloses(t *testing.T) {
	_, server, list := members(t)
	closed := func(want ...string) {
		t.Helper()
		var got []string
		for _, c := range list {
			for _, reason := range c.closes() {
				got = append(got, c.id+" "+reason)
			}
			c.note(func() { c.closed = nil })
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("closed %q, want %q", got, want)
		}
	}
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.CloseConnectionWithAck{ConnectionID: "b", Reason: "one", AckID: id}
	})
	closed("b one")
	ask(t, server, notFound, func(id int) serviceprotocol.Message {
		return &serviceprotocol.CloseConnectionWithAck{ConnectionID: "nobody", AckID: id}
	})
	closed()
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.CloseUserConnectionsWithAck{User: "ann", Reason: "user", AckID: id, Excluded: []string{"a1"}}
	})
	closed("a2 user")
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.CloseGroupConnectionsWithAck{Group: "g", Reason: "group", AckID: id, Excluded: []string{"x"}}
	})
	closed("a1 group", "b group")
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.CloseConnectionsWithAck{Reason: "all", AckID: id, Excluded: []string{"a1", "b"}}
	})
	closed("a2 all", "x all")
}

func TestMembers(t *testing.T) {
	_, server, _ := members(t)
	pages := func(query serviceprotocol.GroupMemberQuery) (got [][]serviceprotocol.Member) {
		t.Helper()
		for {
			ack := ask(t, server, ok, func(id int) serviceprotocol.Message {
				m := query
				m.AckID = id
				return &m
			})
			list, next, err := serviceprotocol.ParseMembers(ack.Payload)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, list)
			if next == "" {
				return got
			}
			query.ContinuationToken = next
		}
	}
	a, b, x := serviceprotocol.Member{ConnectionID: "a1", User: "ann"}, serviceprotocol.Member{ConnectionID: "b", User: "bob"}, serviceprotocol.Member{ConnectionID: "x"}
	for name, test := range map[string]struct {
		query serviceprotocol.GroupMemberQuery
		want  [][]serviceprotocol.Member
	}{
		"all":   {serviceprotocol.GroupMemberQuery{Group: "g"}, [][]serviceprotocol.Member{{a, b, x}}},
		"pages": {serviceprotocol.GroupMemberQuery{Group: "g", MaxPageSize: 2}, [][]serviceprotocol.Member{{a, b}, {x}}},
		"top":   {serviceprotocol.GroupMemberQuery{Group: "g", Top: 1}, [][]serviceprotocol.Member{{a}}},
		"most":  {serviceprotocol.GroupMemberQuery{Group: "g", Max: 2}, [][]serviceprotocol.Member{{a, b}}},
		"after": {serviceprotocol.GroupMemberQuery{Group: "g", ContinuationToken: "a1"}, [][]serviceprotocol.Member{{b, x}}},
		"none":  {serviceprotocol.GroupMemberQuery{Group: "z"}, [][]serviceprotocol.Member{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := pages(test.query); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// nobody are other nodes that do not answer.
type nobody struct{}

func (nobody) Publish([]byte) error                        { return errors.New("no way to other nodes") }
func (nobody) Receive(func(b []byte), func([]byte) []byte) {}

func (nobody) Ask(ctx context.Context, _ []byte, _ func([]byte)) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestOtherNodesDoNotAnswer(t *testing.T) {
	var logs bytes.Buffer
	s := start(t, func(c *appserver.Config) {
		c.Hubs = hub.New(hub.Config{Peers: nobody{}, AskTimeout: 10 * time.Millisecond, MaxGroups: 1})
		c.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	})
	server := s.server(appservertest.Config{Handle: appservertest.NewHub().Handle})
	a := s.ready(&client{id: "a", user: "ann"})
	p := appservertest.Invocation("m", "", appservertest.Arguments("[]"))
	if err := server.Send(&serviceprotocol.BroadcastData{Payloads: p}, &serviceprotocol.JoinGroup{ConnectionID: "far", Group: "g"}); err != nil {
		t.Fatal(err)
	}
	ask(t, server, serviceprotocol.StatusTimeout, func(id int) serviceprotocol.Message {
		return &serviceprotocol.JoinGroupWithAck{ConnectionID: "far", Group: "g", AckID: id}
	})
	ask(t, server, serviceprotocol.StatusTimeout, func(id int) serviceprotocol.Message {
		return &serviceprotocol.GroupMemberQuery{Group: "g", AckID: id}
	})
	ask(t, server, ok, func(id int) serviceprotocol.Message {
		return &serviceprotocol.JoinGroupWithAck{ConnectionID: "a", Group: "g", AckID: id}
	})
	ack := ask(t, server, serviceprotocol.StatusInternalError, func(id int) serviceprotocol.Message {
		return &serviceprotocol.JoinGroupWithAck{ConnectionID: "a", Group: "h", AckID: id}
	})
	if ack.Message != hub.ErrTooManyGroups.Error() {
		t.Errorf("%q", ack.Message)
	}
	a.gets(t, "{}\n"+`{"type":1,"target":"m","arguments":[]}`+"\n")
	server.Abort()
	s.until("the end", func() bool { return s.Connected("chat") == 0 })
	for _, text := range []string{"does not reach all nodes", "change of groups is not carried out"} {
		if !strings.Contains(logs.String(), text) {
			t.Errorf("the log does not say %q: %s", text, logs.String())
		}
	}
}
