package hub

import (
	"encoding/binary"
	"time"
)

// reader takes fields off the front of b, those that the mask says are there. After a
// failure all are zero.
type reader struct {
	b      []byte
	mask   uint32
	field  int
	failed bool
}

func (r *reader) next() bool {
	bit := uint32(1) << r.field
	r.field++
	there := r.mask&bit != 0
	r.mask &^= bit
	return there && !r.failed
}

func (r *reader) fail() {
	r.failed, r.b = true, nil
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// take returns so many bytes, as many as a number before them says.
func (r *reader) take() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// count is how many elements follow, each of so many bytes at least: no list is made
// for more than can be there.
func (r *reader) count(size int) int {
	n := r.uint()
	if n == 0 || n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) string() string { return string(r.take()) }

func (r *reader) text(v *string) {
	if r.next() {
		*v = r.string()
	}
}

func (r *reader) texts(v *[]string) {
	if !r.next() {
		return
	}
	*v = make([]string, r.count(1))
	for i := range *v {
		(*v)[i] = r.string()
	}
}

func (r *reader) kind(v *Kind) {
	if !r.next() {
		return
	}
	k := r.uint()
	if k > uint64(Groups) {
		r.fail() // who it is for is not known: nobody gets it
		return
	}
	*v = Kind(k)
}

func (r *reader) number(v *uint64) {
	if r.next() {
		*v = r.uint()
	}
}

func (r *reader) duration(v **time.Duration) {
	if !r.next() {
		return
	}
	d, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return
	}
	r.b = r.b[n:]
	*v = (*time.Duration)(&d)
}

func (r *reader) bytes(v *[]byte) {
	if r.next() {
		*v = r.take()
	}
}

func (r *reader) flag(v *bool) { *v = r.next() }

func (r *reader) listed(v *[]Listed) {
	if !r.next() {
		return
	}
	*v = make([]Listed, r.count(2))
	for i := range *v {
		(*v)[i] = Listed{r.string(), r.string()}
	}
}

func (r *reader) sets(v *[]set) {
	if !r.next() {
		return
	}
	*v = make([]set, r.count(4))
	for i := range *v {
		s := set{hub: r.string(), user: r.string(), group: r.string()}
		left := r.uint()
		s.plain, s.left = left&1 == 1, time.Duration(left>>1)
		(*v)[i] = s
	}
}
