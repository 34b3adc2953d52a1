package server

import (
	"net/http"

	"reslog/control"
	"reslog/control/local"
	"reslog/identity"
)

// controlHandler serves what the node is steered by.
func (n *Node) controlHandler() http.Handler {
	return control.NewHandler(control.Parts{
		Local: local.New(local.Config{
			Token:    n.token,
			Accounts: apiAccounts{n.accounts, n},
			Records:  n.bus,
			Ledger:   n.router.Ledger,
			Logger:   n.cfg.Logger.With("part", "local"),

			DeadLetters: n.router.DeadLetters(),
			Principals:  n.identities,
			Following:   &n.tails,
		}),
		SignIn: identity.NewEndpoints(identity.EndpointsConfig{
			Issuer: n.identities.issuer, Directory: n.identities.directory,
			Logger: n.cfg.Logger.With("part", "sign-in"), Now: n.cfg.Now,
		}),
		TenantID: n.identities.issuer.TenantID(),
		ARM:      http.NotFoundHandler(),
	})
}
