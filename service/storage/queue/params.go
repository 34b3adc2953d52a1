package queue

import (
	"strconv"
	"time"

	"reslog/service/storage"
)

// Bounds of what a request may ask for. Times are in seconds.
//
// Source: REST API reference, "Get Messages", "Put Message", "Update Message".
const (
	maxMessages = 32
	week        = 7 * 24 * 60 * 60
	twoHours    = 2 * 60 * 60 // the longest visibility timeout before 2011-08-18

	defaultHidden = 30 // of messages that were got
	maxSeconds    = 1<<31 - 1

	// maxReceipt bounds a pop receipt, in bytes.
	maxReceipt = 256
)

// number reads a query parameter that is a whole number between lowest and
// highest; absent it is otherwise.
func number(c *storage.Call, name string, otherwise, lowest, highest int) (int, error) {
	v := c.Query.Get(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	switch {
	case err != nil:
		return 0, storage.InvalidQuery(name, v, "Not a whole number of 32 bits.")
	case int(n) < lowest, int(n) > highest:
		return 0, storage.OutOfRangeQuery(name, v, lowest, highest)
	}
	return int(n), nil
}

// after returns the time that many seconds after the request.
func after(c *storage.Call, seconds int) time.Time {
	return c.Now.Add(time.Duration(seconds) * time.Second)
}

// receipt reads the pop receipt of a request. It must have the form of one, which
// is base64 of either alphabet.
func receipt(c *storage.Call) (string, error) {
	v := c.Query.Get("popreceipt")
	if v == "" {
		return "", storage.MissingQuery("popreceipt")
	}
	if !isReceipt(v) {
		return "", storage.InvalidQuery("popreceipt", v, "Invalid pop receipt format")
	}
	return v, nil
}

func isReceipt(s string) bool {
	if len(s)%4 != 0 || len(s) > maxReceipt {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/', c == '-', c == '_':
		case c == '=' && i >= len(s)-2 && s[len(s)-1] == '=':
		default:
			return false
		}
	}
	return true
}
