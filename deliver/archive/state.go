package archive

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"reslog/bus"
)

// state is what is known of the records that were handed over: which are in the
// archive, and what is on its way there. Saved before anything is appended, it
// is the plan that the next process checks.
type state struct {
	// floor: every record through it is in the archive, or was given up by
	// whoever delivers. past is the floor of the stream before this one.
	floor, past bus.Position
	// folders are those that hold, or may hold, records behind the floor.
	folders map[string]*entry
}

// entry is what is known of one folder. Records enter a folder in the order of
// the stream, so one position says which of them are there.
type entry struct {
	container, path string

	mark bus.Position // the last record known to be there; zero if none

	// tries are the appends to one place, the end of blob n at offset, whose
	// outcome is not known. Each is conditional on that end, so at most one of
	// them ever takes effect. There is more than one when the records were cut
	// into other batches after a crash.
	n      int
	offset int64
	tries  []try
}

// try is one append: its bytes, and the last record in them.
type try struct {
	length int64
	sum    [sha256.Size]byte
	last   bus.Position
}

// maxTries bounds the tries that are remembered. An append that is older than so
// many crashes is no longer under way.
const maxTries = 8

// upTo reports whether p is at or before q, in the same stream.
func upTo(p, q bus.Position) bool { return p.Epoch == q.Epoch && !p.After(q) }

// over reports whether the record at p needs no more doing.
func (s *state) over(p bus.Position) bool { return upTo(p, s.floor) || upTo(p, s.past) }

// turn makes the stream of an epoch the present one. Delivery of the one before
// is over, whatever became of its last batch.
func (s *state) turn(epoch uint64) {
	if s.floor.Epoch == epoch {
		return
	}
	for _, e := range s.folders {
		s.raise(e.last())
	}
	clear(s.folders)
	old := s.floor
	s.floor = bus.Position{Epoch: epoch}
	if s.past.Epoch == epoch {
		s.floor = s.past
	}
	s.past = old
}

// raise moves the floor to p if that is behind it.
func (s *state) raise(p bus.Position) {
	if !p.IsZero() && p.After(s.floor) {
		s.floor = p
	}
}

// begin notes that delivery goes on with the record at p: it never goes back, so
// what is before is in the archive or was given up.
func (s *state) begin(p bus.Position) {
	if p.Epoch != s.floor.Epoch {
		return
	}
	for key, e := range s.folders {
		last := e.last()
		if p.After(last) {
			s.raise(last)
			delete(s.folders, key)
		}
	}
}

// settle notes that everything through p is in the archive.
func (s *state) settle(p bus.Position) {
	if !s.over(p) {
		s.floor = p
	}
	for key, e := range s.folders {
		if last := e.last(); last.IsZero() || upTo(last, s.floor) {
			delete(s.folders, key)
		}
	}
}

// entry returns what is known of a folder, making it if nothing is.
func (s *state) entry(container, path string) *entry {
	key := container + "/" + path
	e := s.folders[key]
	if e == nil {
		e = &entry{container: container, path: path}
		s.folders[key] = e
	}
	return e
}

// holds reports whether the record at p is known to be in the folder.
func (e *entry) holds(p bus.Position) bool { return !e.mark.IsZero() && upTo(p, e.mark) }

// last returns the last record that is or may be in the folder.
func (e *entry) last() bus.Position {
	last := e.mark
	for _, t := range e.tries {
		if last.IsZero() || t.last.After(last) {
			last = t.last
		}
	}
	return last
}

// plan notes that t is to be appended at the end, offset, of blob n. Former tries
// of another place are known to have failed, and can no longer succeed.
func (e *entry) plan(n int, offset int64, t try) {
	if e.n != n || e.offset != offset {
		e.n, e.offset, e.tries = n, offset, nil
	}
	e.tries = slices.DeleteFunc(e.tries, func(o try) bool { return o.length == t.length && o.sum == t.sum })
	if len(e.tries) == maxTries {
		e.tries = e.tries[1:]
	}
	e.tries = append(e.tries, t)
}

// done notes that t, one of the tries, took effect.
func (e *entry) done(t try) { e.mark, e.tries = t.last, nil }

// The stored form is JSON. A new version gets a new number.
const stateVersion = 1

type storedState struct {
	Version int            `json:"version"`
	Floor   storedPosition `json:"floor"`
	Past    storedPosition `json:"past"`
	Folders []storedEntry  `json:"folders,omitempty"`
}

type storedEntry struct {
	Container string         `json:"container"`
	Path      string         `json:"path"`
	Mark      storedPosition `json:"mark"`
	Blob      int            `json:"blob"`
	Offset    int64          `json:"offset"`
	Tries     []storedTry    `json:"tries,omitempty"`
}

type storedTry struct {
	Length int64          `json:"length"`
	SHA256 []byte         `json:"sha256"`
	Last   storedPosition `json:"last"`
}

// storedPosition is a bus.Position.
type storedPosition struct {
	Epoch uint64 `json:"epoch"`
	Seq   uint64 `json:"seq"`
	Index uint32 `json:"index"`
}

func (s *state) encode() ([]byte, error) {
	out := storedState{Version: stateVersion, Floor: storedPosition(s.floor), Past: storedPosition(s.past)}
	for _, key := range slices.SortedFunc(maps.Keys(s.folders), cmp.Compare[string]) {
		e := s.folders[key]
		if len(e.tries) == 0 && e.mark.IsZero() {
			continue
		}
		stored := storedEntry{Container: e.container, Path: e.path, Mark: storedPosition(e.mark), Blob: e.n, Offset: e.offset}
		for _, t := range e.tries {
			stored.Tries = append(stored.Tries, storedTry{Length: t.length, SHA256: t.sum[:], Last: storedPosition(t.last)})
		}
		out.Folders = append(out.Folders, stored)
	}
	data, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode the plan of the archive: %w", err)
	}
	return data, nil
}

// decodeState reads what encode made; nothing is the state of a new archive.
func decodeState(data []byte) (*state, error) {
	s := &state{folders: make(map[string]*entry)}
	if data == nil {
		return s, nil
	}
	var in storedState
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("the saved plan of the archive is damaged: %w", err)
	}
	if in.Version != stateVersion {
		return nil, fmt.Errorf("the saved plan of the archive has version %d, this program reads %d: run the one that wrote it", in.Version, stateVersion)
	}
	s.floor, s.past = bus.Position(in.Floor), bus.Position(in.Past)
	for _, stored := range in.Folders {
		e := s.entry(stored.Container, stored.Path)
		e.mark, e.n, e.offset = bus.Position(stored.Mark), stored.Blob, stored.Offset
		for _, t := range stored.Tries {
			if len(t.SHA256) != sha256.Size || t.Length < 0 || stored.Offset < 0 {
				return nil, fmt.Errorf("the saved plan of the archive is damaged: folder %s has a try that is none", stored.Path)
			}
			e.tries = append(e.tries, try{length: t.Length, sum: [sha256.Size]byte(t.SHA256), last: bus.Position(t.Last)})
		}
	}
	return s, nil
}
