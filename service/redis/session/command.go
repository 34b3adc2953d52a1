package session

// kind is what a command is to the pairing of requests with replies.
type kind uint8

const (
	plain kind = iota // one reply, and nothing changes
	get               // plain, counted as reading
	set               // plain, counted as writing
	auth
	hello
	reset
	quit
	multi
	exec
	discard
	monitor
	replicate // SYNC, PSYNC
	client    // until its arguments say which
	replyOn
	replyOff
	replySkip
	replconf // until its arguments say which
	ack      // REPLCONF ACK or GETACK: no reply
	subscribe
	psubscribe
	ssubscribe
	unsubscribe
	punsubscribe
	sunsubscribe
	lump // many, of which only the number is known
)

// subscribes reports whether k is of the SUBSCRIBE family.
func (k kind) subscribes() bool { return k >= subscribe && k <= sunsubscribe }

// special reports whether k is noted with its place.
func (k kind) special() bool { return k > set }

// longestName is the length of the longest name that classify knows.
const longestName = 12

// classify says what the command of a name is, in any case.
//
// Reading and writing are the commands that the metrics Gets and Sets of "Monitor
// Azure Cache for Redis" sum up.
func classify(name []byte) kind {
	if len(name) > longestName {
		return plain
	}
	var lower [longestName]byte
	for i, c := range name {
		lower[i] = c | 0x20 // gives a letter for letters only
	}
	switch string(lower[:len(name)]) {
	case "get", "mget", "hget", "hmget", "hgetall", "getbit", "getrange":
		return get
	case "set", "mset", "msetnx", "setnx", "setex", "setbit", "setrange", "hset", "hmset", "hsetnx", "lset":
		return set
	case "auth":
		return auth
	case "hello":
		return hello
	case "reset":
		return reset
	case "quit":
		return quit
	case "multi":
		return multi
	case "exec":
		return exec
	case "discard":
		return discard
	case "monitor":
		return monitor
	case "sync", "psync":
		return replicate
	case "client":
		return client
	case "replconf":
		return replconf
	case "subscribe":
		return subscribe
	case "psubscribe":
		return psubscribe
	case "ssubscribe":
		return ssubscribe
	case "unsubscribe":
		return unsubscribe
	case "punsubscribe":
		return punsubscribe
	case "sunsubscribe":
		return sunsubscribe
	}
	return plain
}

// isWord reports whether b is word, which is in small letters, in any case.
func isWord(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c|0x20 != word[i] {
			return false
		}
	}
	return true
}
