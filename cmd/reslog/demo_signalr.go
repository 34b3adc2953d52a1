package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// demoSignalR is the service of the node, demoHub a hub of it.
const (
	demoSignalR = "signalr"
	demoHub     = "chat"
)

// signalR has clients connect to the SignalR service, and shows what is recorded of them.
func (d *demo) signalR(ctx context.Context) error {
	s, err := parseHubService(d.node.SignalRConnectionString(demoSignalR))
	if err != nil {
		return err
	}
	d.say("Clients of SignalR connect to %s, as to Azure's service: over WebSockets, with tokens that an application signs.", s.url)
	if err := d.routeTo(ctx, ownSignalR); err != nil {
		return err
	}
	var anna, bert, again *hubClient
	dial := func(to **hubClient, user string) func() error {
		return func() (err error) { *to, err = dialHub(ctx, s, demoHub, user); return err }
	}
	return d.steps(ctx, []demoStep{
		{"anna connects to the hub chat; there is no application server, so it is run by web hooks and the REST API", 2, dial(&anna, "anna")},
		{"the application sends to everybody, and she gets it: messages are not recorded", 0, func() error { return s.tell(ctx, anna, "the cat is resized") }},
		{"a client comes with a token for another hub: refused", 1, func() error { return s.refused(ctx) }},
		{"bert connects", 2, dial(&bert, "bert")},
		{"and again, before he has left: does his page forget to stop the old connection?", 2, dial(&again, "bert")},
		{"his network fails", 1, func() error { return bert.ws.CloseNow() }},
		{"he and anna leave", 2, func() error { return errors.Join(again.leave(ctx), anna.leave(ctx)) }},
	})
}

// tell sends a text to everybody through the REST API, and waits until a client has it.
func (s hubService) tell(ctx context.Context, c *hubClient, text string) error {
	const path = "api/v1/hubs/" + demoHub
	status, _, err := s.post(ctx, path, s.token(path, ""), `{"target":"tell","arguments":["`+text+`"]}`)
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("the service answered %d", status)
	}
	return errors.Join(err, c.hears(ctx, text))
}

// refused comes with the token of another hub.
func (s hubService) refused(ctx context.Context) error {
	status, _, err := s.post(ctx, "client/negotiate?hub="+demoHub+"&negotiateVersion=1", s.token("client/?hub=news", "mallory"), "")
	if err == nil && status != http.StatusUnauthorized {
		err = fmt.Errorf("the service answered %d", status)
	}
	return err
}

// diagnoseSignalR runs the command on what was recorded, once it has arrived.
func (d *demo) diagnoseSignalR(ctx context.Context) error {
	d.say("")
	d.say("What is wrong with the clients of SignalR? reslog diagnose signalr:")
	d.say("")
	n, err := d.connect()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(demoWait); ; time.Sleep(50 * time.Millisecond) {
		all, err := n.Deliveries(ctx)
		if err != nil {
			return err
		}
		waiting := uint64(0)
		for _, one := range all {
			waiting += one.Accepted - one.Delivered
		}
		if waiting == 0 || time.Now().After(deadline) {
			break
		}
	}
	cmd := newDiagnoseSignalRCommand()
	cmd.SetContext(ctx)
	cmd.SetOut(d.out)
	cmd.SetErr(d.out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs([]string{"--data", d.data})
	var found *exitError
	if err := cmd.ExecuteContext(ctx); err != nil && (!errors.As(err, &found) || found.err != nil) {
		return err
	}
	return nil
}
