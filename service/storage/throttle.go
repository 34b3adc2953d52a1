package storage

// Throttle says whether an account may have one more request now. Allow is
// called once for each authorized request and must not block. analytics is true
// for requests into `$logs`, which have a budget of their own.
type Throttle interface {
	Allow(account string, analytics bool) bool
}
