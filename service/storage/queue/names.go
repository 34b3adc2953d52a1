package queue

import "reslog/service/storage"

// Bounds of a queue's name, in characters.
const (
	shortestName = 3
	longestName  = 63
)

// checkName applies "Naming Queues and Metadata": 3 to 63 lower-case letters,
// digits and single hyphens, letters or digits at both ends.
func checkName(name string) error {
	if len(name) < shortestName || len(name) > longestName {
		return storage.ErrOutOfRangeInput
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(name)-1 && name[i-1] != '-':
		default:
			return storage.ErrInvalidResourceName
		}
	}
	return nil
}
