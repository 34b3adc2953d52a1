package client

import (
	"errors"
	"net/url"
)

// withoutURL drops the URL from an error of net/http: its query may hold a
// signature.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
