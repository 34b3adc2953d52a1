package appserver_test

import (
	"slices"
	"strings"
	"testing"

	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

// members connects four clients: ann twice, bob, and one without a name who reads
// MessagePack; a1, b and x are in group g, a2 in h.
func members(t *testing.T) (*service, *appservertest.Conn, []*client) {
	s := start(t, nil)
	server := s.server(appservertest.Config{Handle: appservertest.NewHub().Handle})
	list := []*client{
		s.ready(&client{id: "a1", user: "ann"}), s.ready(&client{id: "a2", user: "ann"}),
		s.ready(&client{id: "b", user: "bob"}), s.ready(&client{id: "x", protocol: payload.MessagePack}),
	}
	for id, group := range map[string]string{"a1": "g", "b": "g", "x": "g", "a2": "h"} {
		if found, err := s.hubs.JoinGroup(t.Context(), "chat", id, group); err != nil || !found {
			t.Fatal(found, err)
		}
	}
	return s, server, list
}

func TestSends(t *testing.T) {
	_, server, list := members(t)
	p := appservertest.Invocation("m", "", appservertest.Arguments("[1]"))
	text, binary := `{"type":1,"target":"m","arguments":[1]}`+"\n", string(p[payload.MessagePack])
	for name, test := range map[string]struct {
		m    serviceprotocol.Message
		want string
	}{
		"connections":          {&serviceprotocol.MultiConnectionData{ConnectionIDs: []string{"a2", "x", "nobody"}, Payloads: p}, "a2 x"},
		"no connections":       {&serviceprotocol.MultiConnectionData{Payloads: p}, ""},
		"a user":               {&serviceprotocol.UserData{User: "ann", Payloads: p}, "a1 a2"},
		"users":                {&serviceprotocol.MultiUserData{Users: []string{"ann", "bob"}, Payloads: p}, "a1 a2 b"},
		"all":                  {&serviceprotocol.BroadcastData{Payloads: p}, "a1 a2 b x"},
		"all but some":         {&serviceprotocol.BroadcastData{Excluded: []string{"a1", "x"}, Payloads: p}, "a2 b"},
		"a group":              {&serviceprotocol.GroupBroadcastData{Group: "g", Payloads: p, CallerUser: "bob"}, "a1 b x"},
		"a group but some":     {&serviceprotocol.GroupBroadcastData{Group: "g", Excluded: []string{"x"}, ExcludedUsers: []string{"ann"}, Payloads: p}, "b"},
		"groups":               {&serviceprotocol.MultiGroupBroadcastData{Groups: []string{"g", "h"}, Payloads: p}, "a1 a2 b x"},
		"only for JSON":        {&serviceprotocol.BroadcastData{Payloads: serviceprotocol.Payloads{payload.JSON: p[payload.JSON]}}, "a1 a2 b"},
		"one, as it is":        {&serviceprotocol.ConnectionData{ConnectionID: "b", Data: p[payload.JSON]}, "b"},
		"one that is not here": {&serviceprotocol.ConnectionData{ConnectionID: "nobody", Data: p[payload.JSON]}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range list {
				c.note(c.got.Reset)
			}
			// A message that all get is behind it: nothing else is on its way.
			end := &serviceprotocol.BroadcastData{Payloads: serviceprotocol.Payloads{payload.JSON: []byte("end"), payload.MessagePack: []byte("end")}}
			if err := server.Send(test.m, &serviceprotocol.Ping{}, end); err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				want := "end"
				if slices.Contains(strings.Fields(test.want), c.id) {
					want = text + want
					if c.protocol == payload.MessagePack {
						want = binary + "end"
					}
				}
				c.gets(t, want)
			}
		})
	}
}

// Many messages in one frame, and in the smallest of frames, do not become each other's.
func TestBuffers(t *testing.T) {
	_, server, list := members(t)
	var want string
	var batch []serviceprotocol.Message
	for i := range 500 {
		args := appservertest.Arguments(`["` + strings.Repeat(string(rune('a'+i%26)), i*3) + `"]`)
		batch = append(batch, &serviceprotocol.UserData{User: "bob", Payloads: appservertest.Invocation("m", "", args)})
		b, err := hubprotocol.AppendInvocation(nil, payload.JSON, "m", "", args)
		if err != nil {
			t.Fatal(err)
		}
		want += strings.ReplaceAll(string(b), "\x1e", "\n")
	}
	if err := server.Send(batch...); err != nil {
		t.Fatal(err)
	}
	list[2].gets(t, "{}\n"+want)
	b := batch[20].Append(nil)
	for i := range b {
		if err := server.Write(b[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	list[2].gets(t, "{}\n"+want+`{"type":1,"target":"m","arguments":["`+strings.Repeat("u", 60)+`"]}`+"\n")
}
