package main

import (
	"strconv"

	"reslog/server"
)

// signalROptions are the options of the SignalR services of a node.
func signalROptions() []option {
	return []option{
		{
			"signalr-addr", server.DefaultSignalRAddr, "`address` of the SignalR service, for clients, application servers and the REST API; \"off\" does without",
			text(func(c *server.Config) *string { return &c.SignalRAddr }),
		},
		{
			"signalr-mode", "", "`mode` of the SignalR service that is there from the start: Default, Serverless or Classic, which is both; default as it is, at first Classic",
			text(func(c *server.Config) *string { return &c.SignalRMode }),
		},
		{
			"signalr-tier", "", "`tier` of that service: Free_F1, Standard_S1, Premium_P1 or Premium_P2; default as it is, at first Standard_S1",
			text(func(c *server.Config) *string { return &c.SignalRTier }),
		},
		{
			"signalr-units", "", "`units` of that tier, each good for 1,000 connections (Free: 20); default as it is, at first 1",
			func(c *server.Config, v string) (err error) {
				if v == "" {
					return nil
				}
				c.SignalRUnits, err = strconv.Atoi(v)
				return err
			},
		},
		{
			"signalr-upstream-hosts", "", "`hosts` that web hooks may be called at beside those that their URL templates name, separated by commas",
			func(c *server.Config, v string) error { c.SignalRUpstreamHosts = commas(v); return nil },
		},
		{
			"cluster-addr", server.Off, "`address` where other nodes connect that serve the same SignalR services; wants the secret of all in $RESLOG_CLUSTER_SECRET",
			text(func(c *server.Config) *string { return &c.ClusterAddr }),
		},
		{
			"cluster-peers", "", "`addresses` of other nodes, separated by commas, one at least that is there",
			func(c *server.Config, v string) error { c.ClusterPeers = commas(v); return nil },
		},
		{
			"cluster-secret", "", "",
			text(func(c *server.Config) *string { return &c.ClusterSecret }),
		},
	}
}
