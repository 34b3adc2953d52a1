// Package local is the local API of a node: what `reslog tail`, `reslog sp`,
// `reslog redis`, `reslog signalr` and `reslog settings` ask, under /local/v1/ of the admin listener.
//
//	GET  /local/v1/records                          live records, one JSON object a line
//	GET  /local/v1/deliveries                       the ledger of every setting and destination
//	GET  /local/v1/deadletters                      records that no destination can take
//	POST /local/v1/deadletters/{key}/replay         deliver them again
//	POST /local/v1/deadletters/{key}/discard        forget them
//	GET  /local/v1/redis/clients                    who is connected to Redis now
//	GET  /local/v1/signalr/connections              who is connected to SignalR now
//	POST /local/v1/signalr/reload                   makes all of these connect again
//	GET  /local/v1/principals                       who may sign in, with their roles
//	POST /local/v1/principals                       {"displayName","roles","scopes"}: one more, with its secret
//	POST /local/v1/principals/{app}/resetSecret     a new secret in place of all
//	POST /local/v1/principals/{app}/delete
//
// Every request carries the node's token as a bearer token; the node keeps it
// in its data folder, readable by its owner only, so whoever may read the data
// may use the API. Errors are {"error":{"code":…,"message":…}}.
//
// The package declares what it needs of the node as small interfaces and knows
// nothing of how they are met. What Azure has an API for is in package arm.
package local
