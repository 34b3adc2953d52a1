// Package urlerr words the errors of HTTP clients without the URL, whose query may
// hold a signature.
package urlerr

import (
	"errors"
	"net/url"
)

// Cause drops the URL from an error of net/http; other errors are as they were.
func Cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
