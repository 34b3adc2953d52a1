// Package upstream asks the Redis server behind the proxy, over a connection of its
// own: whether it lets in who has no password, what INFO says, and which clients it
// has.
package upstream
