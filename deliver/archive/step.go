package archive

import (
	"crypto/sha256"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

// maxFolders bounds the folders that one step writes to, and so the plan and
// what is known of blobs.
const maxFolders = 64

// step is as much of a batch as one plan covers: at most maxFolders folders and
// BlockSize bytes, or one larger line. Its memory is used again.
type step struct {
	parts []part
	// of says which part a record belongs to: -1 for one that needs no doing.
	of    []int16
	index map[target]int16
}

// target is what decides the folder of a record.
type target struct {
	category record.Category
	resource resource.Key
	hour     int64
}

// part is what a step adds to one folder.
type part struct {
	entry   *entry
	blob    *blob
	size    int
	records int
	buf     []byte
	try     try
	err     error
}

// divide makes the next step of the first n of the items. An error rejects
// records that no place can be named for; nothing was written then.
func (a *Archive) divide(batch []deliver.Item) (n int, err error) {
	s := &a.step
	s.parts, s.of = s.parts[:0], s.of[:0]
	if s.index == nil {
		s.index = make(map[target]int16, maxFolders)
	}
	clear(s.index)
	var refused refusals
	var last target
	current, size := int16(-1), 0
	epoch, known := uint64(0), 0
	for n = range batch {
		it := &batch[n]
		if a.state.over(it.Position) {
			s.of = append(s.of, -1)
			known++
			continue
		}
		if len(s.parts) == 0 && len(refused.positions) == 0 {
			epoch = it.Position.Epoch
			a.state.turn(epoch)
		} else if it.Position.Epoch != epoch {
			return a.divided(n, known, &refused)
		}
		line := len(it.Record.Line) + 1
		if size > 0 && size+line > a.cfg.BlockSize {
			return a.divided(n, known, &refused)
		}
		t := target{it.Record.Category, it.Record.Resource.Key(), hourOf(&it.Record)}
		if current < 0 || t != last {
			if current, err = a.partOf(t, &it.Record); err != nil {
				refused.add(it.Position, err)
				s.of, current = append(s.of, -1), -1
				continue
			}
			if int(current) == maxFolders {
				return a.divided(n, known, &refused)
			}
			last = t
		}
		s.of = append(s.of, current)
		size += line
	}
	return a.divided(len(batch), known, &refused)
}

func (a *Archive) divided(n, known int, refused *refusals) (int, error) {
	a.stats.known.Add(uint64(known))
	a.stats.refused.Add(uint64(len(refused.positions)))
	return n, refused.err()
}

// partOf returns the part of a record's folder, making it if need be; maxFolders
// when that would be one too many.
func (a *Archive) partOf(t target, r *record.Record) (int16, error) {
	s := &a.step
	if i, ok := s.index[t]; ok {
		return i, nil
	}
	container, err := containerName(t.category)
	if err != nil {
		return 0, err
	}
	hour, err := hourTime(t.hour)
	if err != nil {
		return 0, err
	}
	path, err := hourFolder(r.Resource, hour)
	if err != nil {
		return 0, err
	}
	for i := range s.parts { // categories that differ only in case
		if e := s.parts[i].entry; e.container == container && e.path == path {
			s.index[t] = int16(i)
			return int16(i), nil
		}
	}
	if len(s.parts) == maxFolders {
		return maxFolders, nil
	}
	i := int16(len(s.parts))
	s.parts = append(s.parts, part{entry: a.state.entry(container, path)})
	s.index[t] = i
	return i, nil
}

// fill collects the bytes of the parts: the lines that are not in their folders
// yet, each with a line break.
func (a *Archive) fill(batch []deliver.Item) {
	s := &a.step
	total := 0
	for i := range s.parts {
		p := &s.parts[i]
		p.size, p.records, p.buf, p.err = 0, 0, nil, nil
	}
	for i, k := range s.of {
		if k < 0 {
			continue
		}
		if p := &s.parts[k]; !p.entry.holds(batch[i].Position) {
			n := len(batch[i].Record.Line) + 1
			p.size += n
			p.records++
			total += n
		}
	}
	memory := a.memory(total)
	for i := range s.parts {
		p := &s.parts[i]
		p.buf, memory = memory[:0:p.size], memory[p.size:]
	}
	for i, k := range s.of {
		if k < 0 {
			continue
		}
		p := &s.parts[k]
		if at := batch[i].Position; !p.entry.holds(at) {
			p.buf = append(append(p.buf, batch[i].Record.Line...), '\n')
			p.try.last = at
		} else {
			a.stats.known.Add(1)
		}
	}
	for i := range s.parts {
		p := &s.parts[i]
		p.try.length, p.try.sum = int64(p.size), sha256.Sum256(p.buf)
	}
}

// memory returns n bytes.
func (a *Archive) memory(n int) []byte {
	if n > a.cfg.BlockSize {
		return make([]byte, n)
	}
	if cap(a.spare) < n {
		a.spare = make([]byte, min(a.cfg.BlockSize, max(n, 2*cap(a.spare))))
	}
	return a.spare[:n]
}

// refusals are the records of a step that can never be archived.
type refusals struct {
	positions []bus.Position
	first     error
}

func (r *refusals) add(p bus.Position, err error) {
	if r.first == nil {
		r.first = err
	}
	r.positions = append(r.positions, p)
}

// err is deliver.Reject for them, nil if there are none.
func (r *refusals) err() error {
	if len(r.positions) == 0 {
		return nil
	}
	return deliver.Reject(r.first, r.positions...)
}
