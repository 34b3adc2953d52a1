package ticks

import "strings"

// ParseDate reads a date. It takes the documented forms, with a clock or without
// and with a zone (Z, GMT, UTC, +hh:mm, +hhmm, +hh) or without, which is UTC:
//
//	2014-05-25T08:20:03.123456Z   2014-11-08 15:55   2014.11.08   ISO 8601
//	Sat, 8 Nov 14 15:05:02 GMT    8 Nov 2014 15:05                RFC 822
//	Saturday, 08-Nov-14 15:05:02 GMT                              RFC 850
//
// and what .NET makes of 11/08/2014 3:05:02 PM, month first. Digits below a tick
// are dropped.
func ParseDate(s string) (int64, bool) {
	p := reader{s: strings.TrimSpace(s)}
	date, ok := p.date()
	if !ok {
		return 0, false
	}
	if p.done() {
		return date, true
	}
	if !p.spaces() && !p.letter('T') {
		return 0, false
	}
	clock, ok := p.clock()
	if !ok {
		return 0, false
	}
	clock, ok = p.half(clock)
	if !ok {
		return 0, false
	}
	p.spaces()
	if !p.done() {
		zone, ok := p.zone()
		if !ok || !p.done() {
			return 0, false
		}
		clock -= zone
	}
	return date + clock, Valid(date + clock)
}

// reader walks over a text. A method that fails leaves it anywhere.
type reader struct{ s string }

func (p *reader) done() bool { return p.s == "" }

func (p *reader) spaces() bool {
	n := len(p.s)
	p.s = strings.TrimLeft(p.s, " \t")
	return len(p.s) < n
}

func (p *reader) byte(c byte) bool {
	if p.s == "" || p.s[0] != c {
		return false
	}
	p.s = p.s[1:]
	return true
}

// letter takes an ASCII letter in either case.
func (p *reader) letter(c byte) bool { return p.byte(c) || p.byte(c|0x20) }

// number takes a run of one to limit digits.
func (p *reader) number(limit int) (n int64, digits int) {
	for digits < len(p.s) && digits < limit && p.s[digits]-'0' <= 9 {
		n = n*10 + int64(p.s[digits]-'0')
		digits++
	}
	p.s = p.s[digits:]
	return n, digits
}

// word takes a run of letters.
func (p *reader) word() string {
	n := 0
	for n < len(p.s) && p.s[n]|0x20-'a' < 26 {
		n++
	}
	w := p.s[:n]
	p.s = p.s[n:]
	return w
}

// date reads the part before the clock.
func (p *reader) date() (int64, bool) {
	if w := p.word(); w != "" {
		if !isName(w, "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday") {
			return 0, false
		}
		p.byte(',')
		if !p.spaces() {
			return 0, false
		}
	}
	first, digits := p.number(4)
	if digits == 0 || p.s == "" {
		return 0, false
	}
	sep := p.s[0]
	p.s = p.s[1:]
	switch {
	case digits == 4 && (sep == '-' || sep == '/' || sep == '.'):
		month, n := p.number(2)
		if n == 0 || !p.byte(sep) {
			return 0, false
		}
		day, n := p.number(2)
		if n == 0 {
			return 0, false
		}
		return Date(first, month, day)
	case digits <= 2 && sep == '/':
		day, n := p.number(2)
		if n == 0 || !p.byte('/') {
			return 0, false
		}
		year, ok := p.year()
		if !ok {
			return 0, false
		}
		return Date(year, first, day)
	case digits <= 2 && (sep == ' ' || sep == '-'):
		p.spaces()
		month := monthOf(p.word())
		if sep == ' ' && !p.spaces() || sep == '-' && !p.byte('-') {
			return 0, false
		}
		year, ok := p.year()
		if month == 0 || !ok {
			return 0, false
		}
		return Date(year, month, first)
	}
	return 0, false
}

// year takes four digits, or two of the years 1950 to 2049.
func (p *reader) year() (int64, bool) {
	y, n := p.number(4)
	switch {
	case n == 2 && y < 50:
		return y + 2000, true
	case n == 2:
		return y + 1900, true
	}
	return y, n == 4
}

// clock reads hh:mm[:ss[.f]], without a sign.
func (p *reader) clock() (int64, bool) {
	h, n := p.number(2)
	if n == 0 || h > 23 || !p.byte(':') {
		return 0, false
	}
	m, n := p.number(2)
	if n == 0 || m > 59 {
		return 0, false
	}
	t := h*Hour + m*Minute
	if !p.byte(':') {
		return t, true
	}
	s, n := p.number(2)
	if n == 0 || s > 59 {
		return 0, false
	}
	t += s * Second
	if !p.byte('.') {
		return t, true
	}
	f, n := p.number(7)
	if n == 0 {
		return 0, false
	}
	for ; n < 7; n++ {
		f *= 10
	}
	p.s = strings.TrimLeft(p.s, "0123456789")
	return t + f, true
}

// half applies AM or PM, where there is one, to a clock of 12 hours.
func (p *reader) half(clock int64) (int64, bool) {
	q := *p
	q.spaces()
	pm := strings.EqualFold(firstLetters(q.s), "pm")
	if !pm && !strings.EqualFold(firstLetters(q.s), "am") {
		return clock, true
	}
	p.s = q.s[2:]
	hour := clock / Hour
	if hour < 1 || hour > 12 {
		return 0, false
	}
	clock %= 12 * Hour
	if pm {
		clock += 12 * Hour
	}
	return clock, true
}

// firstLetters is the run of letters that s begins with.
func firstLetters(s string) string {
	p := reader{s: s}
	return p.word()
}

// zone reads an offset from UTC.
func (p *reader) zone() (int64, bool) {
	if w := p.word(); w != "" {
		return 0, strings.EqualFold(w, "Z") || strings.EqualFold(w, "GMT") || strings.EqualFold(w, "UTC")
	}
	sign := int64(1)
	if p.byte('-') {
		sign = -1
	} else if !p.byte('+') {
		return 0, false
	}
	h, n := p.number(2)
	if n == 0 {
		return 0, false
	}
	var m int64
	if p.byte(':') || n == 2 && !p.done() {
		if m, n = p.number(2); n != 2 {
			return 0, false
		}
	}
	offset := h*Hour + m*Minute
	return sign * offset, m < 60 && offset <= 14*Hour
}

// isName reports whether w is one of names or its first three letters.
func isName(w string, names ...string) bool {
	for _, n := range names {
		if strings.EqualFold(w, n) || strings.EqualFold(w, n[:3]) {
			return true
		}
	}
	return false
}

// monthOf is the number of a month by its English name, long or short; else 0.
func monthOf(w string) int64 {
	for i, n := range [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"} {
		if isName(w, n) {
			return int64(i + 1)
		}
	}
	return 0
}
