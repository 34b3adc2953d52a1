package diagnostic

import "fmt"

// Refusal is a setting that the rules do not allow, with the message that Azure
// Monitor gives for it where one is known.
type Refusal struct { //nolint:errname // it is a refusal, and an error only to those who asked
	Reason  Reason
	Message string
}

// Reason is what kind of refusal it is.
type Reason uint8

// Reasons of refusals.
const (
	// Unacceptable is a setting that is wrong by itself or for its resource.
	Unacceptable Reason = iota
	// Conflicting is a setting that does not go with those there are.
	Conflicting
	// Missing is a resource or destination that does not exist.
	Missing
	// Unsupported is a resource type that has no diagnostic settings.
	Unsupported
)

func (r *Refusal) Error() string { return r.Message }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
