// Package server is one node: it builds every part from a Config, runs them,
// and stops them in order.
//
//	n, err := server.New(server.Config{Data: "./reslog-data"})
//	err = n.Run(ctx) // until ctx ends; or n.Start(ctx) … n.Stop(ctx)
//
// New checks the configuration and touches nothing. Start takes the data folder
// and the addresses, opens the parts from the bottom up (stores of blobs, queues
// and tables, bus, settings, resources, front ends, deliveries, metrics) and serves
// last, Redis after the rest, so that a request that gets through finds everything
// there. Stop goes the other way: stop accepting, close the connections to Redis,
// finish the requests that run, hand what was recorded and counted to the bus, settle what the destinations hold, close the bus, close
// the stores. Each step is bounded
// in time; what a step could not finish is on disk and continues at the next
// start.
//
// A node has no global state: two run side by side in one process. Only
// cmd/reslog and tests import this package.
package server
