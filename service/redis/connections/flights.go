package connections

// flights are the Takes under way, in two cohorts: those that began before the
// current one are waited for while others begin. The Book's lock guards it.
type flights struct {
	current int
	count   [2]int
	landed  chan struct{} // closed when nobody is left in the other cohort
}

func (f *flights) begin() int {
	f.count[f.current]++
	return f.current
}

func (f *flights) end(cohort int) {
	f.count[cohort]--
	if cohort != f.current && f.count[cohort] == 0 && f.landed != nil {
		close(f.landed)
		f.landed = nil
	}
}

// turn begins a new cohort. It returns a channel that is closed when all that began
// before are over. When an earlier turn is not over, it waits for that instead, and
// returns false.
func (f *flights) turn() (<-chan struct{}, bool) {
	if f.landed != nil {
		return f.landed, false
	}
	landed := make(chan struct{})
	f.current = 1 - f.current
	if f.count[1-f.current] == 0 {
		close(landed)
	} else {
		f.landed = landed
	}
	return landed, true
}
