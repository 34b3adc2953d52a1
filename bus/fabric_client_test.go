package bus

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
)

// The listener for clients that the server of the fabric wants lets in nobody.
func TestFabricHasNoClients(t *testing.T) {
	f, err := OpenFabric(t.Context(), FabricConfig{Addr: "127.0.0.1:0", Secret: "a secret of all nodes"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, options := range map[string][]nats.Option{
		"nothing":         nil,
		"an empty token":  {nats.Token("")},
		"another token":   {nats.Token("a secret of all nodes")},
		"a user and more": {nats.UserInfo("fabric", "fabric")},
	} {
		nc, err := nats.Connect(f.server.ClientURL(), options...)
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("who shows %s: %v", name, err)
		}
		nc.Close()
	}
}
