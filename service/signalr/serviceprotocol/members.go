package serviceprotocol

import "github.com/tinylib/msgp/msgp"

// Member is a connection in a group.
type Member struct{ ConnectionID, User string }

// AppendMembers appends the payload of the Ack to a GroupMemberQuery: connections, and
// where the next page begins, "" at the end.
func AppendMembers(b []byte, members []Member, continuationToken string) []byte {
	b = msgp.AppendArrayHeader(b, 2)
	b = msgp.AppendArrayHeader(b, uint32(len(members)))
	for _, m := range members {
		b = msgp.AppendArrayHeader(b, 2)
		b = msgp.AppendString(b, m.ConnectionID)
		b = appendOrNil(b, m.User)
	}
	return appendOrNil(b, continuationToken)
}

// ParseMembers reads what AppendMembers appends.
func ParseMembers(b []byte) (members []Member, continuationToken string, err error) {
	c := coder{reading: true, b: b}
	c.array()
	for n := c.array(); n > 0 && c.err == nil; n-- {
		items := c.array()
		var m Member
		if items > 0 {
			m.ConnectionID = c.readText()
		}
		if items > 1 {
			m.User = c.readText()
		}
		for ; items > 2 && c.err == nil; items-- {
			c.skip()
		}
		members = append(members, m)
	}
	continuationToken = c.readText()
	if c.err != nil {
		return nil, "", c.err
	}
	return members, continuationToken, nil
}

// array reads the header of an array.
func (c *coder) array() uint32 {
	n, rest, err := msgp.ReadArrayHeaderBytes(c.b)
	if c.fail(err) {
		return 0
	}
	c.b = rest
	return n
}

func appendOrNil(b []byte, s string) []byte {
	if s == "" {
		return msgp.AppendNil(b)
	}
	return msgp.AppendString(b, s)
}
