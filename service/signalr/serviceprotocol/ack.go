package serviceprotocol

// Questions and orders that are answered by an Ack, and the Ack.

// Ack (type 20) answers the message with its ID.
type Ack struct {
	ID      int
	Status  Status
	Message string
	Ext
	Payload []byte // of GroupMemberQuery: see AppendMembers
}

// Append implements Message.
func (m *Ack) Append(b []byte) []byte { return appendMessage(b, 20, m) }

func (m *Ack) fields(c *coder) {
	c.int(&m.ID)
	number(c, &m.Status)
	c.text(&m.Message)
	c.ext(&m.Ext)
	if c.reading || m.Payload != nil {
		c.bytes(&m.Payload)
	}
}

// CheckUserInGroup (type 21) asks whether a user is in a group.
type CheckUserInGroup struct {
	User  string
	Group string
	AckID int
	Ext
}

// Append implements Message.
func (m *CheckUserInGroup) Append(b []byte) []byte { return appendMessage(b, 21, m) }

func (m *CheckUserInGroup) fields(c *coder) {
	c.text(&m.User)
	c.text(&m.Group)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// CheckGroupExistence (type 23) asks whether there is anybody in a group.
type CheckGroupExistence struct {
	Group string
	AckID int
	Ext
}

// Append implements Message.
func (m *CheckGroupExistence) Append(b []byte) []byte { return appendMessage(b, 23, m) }

func (m *CheckGroupExistence) fields(c *coder) {
	c.text(&m.Group)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// CheckConnectionExistence (type 24) asks whether there is a connection.
type CheckConnectionExistence struct {
	ConnectionID string
	AckID        int
	Ext
}

// Append implements Message.
func (m *CheckConnectionExistence) Append(b []byte) []byte { return appendMessage(b, 24, m) }

func (m *CheckConnectionExistence) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// CheckUserExistence (type 25) asks whether there is a connection of a user.
type CheckUserExistence struct {
	User  string
	AckID int
	Ext
}

// Append implements Message.
func (m *CheckUserExistence) Append(b []byte) []byte { return appendMessage(b, 25, m) }

func (m *CheckUserExistence) fields(c *coder) {
	c.text(&m.User)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// CloseConnectionWithAck (type 30) closes a connection.
type CloseConnectionWithAck struct {
	ConnectionID string
	Reason       string
	AckID        int
	Ext
}

// Append implements Message.
func (m *CloseConnectionWithAck) Append(b []byte) []byte { return appendMessage(b, 30, m) }

func (m *CloseConnectionWithAck) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.textOrNil(&m.Reason)
	c.int(&m.AckID)
	c.ext(&m.Ext)
}

// CloseConnectionsWithAck (type 31) closes all connections but these.
type CloseConnectionsWithAck struct {
	Reason   string
	AckID    int
	Excluded []string
	Ext
}

// Append implements Message.
func (m *CloseConnectionsWithAck) Append(b []byte) []byte { return appendMessage(b, 31, m) }

func (m *CloseConnectionsWithAck) fields(c *coder) {
	c.textOrNil(&m.Reason)
	c.int(&m.AckID)
	c.texts(&m.Excluded)
	c.ext(&m.Ext)
}

// CloseUserConnectionsWithAck (type 32) closes those of a user.
type CloseUserConnectionsWithAck struct {
	User     string
	Reason   string
	AckID    int
	Excluded []string
	Ext
}

// Append implements Message.
func (m *CloseUserConnectionsWithAck) Append(b []byte) []byte { return appendMessage(b, 32, m) }

func (m *CloseUserConnectionsWithAck) fields(c *coder) {
	c.text(&m.User)
	c.textOrNil(&m.Reason)
	c.int(&m.AckID)
	c.texts(&m.Excluded)
	c.ext(&m.Ext)
}

// CloseGroupConnectionsWithAck (type 33) closes those in a group.
type CloseGroupConnectionsWithAck struct {
	Group    string
	Reason   string
	AckID    int
	Excluded []string
	Ext
}

// Append implements Message.
func (m *CloseGroupConnectionsWithAck) Append(b []byte) []byte { return appendMessage(b, 33, m) }

func (m *CloseGroupConnectionsWithAck) fields(c *coder) {
	c.text(&m.Group)
	c.textOrNil(&m.Reason)
	c.int(&m.AckID)
	c.texts(&m.Excluded)
	c.ext(&m.Ext)
}

// GroupMemberQuery (type 40) asks who is in a group.
type GroupMemberQuery struct {
	Ext
	Group             string
	AckID             int
	Max               int // 0 is no limit
	ContinuationToken string
	MaxPageSize       int // 0 is not told
	Top               int // 0 is not told
}

// Append implements Message.
func (m *GroupMemberQuery) Append(b []byte) []byte { return appendMessage(b, 40, m) }

func (m *GroupMemberQuery) fields(c *coder) {
	c.ext(&m.Ext)
	c.text(&m.Group)
	c.int(&m.AckID)
	c.int(&m.Max)
	c.textOrNil(&m.ContinuationToken)
	if c.reading || m.MaxPageSize != 0 || m.Top != 0 {
		c.int(&m.MaxPageSize)
		c.int(&m.Top)
	}
}
