package archive

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

// blobIsSealed is a code that bloberror has no name for.
const blobIsSealed = bloberror.Code("BlobIsSealed")

// errForeign is of an answer that looks like a success and lacks what every blob
// service says: a page of something in between. Believed, it would show a blob of
// another length, and hide an append that took effect.
var errForeign = errors.New("the answer is none of a blob service: look what answers in its place")

// callError says which call of the account failed and how: it has neither the
// address nor anything of the query, where a shared access signature would be.
type callError struct {
	what      string // "append to insights-logs-…/PT1H.json"
	status    int    // 0 when there was no answer
	code      string
	requestID string
	cause     error // why there was no answer
}

func (e *callError) Error() string {
	if e.cause != nil {
		return e.what + ": " + e.cause.Error()
	}
	s := fmt.Sprintf("%s: the account answers %d %s", e.what, e.status, e.code)
	if e.requestID != "" {
		s += " (request " + e.requestID + ")"
	}
	if h := hint(e.status, e.code); h != "" {
		s += ": " + h
	}
	return s
}

func (e *callError) Unwrap() error { return e.cause }

// hint says what to do about a refusal.
func hint(status int, code string) string {
	switch {
	case code == string(bloberror.BlobImmutableDueToPolicy):
		return "its immutability policy must allow protected append writes"
	case code == string(bloberror.LeaseIDMissing):
		return "somebody holds a lease, break it"
	case code == string(bloberror.ContainerBeingDeleted):
		return "it can be made again in a moment"
	case code == string(bloberror.InsufficientAccountPermissions), status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "the credential must allow to list, read, create and append blobs, and to create containers"
	case strings.Contains(code, "NotSupported"), strings.Contains(code, "NotYetSupported"):
		return "the account must be one that holds append blobs, which standard accounts do"
	}
	return ""
}

// failed makes the error of a call of the SDK.
func failed(what string, err error) error {
	var re *azcore.ResponseError
	if errors.As(err, &re) {
		e := &callError{what: what, status: re.StatusCode, code: re.ErrorCode}
		if re.RawResponse != nil {
			e.requestID = re.RawResponse.Header.Get("X-Ms-Request-Id")
		}
		return e
	}
	var ue *url.Error // its text is the whole address
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if strings.Contains(err.Error(), "sig=") {
		err = errors.New("no answer, for a reason that names the address and is not shown")
	}
	return &callError{what: what, cause: err}
}

// notFound reports whether the account says that there is no such blob or
// container. A 404 without a reason is no such statement: anything in between
// could have made it.
func notFound(err error) bool {
	return hasStatus(err, http.StatusNotFound) && bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.ContainerNotFound)
}

func hasStatus(err error, status int) bool {
	var re *azcore.ResponseError
	return errors.As(err, &re) && re.StatusCode == status
}

// goOnError is of a failure after which it is known how to go on at once.
type goOnError struct{ err error }

func (e *goOnError) Error() string { return e.err.Error() }
func (e *goOnError) Unwrap() error { return e.err }

func mayGoOn(err error) bool {
	var g *goOnError
	return errors.As(err, &g)
}
