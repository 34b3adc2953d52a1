package local

import (
	"net/http"
	"time"
)

// SignalR are the SignalR services of the node.
type SignalR interface {
	// Connections returns the clients that are connected now, the oldest first.
	Connections() []SignalRConnection
	// Reload closes all clients, which then connect again.
	Reload()
}

// SignalRConnection is a client that is connected.
type SignalRConnection struct {
	Service   string    `json:"service"` // resource ID
	ID        string    `json:"id"`
	Hub       string    `json:"hub"`
	User      string    `json:"user,omitempty"`
	Transport string    `json:"transport"`
	Caller    string    `json:"caller,omitempty"`
	Since     time.Time `json:"since"`
	// Seen is when something came from it last.
	Seen time.Time `json:"seen,omitzero"`
	// Mode is how its hub is run, ServerConnection the connection of the application
	// server that it is bound to; "" while it is not known.
	Mode             string `json:"mode,omitempty"`
	ServerConnection string `json:"serverConnection,omitempty"`
	Protocol         string `json:"protocol,omitempty"`
}

func (s *server) signalRConnections(*http.Request) (any, error) {
	list := s.cfg.SignalR.Connections()
	if list == nil {
		list = []SignalRConnection{}
	}
	return map[string][]SignalRConnection{"value": list}, nil
}

func (s *server) reloadSignalR(*http.Request) (any, error) {
	s.cfg.SignalR.Reload()
	return struct{}{}, nil
}
