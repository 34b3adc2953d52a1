package storagemetrics

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"

	"reslog/metric"
	"reslog/resource"
	"reslog/service/storage"
)

// kinds are the services, in the order of account.services.
var kinds = [...]storage.Kind{storage.Blob, storage.Queue, storage.Table}

// kindIndex is the place of k in kinds, whose first letters are different.
func kindIndex(k storage.Kind) int {
	switch k[0] {
	case 'b':
		return 0
	case 'q':
		return 1
	}
	return 2
}

// account is what an account has counted.
type account struct {
	name     string
	id       resource.ID
	services [len(kinds)]*service
	platform *metric.Set // of the account itself; nil without a Recorder
	remove   []func()    // what the Recorder has of it
	usage    measured
}

// service is what a service of an account has counted since it was looked at last.
type service struct {
	account  *account
	kind     storage.Kind
	id       resource.ID
	platform *metric.Set
	shards   []shard // a power of two
}

// shard is a part of what a service has counted.
type shard struct {
	mu sync.Mutex
	// slots are those of the even minutes and of the odd ones, each twice: for
	// clients and for the node. What is counted is taken away many times a minute,
	// so there are never three minutes.
	slots [4]slot
	_     [56]byte // so that no two are in one cache line
}

type slot struct {
	minute int64 // since 1970; 0 when nothing is counted
	cells  map[string]*cell
}

// cell is what an operation has counted. It is kept for a while when it is empty, so
// that counting allocates nothing.
type cell struct {
	counters
	used bool
	idle int // how often it was found unused
}

const maxShards = 8

// Observe counts a finished request. It is what FrontConfig.Observe wants.
func (c *Collector) Observe(o storage.Observation) {
	if o.Account == "" {
		return
	}
	a := (*c.accounts.Load())[o.Account]
	if a == nil || a.services[kindIndex(o.Service)].id != o.Resource {
		a = c.meet(o.Account, o.Resource.Parent())
	}
	s := a.services[kindIndex(o.Service)]
	st := statusOf(&o)
	// When it ended by its record, and not just now: some clients still send.
	ended := o.Received.Add(o.EndToEnd)
	s.count(ended.Unix()/60, &o, st)
	if !o.System && s.platform != nil {
		addPlatform(s.platform, a.platform, ended, &o, st)
	}
}

// count adds a request that ended in a minute.
func (s *service) count(minute int64, o *storage.Observation, st status) {
	sh := &s.shards[rand.Uint32()&uint32(len(s.shards)-1)]
	i := minute & 1
	if o.System {
		i += 2
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sl := &sh.slots[i]
	sl.minute = max(sl.minute, minute)
	found := sl.cells[o.Operation]
	if found == nil {
		if sl.cells == nil {
			sl.cells = make(map[string]*cell)
		}
		found = new(cell)
		sl.cells[o.Operation] = found
	}
	found.used = true
	found.add(o, st)
}

// delta is what an operation of a service has counted in a minute.
type delta struct {
	minute int64
	system bool
	api    string
	counters
}

// take appends what was counted to dst, and counts anew.
func (s *service) take(dst []delta) []delta {
	for i := range s.shards {
		dst = s.shards[i].take(dst)
	}
	return dst
}

// maxIdle is how often a cell is found unused before it is given up: for some
// minutes, so that those of odd minutes live through the even ones.
const maxIdle = 300

func (sh *shard) take(dst []delta) []delta {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for i := range sh.slots {
		sl := &sh.slots[i]
		for api, found := range sl.cells {
			if !found.used {
				if found.idle++; found.idle >= maxIdle {
					delete(sl.cells, api)
				}
				continue
			}
			dst = append(dst, delta{sl.minute, i >= 2, api, found.counters})
			*found = cell{}
		}
		sl.minute = 0
	}
	return dst
}

// meet returns the account of a name and an ID, as a new one if it was not known or
// was another one.
func (c *Collector) meet(name string, id resource.ID) *account {
	c.changing.Lock()
	defer c.changing.Unlock()
	known := *c.accounts.Load()
	old := known[name]
	if old != nil && old.id == id {
		return old
	}
	if old != nil {
		c.gone = append(c.gone, old)
	}
	a := c.newAccount(name, id)
	next := maps.Clone(known)
	next[name] = a
	c.accounts.Store(&next)
	return a
}

// follow makes accounts those that there are, and returns the others for the last
// time.
func (c *Collector) follow(list []*storage.Account) (gone []*account) {
	there := make(map[string]bool, len(list))
	known := *c.accounts.Load()
	for _, a := range list {
		there[a.Name] = true
		if old := known[a.Name]; old == nil || old.id != a.ID {
			c.meet(a.Name, a.ID)
		}
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	gone, c.gone = c.gone, nil
	known = *c.accounts.Load()
	next := maps.Clone(known)
	for name, a := range known {
		if !there[name] {
			delete(next, name)
			c.gone = append(c.gone, a) // whoever found it before may still count
		}
	}
	if len(next) != len(known) {
		c.accounts.Store(&next)
	}
	return gone
}

func (c *Collector) newAccount(name string, id resource.ID) *account {
	n := 1
	for n < runtime.GOMAXPROCS(0) && n < maxShards {
		n *= 2
	}
	a := &account{name: name, id: id}
	for i, k := range kinds {
		a.services[i] = &service{
			account: a, kind: k, shards: make([]shard, n),
			id: (&storage.Account{ID: id}).ServiceID(k),
		}
	}
	if c.Recorder != nil {
		c.publish(a)
	}
	return a
}

// end takes back what the Recorder has of an account that is gone.
func (a *account) end() {
	for _, f := range a.remove {
		f()
	}
}
