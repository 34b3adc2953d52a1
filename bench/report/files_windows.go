package report

import "math"

// Files is how many files and connections a process may have open.
func Files() int { return math.MaxInt32 }
