package server

import (
	"net/http"

	"reslog/control"
	"reslog/control/local"
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
			Following:   &n.tails,
		}),
		SignIn: http.NotFoundHandler(),
		ARM:    http.NotFoundHandler(),
	})
}
