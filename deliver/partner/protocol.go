package partner

import "reslog/deliver"

// protocol is what one partner's API demands. It makes one request after
// another, in memory that it uses again.
type protocol interface {
	// begin starts an empty request.
	begin()
	// add appends a record and returns how large the body has become. An error
	// means that this record can never be sent; the request is as it was.
	add(it *deliver.Item) (size int, err error)
	// undo takes the record out that was added last.
	undo()
	// encode returns the body.
	encode() ([]byte, error)
	// judge says what an answer means for the n records of the request.
	judge(a *answer, n int) judgement
	// release gives up the memory.
	release()
}

// judgement is what became of a request.
type judgement struct {
	verdict verdict
	err     error    // of all but stored
	each    []single // of mixed, in the order of the request
}

// verdict is what an answer says about the records of a request.
type verdict int

const (
	failed   verdict = iota // nothing is known, or nothing was stored: try again later
	stored                  // all records are
	mixed                   // each has a verdict of its own
	tooLarge                // nothing was stored: it may be in smaller requests
	refused                 // some record or other can never be taken
	unclear                 // some records were, some can never be taken, and nobody says which
)

// single is what became of one record of a request.
type single struct {
	verdict verdict // failed, stored or refused
	reason  string  // of refused: what the records are counted by
	err     error
}
