package syntax

import "strings"

// Near returns the candidate that was probably meant by a name that is not among
// them, or an empty string: the one with the fewest changed, missing, additional
// or swapped letters, of which a third of the name may be wrong. A name that is
// right but for the case of letters is the nearest.
func Near(name string, candidates []string) string {
	limit := (len(name) + 2) / 3
	best, least := "", limit+1
	if len(name) > 64 {
		return ""
	}
	lower := strings.ToLower(name)
	for _, c := range candidates {
		if c == name || len(c)-len(name) > limit || len(name)-len(c) > limit {
			continue
		}
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(lower, strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of letters to change, add, take away or swap with the
// next one to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
