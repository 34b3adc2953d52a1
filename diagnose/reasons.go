package diagnose

import "strings"

// reason is what the guide says of a reason why connections are aborted.
type reason struct {
	name            string
	other           string // how it is spelled elsewhere, "" for no other way
	severity        Severity
	meaning, advice string
}

// match returns how much of a text is the reason's name, 0 for nothing.
func (r *reason) match(text string) int {
	for _, name := range [...]string{r.name, r.other} {
		if name != "" && len(text) >= len(name) && strings.EqualFold(text[:len(name)], name) {
			return len(name)
		}
	}
	return 0
}

// find returns the reason that a text begins with, nil for one that is not known.
func find(text string) *reason {
	all := reasons()
	for i := range all {
		if all[i].match(text) > 0 {
			return &all[i]
		}
	}
	return nil
}

// The limits, which are reasons too.
const (
	connectionLimit = "Connection count reaches limit"
	messageLimit    = "Message count reaches limit"
	serverDropped   = "Server connection dropped"
)

// reasons are those of the guide, in its order, and those that only a node has.
func reasons() []reason {
	return []reason{
		{
			connectionLimit, "", Grave,
			"There are as many connections, of clients and servers together, as the tier and its units allow: 20 in the Free tier, 1,000 for each unit of Standard and Premium.",
			"Scale up: more units, or Standard instead of Free. If there should not be so many, look at the findings about growth.",
		},
		{
			messageLimit, "", Grave,
			"The messages of the day are used up: 20,000 for a unit of the Free tier, each begun 2 KB of what goes out counting as one. The day begins at 00:00 UTC.",
			"Change to the Standard tier, which does not stop at a quota; or send less: to groups instead of to all, and in one message what belongs together.",
		},
		{
			"Application server closed the connection", "", Info,
			"The application server asked for it: Context.Abort, an exception in OnConnectedAsync, or a hub that refused the client. It can be expected.",
			"If it is not expected, look into the log of the application server at these times; the error that it reported stands in the details.",
		},
		{
			"Connection ping timeout", "", Warning,
			"Nothing came for longer than the timeout, not even a ping. Mostly it is the network: a device that sleeps, a proxy that cuts idle connections, an application server that cannot be reached or has no thread left.",
			"Check that the application server is reachable from the internet, and that proxies let WebSockets be idle for longer than the 15 s between pings.",
		},
		{
			"Service reloading, reconnect", "Service reloading, try reconnecting", Info,
			"The service was restarted or reloaded. Clients that reconnect come back by themselves.",
			"Wait for them to come back, or reconnect by hand; clients should be built with automatic reconnect.",
		},
		{
			"Internal server transient error", "", Warning,
			"Something failed in the service that passes by itself.",
			"Wait for it to recover; if it goes on, look into the log of the service.",
		},
		{
			serverDropped, "", Grave,
			"The server connection that these clients were bound to was lost, and they with it: the application server crashed, was restarted without a graceful shutdown, or its network failed.",
			"Look at the server connections below and into the logs of their application servers at these times; exclude the network and the server first. A graceful shutdown that migrates clients avoids it in deployments.",
		},
		{
			"No server available", "", Grave,
			"In Default mode no application server was connected to the hub that the client asked for.",
			"Start the application server, and check that its connection string and the name of the hub are those of the clients; or set the service mode to Serverless if there is none.",
		},
		{
			"The client does not take its messages", "", Warning,
			"More was waiting for the client than may: it is slow, or stopped reading.",
			"Send less to it, or larger messages less often; look at the client's processor and network.",
		},
		{
			"The client sends more than is taken", "", Warning,
			"More came from the client than the web hook answers, or than may wait.",
			"Make the web hook faster or the client send less; look at InvokeUpstreamFailed in the logs.",
		},
		{
			"The handshake failed", "", Warning,
			"The connection ended before the hub protocol was agreed on: the network, or a client that asks for a protocol that is not there.",
			"Check the client's version and protocol (json or messagepack), and what lies between it and the service.",
		},
		{
			"The token expired", "", Warning,
			"The lifetime of the access token ended.",
			"Give clients an accessTokenFactory that gets a new token for every reconnect, or longer tokens.",
		},
		{
			"The client sent a message that cannot be read", "", Warning,
			"What came is no message of the hub protocol, or larger than allowed.",
			"Check the client's library; messages are bounded.",
		},
		{
			"The client closed the connection", "", Info,
			"The client ended it without saying so in the hub protocol.",
			"Nothing, unless users complain: then look into the log of the client.",
		},
		{
			"The connection was lost", "", Warning,
			"The connection broke: the client vanished or its network failed.",
			"If there are many at one time, look at what lies between; clients should be built with automatic reconnect.",
		},
		{
			"The connection was closed through the REST API", "", Info,
			"A caller of the REST API closed it.",
			"Nothing, unless nobody should have.",
		},
		{
			"The upstream refused the connection", "", Warning,
			"The web hook answered the event connected with a refusal.",
			"Look into the log of the web hook; a 401 there is mostly a wrong code in the URL, or a check of X-ASRS-Signature with another key.",
		},
	}
}

// reasonOf returns what is known of a reason, something general if nothing is.
func reasonOf(name string) reason {
	if r := find(name); r != nil {
		return *r
	}
	if name == "" {
		name = "no reason"
	}
	return reason{
		name: name, severity: Warning,
		meaning: "The guide does not know this reason.",
		advice:  "Enable logs of service, server and client, and compare them at these times.",
	}
}
