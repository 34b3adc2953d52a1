// Package upstream asks the Redis server behind the proxy, over a connection of its
// own: whether it lets in who has no password, what INFO says, and which clients it
// has.
//
//	c := upstream.New(upstream.Config{Network: "tcp", Address: "127.0.0.1:6379"})
//	open, err := c.Open(ctx)      // a PING without AUTH
//	info, err := c.Info(ctx)      // info["used_memory"]
//	clients, err := c.Clients(ctx)
//
// Each call makes a connection and closes it: it is a call a minute. What the server
// may make the caller hold is bounded. An error that the server answered is an
// *Error; none of the errors holds the password, not even where a server repeats it.
//
// Source: "Redis serialization protocol specification", INFO and CLIENT LIST of the
// Redis documentation.
package upstream
