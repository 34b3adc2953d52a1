package regex

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// Regexp is a compiled expression. It is safe for concurrent use.
type Regexp struct {
	re *regexp.Regexp
	// prog is set when the expression has \b or \B: text beyond ASCII is matched
	// by it, since Go's know ASCII alone.
	prog *syntax.Prog
}

// Compile reads an expression.
func Compile(expr string) (*Regexp, error) {
	re2, boundary, err := Translate(expr)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(re2)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, err)
	}
	r := &Regexp{re: re}
	if boundary {
		if r.prog, err = program(re2); err != nil {
			return nil, fmt.Errorf("regular expression %q: %w", expr, err)
		}
	}
	return r, nil
}

// RE2 is what Translate gives.
func (r *Regexp) RE2() (re2 string, boundary bool) { return r.re.String(), r.prog != nil }

// Size is the number of instructions that a program for r has, where a class of
// characters is one.
func (r *Regexp) Size() int {
	prog, err := program(r.re.String())
	if err != nil {
		return 0
	}
	return len(prog.Inst)
}

func program(re2 string) (*syntax.Prog, error) {
	tree, err := syntax.Parse(re2, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return syntax.Compile(tree.Simplify())
}

// Groups is the number of capturing groups.
func (r *Regexp) Groups() int { return r.re.NumSubexp() }

// Group is the number of the group with a name, or -1.
func (r *Regexp) Group(name string) int { return r.re.SubexpIndex(name) }

// Match reports whether s has a match.
func (r *Regexp) Match(s string) bool {
	if r.own(s) {
		return r.match(s, 0) != nil
	}
	return r.re.MatchString(s)
}

// Find is the first match, pairs of offsets: of the whole and of every group, -1
// for one that took no part; nil without a match.
func (r *Regexp) Find(s string) []int {
	if r.own(s) {
		return r.match(s, 0)
	}
	return r.re.FindStringSubmatchIndex(s)
}

// All is all matches that do not overlap, at most n of them unless n is negative.
// An empty match next to the one before is none.
func (r *Regexp) All(s string, n int) [][]int {
	if !r.own(s) {
		return r.re.FindAllStringSubmatchIndex(s, n)
	}
	var all [][]int
	for at, last := 0, -1; at <= len(s) && n != 0; {
		m := r.match(s, at)
		if m == nil {
			break
		}
		if m[1] > m[0] || m[0] != last {
			all = append(all, m)
			n--
		}
		last = m[1]
		if at = m[1]; m[1] == m[0] {
			_, size := utf8.DecodeRuneInString(s[at:])
			at += max(size, 1)
		}
	}
	return all
}

// own reports whether s is for match and not for Go's regexp.
func (r *Regexp) own(s string) bool {
	if r.prog == nil {
		return false
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// match runs the program over s from at on: all threads side by side, in the order
// of preference, so that its time is the text's length times the program's.
func (r *Regexp) match(s string, at int) []int {
	run := &threads{prog: r.prog, slots: 2 * (r.Groups() + 1), seen: make([]int, len(r.prog.Inst))}
	var best []int
	var now []thread
	for step := 1; ; step++ {
		before, _ := utf8.DecodeLastRuneInString(s[:at])
		after, size := utf8.DecodeRuneInString(s[at:])
		if at == 0 {
			before = -1
		}
		if size == 0 {
			after = -1
		}
		run.at, run.step, run.empty = at, step, emptyOps(before, after)
		run.list = run.list[:0]
		for _, t := range now {
			run.add(t.pc, t.caps)
		}
		if best == nil {
			run.add(uint32(r.prog.Start), run.fresh())
		}
		now = now[:0]
		for _, t := range run.list {
			inst := &r.prog.Inst[t.pc]
			if inst.Op == syntax.InstMatch {
				best = append([]int(nil), t.caps...)
				best[1] = at
				break // the threads behind it are preferred less
			}
			if size > 0 && inst.MatchRune(after) {
				now = append(now, thread{inst.Out, t.caps})
			}
		}
		if size == 0 || len(now) == 0 && best != nil {
			return best
		}
		at += size
	}
}

type thread struct {
	pc   uint32
	caps []int
}

// threads collects the threads that wait for a character, or have matched.
type threads struct {
	prog  *syntax.Prog
	slots int
	seen  []int // the step in which an instruction was reached
	list  []thread
	at    int
	step  int
	empty syntax.EmptyOp
}

func (r *threads) fresh() []int {
	caps := make([]int, r.slots)
	for i := range caps {
		caps[i] = -1
	}
	caps[0] = r.at
	return caps
}

// add follows the instructions from pc that take no character.
func (r *threads) add(pc uint32, caps []int) {
	if r.seen[pc] == r.step {
		return
	}
	r.seen[pc] = r.step
	switch inst := &r.prog.Inst[pc]; inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		r.add(inst.Out, caps)
		r.add(inst.Arg, caps)
	case syntax.InstNop:
		r.add(inst.Out, caps)
	case syntax.InstCapture:
		if int(inst.Arg) < len(caps) {
			caps = append([]int(nil), caps...)
			caps[inst.Arg] = r.at
		}
		r.add(inst.Out, caps)
	case syntax.InstEmptyWidth:
		if syntax.EmptyOp(inst.Arg)&^r.empty == 0 {
			r.add(inst.Out, caps)
		}
	case syntax.InstFail:
	default:
		r.list = append(r.list, thread{pc, caps})
	}
}

// emptyOps are the assertions that hold between two characters; -1 is the end.
func emptyOps(before, after rune) syntax.EmptyOp {
	op := syntax.EmptyOpContext(before, after) &^ (syntax.EmptyWordBoundary | syntax.EmptyNoWordBoundary)
	if (before >= 0 && IsWord(before)) != (after >= 0 && IsWord(after)) {
		return op | syntax.EmptyWordBoundary
	}
	return op | syntax.EmptyNoWordBoundary
}
