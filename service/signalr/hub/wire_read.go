package hub

import (
	"time"

	"reslog/internal/fields"
)

// reader reads the fields that the mask says are there.
type reader struct {
	fields.Reader
	mask  uint32
	field int
}

func (r *reader) next() bool {
	bit := uint32(1) << r.field
	r.field++
	there := r.mask&bit != 0
	r.mask &^= bit
	return there && !r.Bad
}

// count is how many elements follow, each of so many bytes at least: no list is made
// for more than can be there.
func (r *reader) count(size int) int {
	n := r.Uint()
	if n == 0 || n > uint64(len(r.B)/size) {
		r.Fail()
		return 0
	}
	return int(n)
}

func (r *reader) text(v *string) {
	if r.next() {
		*v = r.Text()
	}
}

func (r *reader) texts(v *[]string) {
	if !r.next() {
		return
	}
	*v = make([]string, r.count(1))
	for i := range *v {
		(*v)[i] = r.Text()
	}
}

func (r *reader) kind(v *Kind) {
	if !r.next() {
		return
	}
	k := r.Uint()
	if k > uint64(Groups) {
		r.Fail() // who it is for is not known: nobody gets it
		return
	}
	*v = Kind(k)
}

func (r *reader) number(v *uint64) {
	if r.next() {
		*v = r.Uint()
	}
}

func (r *reader) duration(v **time.Duration) {
	if !r.next() {
		return
	}
	if d := time.Duration(r.Int()); !r.Bad {
		*v = &d
	}
}

func (r *reader) bytes(v *[]byte) {
	if r.next() {
		*v = r.Bytes()
	}
}

func (r *reader) flag(v *bool) { *v = r.next() }

func (r *reader) listed(v *[]Listed) {
	if !r.next() {
		return
	}
	*v = make([]Listed, r.count(2))
	for i := range *v {
		(*v)[i] = Listed{r.Text(), r.Text()}
	}
}

func (r *reader) sets(v *[]set) {
	if !r.next() {
		return
	}
	*v = make([]set, r.count(4))
	for i := range *v {
		s := set{hub: r.Text(), user: r.Text(), group: r.Text()}
		left := r.Uint()
		s.plain, s.left = left&1 == 1, time.Duration(left>>1)
		(*v)[i] = s
	}
}
