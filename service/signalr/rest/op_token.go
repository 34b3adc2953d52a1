package rest

import (
	"net/http"
	"time"
)

// How long a token of :generateToken is good, in minutes: if nothing is said, and at most.
const (
	defaultMinutes = 60
	maxMinutes     = 366 * 24 * 60
)

// generateToken makes a token with which a client connects.
func generateToken(c *call) error {
	minutes, there, err := c.integer("minutesToExpire", 1, maxMinutes)
	if err != nil {
		return err
	}
	if !there {
		minutes = defaultMinutes
	}
	token, err := c.Token(c.r, c.hub, c.query.get("userId"), nil, time.Duration(minutes)*time.Minute)
	if err != nil {
		return err
	}
	c.answered = true
	writeJSON(c.w, c.route.Status, struct {
		Token string `json:"token"`
	}{token})
	return nil
}

// accessKey hands out a key that signs tokens of clients, to application servers that do
// not know one.
func accessKey(c *call) error {
	if c.AccessKey == nil {
		return &failure{status: http.StatusForbidden, code: "Forbidden", message: "The service gives out no access keys."}
	}
	key, id, refused := c.AccessKey(c.r)
	if refused != nil {
		return &refusedError{refused}
	}
	c.answered = true
	c.w.Header().Set("Cache-Control", "no-store")
	writeJSON(c.w, c.route.Status, struct {
		AccessKey string `json:"AccessKey"`
		KeyID     string `json:"KeyId"`
	}{key, id})
	return nil
}
