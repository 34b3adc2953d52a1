package server

import (
	"reslog/control/local"
)

// signalRClients are the clients of SignalR as the local API wants them.
type signalRClients struct{ node *Node }

var _ local.SignalR = signalRClients{}

// Connections implements local.SignalR.
func (s signalRClients) Connections() []local.SignalRConnection {
	list := []local.SignalRConnection{}
	server := s.node.signalR.server.Load()
	if server == nil {
		return list
	}
	for _, c := range server.Connections() {
		shown := local.SignalRConnection{
			Service: c.Service.String(), ID: c.ID, Hub: c.Hub, User: c.User, Transport: c.Transport, Since: c.Since, Seen: c.Seen,
			Mode: string(c.Mode), ServerConnection: c.ServerConnection, Protocol: c.Protocol,
		}
		if c.Caller.IsValid() {
			shown.Caller = c.Caller.String()
		}
		list = append(list, shown)
	}
	return list
}

// Reload implements local.SignalR.
func (s signalRClients) Reload() {
	if server := s.node.signalR.server.Load(); server != nil {
		server.Reload("somebody asked for it")
	}
}
