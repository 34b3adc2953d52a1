package session

import "sync/atomic"

// Counts are what the sessions of a database counted since they began. They only
// grow.
//
// Gets and Sets are the commands that "Monitor Azure Cache for Redis" sums up under
// these names, see classify.
type Counts struct {
	Commands     atomic.Int64 // commands, those in transactions too
	Gets         atomic.Int64 // of Commands, those that read a value
	Sets         atomic.Int64 // of Commands, those that write one
	Errors       atomic.Int64 // replies that are errors, those in replies to EXEC too
	RequestBytes atomic.Int64
	ReplyBytes   atomic.Int64
	Untold       atomic.Int64 // logins that were not told because there were too many
	Unknown      atomic.Int64 // logins whose outcome the server did not say
	Blinded      atomic.Int64 // sessions that went Blind

	server server
}

// server is what sessions learned about the server that all of them talk to.
type server struct {
	// closed says that it wants a login: one was refused that had none.
	closed atomic.Bool
	// version is what it said in a reply to HELLO, 702 for 7.2; 0 is not known.
	version atomic.Uint32
}

func (v *server) setClosed(closed bool) {
	if v.closed.Load() != closed {
		v.closed.Store(closed)
	}
}

func (v *server) setVersion(version uint32) {
	if v.version.Load() != version {
		v.version.Store(version)
	}
}

// tally is what one call counts, to be added at its end.
type tally struct{ commands, gets, sets int64 }

func (t *tally) count(k kind) {
	t.commands++
	switch k {
	case get:
		t.gets++
	case set:
		t.sets++
	default:
	}
}

func (t *tally) addTo(c *Counts) {
	if t.commands != 0 {
		c.Commands.Add(t.commands)
	}
	if t.gets != 0 {
		c.Gets.Add(t.gets)
	}
	if t.sets != 0 {
		c.Sets.Add(t.sets)
	}
}
