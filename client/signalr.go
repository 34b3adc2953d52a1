package client

import (
	"context"
	"net/http"
	"time"
)

// SignalRConnection is a client that is connected to a SignalR service of a node.
type SignalRConnection struct {
	Service   string    `json:"service"` // resource ID
	ID        string    `json:"id"`
	Hub       string    `json:"hub"`
	User      string    `json:"user,omitempty"`
	Transport string    `json:"transport"`
	Caller    string    `json:"caller,omitempty"`
	Since     time.Time `json:"since"`
	Seen      time.Time `json:"seen,omitzero"` // when something came from it last
	// Mode is how its hub is run, ServerConnection the connection of the application
	// server that it is bound to; "" while it is not known.
	Mode             string `json:"mode,omitempty"`
	ServerConnection string `json:"serverConnection,omitempty"`
	Protocol         string `json:"protocol,omitempty"`
}

// SignalRConnections returns who is connected to SignalR now, the oldest first.
func (n *Node) SignalRConnections(ctx context.Context) ([]SignalRConnection, error) {
	var answer struct {
		Value []SignalRConnection `json:"value"`
	}
	err := n.call(ctx, http.MethodGet, "signalr/connections", nil, &answer)
	return answer.Value, err
}

// ReloadSignalR closes all clients of SignalR, which then connect again.
func (n *Node) ReloadSignalR(ctx context.Context) error {
	return n.call(ctx, http.MethodPost, "signalr/reload", nil, nil)
}
