// Package session follows the bytes of one Redis connection and tells who logged
// in on it, without ever holding a byte back or changing one.
//
//	s := session.New(session.Config{Login: func(l session.Login) { … }, Counts: counts})
//	s.Request(b) // what the client sent, before it is passed on
//	s.Reply(b)   // what the server answered
//	s.User()     // who it is now
//
// Requests are read as arrays and as inline commands, by the rules of the server
// (request.go, inline.go); replies as RESP2 and RESP3 (reply.go). Bytes may come in
// pieces of any size: the outcome is the same. A request that can change who the
// client is, or how the server answers, is noted with its place among the others
// (queue.go) and paired with its reply (pair.go): AUTH, HELLO, RESET, QUIT, MULTI,
// EXEC, DISCARD, CLIENT REPLY, the SUBSCRIBE family, MONITOR, SYNC, PSYNC, REPLCONF ACK.
// Of all others it is only counted how many replies are due.
//
// # What is told
//
//   - event.OK: AUTH or HELLO with AUTH succeeded, inside a transaction too; there when
//     EXEC answers.
//   - event.Failed: the server refused user or password. What it never looked at, such
//     as a wrong number of arguments, is no event.
//   - event.NotRequired, for "default": a command that needs a login was answered
//     without one; or AUTH was told that there is no password to check. A reply -ERR
//     does not show that: what a server does not know it says to everybody.
//
// A success that leaves the same user with the same status is no event. After RESET
// nobody is logged in, and the next login is an event again; a default user that
// needed no login still needs none, which is not told again. Every failure is an
// event, within bounds: on one connection at most 10 events that are identical to
// the one before, and at most 100 of any kind, are told in a second. The others are
// counted in Counts.Untold, and a success among them is told when it is repeated.
//
// # What cannot be known
//
// With CLIENT REPLY OFF or SKIP the server does not say how a login ended: it is
// counted in Counts.Unknown and nobody is named until the next one. HELLO with AUTH
// and a wrong option has logged in before Redis 7.2 and has not since: which of both
// is learned from the versions in other replies to HELLO, or from whether the next
// command is let through. Where replies cannot be assigned any more, because of SYNC,
// of a transaction without replies or with a subscription in RESP2, or of a reply
// that is none, the session is Blind: it counts requests, and tells no more logins.
// It never guesses.
//
// # Bounds
//
// Passwords are skipped and never copied; only the one argument of an inline AUTH is
// held until its line ends, when it is known to be a user name or is wiped. A session
// is 288 bytes while no login is under way. More than 512 alternating requests of
// the kinds above that wait for their replies are lumped together: failures among
// them are told without a name, successes are not seen. Of the names of logins that
// wait 4 KiB are kept: those beyond are told without one.
//
// # What it does not do
//
// It does not know the time of a request, which connection it is of, or what
// becomes of an event. A Session is used by one goroutine at a time.
//
// Sources: "Redis serialization protocol specification"; the pages of the commands
// named above; the source of Redis 7.0 and 7.4, networking.c and acl.c.
package session
