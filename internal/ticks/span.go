package ticks

import (
	"math"
	"math/bits"
	"strings"
)

// ParseSpan reads a span: as clocks write it, "[-][d.]hh:mm[:ss[.fffffff]]", as
// literals do, "1.5h", "-3 minutes", or a bare number, which is days.
func ParseSpan(s string) (int64, bool) {
	p := reader{s: strings.TrimSpace(s)}
	negative := p.byte('-')
	var u uint64
	var ok bool
	if strings.IndexByte(p.s, ':') >= 0 {
		u, ok = p.clockSpan()
	} else {
		u, ok = p.unitSpan()
	}
	switch {
	case !ok || !p.done():
		return 0, false
	case negative && u <= 1<<63:
		return int64(-u), true
	case negative || u > math.MaxInt64:
		return 0, false
	}
	return int64(u), true
}

// clockSpan reads [d.]hh:mm[:ss[.f]].
func (p *reader) clockSpan() (uint64, bool) {
	var days int64
	if dot, colon := strings.IndexByte(p.s, '.'), strings.IndexByte(p.s, ':'); dot >= 0 && dot < colon {
		var n int
		if days, n = p.number(8); n == 0 || !p.byte('.') || days > math.MaxInt64/Day {
			return 0, false
		}
	}
	clock, ok := p.clock()
	return uint64(days)*Day + uint64(clock), ok
}

// unitSpan reads a number with a unit. The product is exact; what is below a tick
// is dropped.
func (p *reader) unitSpan() (uint64, bool) {
	whole, n := p.number(18)
	var fraction int64
	scale := uint64(1)
	digits := n
	if p.byte('.') {
		fraction, n = p.number(18)
		for range n {
			scale *= 10
		}
		digits += n
	}
	if digits == 0 {
		return 0, false
	}
	p.spaces()
	unit, div := uint64(Day), uint64(1)
	if !p.done() {
		var ok bool
		if unit, div, ok = unitOf(p.word()); !ok {
			return 0, false
		}
	}
	hi, lo := bits.Mul64(uint64(whole), unit)
	if hi != 0 {
		return 0, false
	}
	// fraction < scale, so the quotient is below the unit.
	fhi, flo := bits.Mul64(uint64(fraction), unit)
	f, _ := bits.Div64(fhi, flo, scale)
	return lo/div + f/div, lo <= math.MaxUint64-f
}

// unitOf is a unit as literals spell it, in ticks: unit/div.
func unitOf(name string) (unit, div uint64, ok bool) {
	switch name {
	case "d", "day", "days":
		return Day, 1, true
	case "h", "hr", "hrs", "hour", "hours":
		return Hour, 1, true
	case "m", "min", "minute", "minutes":
		return Minute, 1, true
	case "s", "sec", "second", "seconds":
		return Second, 1, true
	case "ms", "milli", "millis", "millisecond", "milliseconds":
		return Millisecond, 1, true
	case "micro", "micros", "microsecond", "microseconds":
		return Microsecond, 1, true
	case "nano", "nanos", "nanosecond", "nanoseconds":
		return 1, 100, true
	case "tick", "ticks":
		return 1, 1, true
	}
	return 0, 0, false
}
