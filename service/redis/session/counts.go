package session

import "sync/atomic"

// Counts are what the sessions of a database counted since they began. They only
// grow.
type Counts struct {
	Commands     atomic.Int64 // commands, those in transactions too
	Gets         atomic.Int64 // of Commands, those that read a value
	Sets         atomic.Int64 // of Commands, those that write one
	Errors       atomic.Int64 // replies that are errors
	RequestBytes atomic.Int64
	ReplyBytes   atomic.Int64
}
