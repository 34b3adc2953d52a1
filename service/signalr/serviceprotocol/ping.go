package serviceprotocol

// Pair is what a Ping tells: a word and what of it.
type Pair struct{ Key, Value string }

// Ping (type 3) keeps a connection alive, and tells things along the way.
type Ping struct{ Pairs []Pair }

// The words of pings.
const (
	PingStatus      = "status"      // asks and tells whether there are clients: "1" or "0"
	PingClientCount = "clientcount" // with PingStatus: number of clients
	PingServerCount = "servercount" // with PingStatus: number of server connections
	PingCapacity    = "capacity"    // with PingStatus: number of clients that there may be
	PingTarget      = "target"      // asks for an OnDemand connection to this instance
	PingShutdown    = "shutdown"    // a server is going: one of the Fin values
	PingOffline     = "offline"     // an instance of the service is gone
	PingServers     = "servers"     // asks and tells which servers there are: "ts:s1;s2"
	PingEcho        = "echo"        // comes back as it is
	PingTracing     = "d-m"         // message tracing: "1" or "0"
	PingClientInHub = "#clientInHub"
	PingClients     = "#client"
)

// The values of PingShutdown.
const (
	Fin        = "fin:0"  // the server stops
	FinMigrate = "fin:1"  // its clients go to other servers
	FinWait    = "fin:2"  // it waits until its clients are gone
	FinAck     = "finack" // the answer: no new clients
)

// Get returns what a ping tells of a word, and whether it does.
func (m *Ping) Get(key string) (string, bool) {
	for _, p := range m.Pairs {
		if p.Key == key {
			return p.Value, true
		}
	}
	return "", false
}

// Append implements Message.
func (m *Ping) Append(b []byte) []byte { return appendMessage(b, 3, m) }

// fields are the pairs, flat in the array. A word without a value is ignored.
func (m *Ping) fields(c *coder) {
	if !c.reading {
		for i := range m.Pairs {
			c.text(&m.Pairs[i].Key)
			c.text(&m.Pairs[i].Value)
		}
		return
	}
	for c.left >= 2 && c.err == nil {
		var p Pair
		c.text(&p.Key)
		c.text(&p.Value)
		m.Pairs = append(m.Pairs, p)
	}
}
