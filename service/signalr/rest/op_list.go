package rest

import (
	"encoding/base64"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// maxPage is the most that a page of a listing has, and what it has when nothing is asked.
const maxPage = 200

type memberPage struct {
	Value    []groupMember `json:"value"`
	NextLink string        `json:"nextLink,omitempty"`
}

type groupMember struct {
	ConnectionID string `json:"connectionId"`
	UserID       string `json:"userId,omitempty"`
}

// listGroup lists the connections of a group, in the order of their IDs.
func listGroup(c *call) error {
	size, there, err := c.integer("maxpagesize", 1, maxPage)
	if err != nil {
		return err
	}
	if !there {
		size = maxPage
	}
	left, there, err := c.integer("top", 1, math.MaxInt32)
	if err != nil {
		return err
	}
	if !there {
		left = math.MaxInt64
	}
	after := ""
	if token := c.query.get("continuationToken"); token != "" {
		var ok bool
		if after, left, ok = readContinuation(token); !ok {
			return bad("InvalidContinuationToken", "continuationToken", "The continuation token is not one of the service.")
		}
	}
	most := int(min(size, left))
	// One more tells whether there is another page.
	list, err := c.Hubs.Members(c.ctx, c.hub, c.group, after, most+1)
	if err != nil {
		return err
	}
	page := memberPage{Value: []groupMember{}}
	for _, m := range list[:min(most, len(list))] {
		page.Value = append(page.Value, groupMember{m.ID, m.User})
	}
	if left -= int64(len(page.Value)); len(list) > most && left > 0 {
		page.NextLink = c.next(continuation(list[most-1].ID, left))
	}
	c.answered = true
	writeJSON(c.w, c.route.Status, page)
	return nil
}

// next is the URL of this request with a continuation token.
func (c *call) next(token string) string {
	q := url.Values{}
	for name, values := range c.query {
		if name != "continuationtoken" {
			q[name] = values
		}
	}
	q.Set("continuationToken", token)
	return address(c.r) + "?" + q.Encode()
}

// continuation is the token of what follows a connection, of which so many are wanted.
func continuation(after string, left int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(left, 10) + " " + after))
}

func readContinuation(token string) (after string, left int64, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", 0, false
	}
	number, after, ok := strings.Cut(string(b), " ")
	if !ok || after == "" {
		return "", 0, false
	}
	left, ok = parseInteger(number)
	return after, left, ok && left > 0
}
