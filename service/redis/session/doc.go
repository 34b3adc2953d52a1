// Package session follows the bytes of one Redis connection and tells who logged
// in on it, without ever holding a byte back or changing one.
//
//	s := session.New(session.Config{Login: func(l session.Login) { … }})
//	s.Request(b) // what the client sent, before it is passed on
//	s.Reply(b)   // what the server answered
//
// Requests are read as arrays and as inline commands, replies as RESP2 and RESP3.
// A request that can change who the client is, AUTH, HELLO, RESET, and EXEC with
// one of these queued, is paired with its reply, see pair.go.
package session

import "reslog/service/redis/event"

// Login is an outcome of an authentication.
type Login struct {
	Status event.Status
	// User is what the client sent, at most event.MaxUser bytes of it; "default" where
	// it named none. It is valid during the call only.
	User []byte
}

// Config is what New needs.
type Config struct {
	// Login is told of each outcome that is an event of its own: identical
	// successes in a row are one. Required.
	Login func(Login)
	// Counts is added to. Required; many sessions share one.
	Counts *Counts
}
