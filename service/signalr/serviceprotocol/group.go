package serviceprotocol

// Messages about groups.

// JoinGroup (type 11) puts a connection into a group.
type JoinGroup struct {
	ConnectionID string
	Group        string
	Ext
}

// Append implements Message.
func (m *JoinGroup) Append(b []byte) []byte { return appendMessage(b, 11, m) }

func (m *JoinGroup) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.text(&m.Group)
	c.ext(&m.Ext)
}

// LeaveGroup (type 12) takes it out.
type LeaveGroup struct {
	ConnectionID string
	Group        string // "" is all
	Ext
}

// Append implements Message.
func (m *LeaveGroup) Append(b []byte) []byte { return appendMessage(b, 12, m) }

func (m *LeaveGroup) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.textOrNil(&m.Group)
	c.ext(&m.Ext)
}

// UserJoinGroup (type 16) puts the connections of a user into a group, for Ext.TTL.
type UserJoinGroup struct {
	User  string
	Group string
	Ext
}

// Append implements Message.
func (m *UserJoinGroup) Append(b []byte) []byte { return appendMessage(b, 16, m) }

func (m *UserJoinGroup) fields(c *coder) {
	c.text(&m.User)
	c.text(&m.Group)
	c.ext(&m.Ext)
}

// UserLeaveGroup (type 17) takes them out.
type UserLeaveGroup struct {
	User  string
	Group string // "" is all
	Ext
}

// Append implements Message.
func (m *UserLeaveGroup) Append(b []byte) []byte { return appendMessage(b, 17, m) }

func (m *UserLeaveGroup) fields(c *coder) {
	c.text(&m.User)
	c.textOrNil(&m.Group)
	c.ext(&m.Ext)
}

// JoinGroupWithAck (type 18) is JoinGroup that is answered.
type JoinGroupWithAck struct {
	ConnectionID string
	Group        string
	AckID        int
	Ext
}

// Append implements Message.
func (m *JoinGroupWithAck) Append(b []byte) []byte { return appendMessage(b, 18, m) }

func (m *JoinGroupWithAck) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.text(&m.Group)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// LeaveGroupWithAck (type 19) is LeaveGroup that is answered.
type LeaveGroupWithAck struct {
	ConnectionID string
	Group        string // "" is all
	AckID        int
	Ext
}

// Append implements Message.
func (m *LeaveGroupWithAck) Append(b []byte) []byte { return appendMessage(b, 19, m) }

func (m *LeaveGroupWithAck) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.textOrNil(&m.Group)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// UserJoinGroupWithAck (type 26) is UserJoinGroup that is answered.
type UserJoinGroupWithAck struct {
	User  string
	Group string
	AckID int
	Ext
}

// Append implements Message.
func (m *UserJoinGroupWithAck) Append(b []byte) []byte { return appendMessage(b, 26, m) }

func (m *UserJoinGroupWithAck) fields(c *coder) {
	c.text(&m.User)
	c.text(&m.Group)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// UserLeaveGroupWithAck (type 27) is UserLeaveGroup that is answered.
type UserLeaveGroupWithAck struct {
	User  string
	Group string // "" is all
	AckID int
	Ext
}

// Append implements Message.
func (m *UserLeaveGroupWithAck) Append(b []byte) []byte { return appendMessage(b, 27, m) }

func (m *UserLeaveGroupWithAck) fields(c *coder) {
	c.text(&m.User)
	c.textOrNil(&m.Group)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}
