package serviceprotocol

import "reslog/service/signalr/payload"

// Messages that bring something to clients.

// MultiConnectionData (type 7) is for these connections.
type MultiConnectionData struct {
	ConnectionIDs []string
	Payloads      Payloads
	Ext
}

// Append implements Message.
func (m *MultiConnectionData) Append(b []byte) []byte { return appendMessage(b, 7, m) }

func (m *MultiConnectionData) fields(c *coder) {
	c.texts(&m.ConnectionIDs)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
}

// UserData (type 8) is for all connections of a user.
type UserData struct {
	User     string
	Payloads Payloads
	Ext
}

// Append implements Message.
func (m *UserData) Append(b []byte) []byte { return appendMessage(b, 8, m) }

func (m *UserData) fields(c *coder) {
	c.text(&m.User)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
}

// MultiUserData (type 9) is for all connections of users.
type MultiUserData struct {
	Users    []string
	Payloads Payloads
	Ext
}

// Append implements Message.
func (m *MultiUserData) Append(b []byte) []byte { return appendMessage(b, 9, m) }

func (m *MultiUserData) fields(c *coder) {
	c.texts(&m.Users)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
}

// BroadcastData (type 10) is for all connections but these.
type BroadcastData struct {
	Excluded []string
	Payloads Payloads
	Ext
}

// Append implements Message.
func (m *BroadcastData) Append(b []byte) []byte { return appendMessage(b, 10, m) }

func (m *BroadcastData) fields(c *coder) {
	c.texts(&m.Excluded)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
}

// GroupBroadcastData (type 13) is for those in a group.
type GroupBroadcastData struct {
	Group    string
	Excluded []string
	Payloads Payloads
	Ext
	ExcludedUsers []string
	CallerUser    string
}

// Append implements Message.
func (m *GroupBroadcastData) Append(b []byte) []byte { return appendMessage(b, 13, m) }

func (m *GroupBroadcastData) fields(c *coder) {
	c.text(&m.Group)
	c.texts(&m.Excluded)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
	c.texts(&m.ExcludedUsers)
	c.textOrNil(&m.CallerUser)
}

// MultiGroupBroadcastData (type 14) is for those in groups.
type MultiGroupBroadcastData struct {
	Groups   []string
	Payloads Payloads
	Ext
}

// Append implements Message.
func (m *MultiGroupBroadcastData) Append(b []byte) []byte { return appendMessage(b, 14, m) }

func (m *MultiGroupBroadcastData) fields(c *coder) {
	c.texts(&m.Groups)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
}

// ClientInvocation (type 34) asks a client for a result.
type ClientInvocation struct {
	InvocationID   string
	ConnectionID   string
	CallerServerID string
	Payloads       Payloads
	Ext
}

// Append implements Message.
func (m *ClientInvocation) Append(b []byte) []byte { return appendMessage(b, 34, m) }

func (m *ClientInvocation) fields(c *coder) {
	c.text(&m.InvocationID)
	c.text(&m.ConnectionID)
	c.text(&m.CallerServerID)
	c.payloads(&m.Payloads)
	c.ext(&m.Ext)
}

// ClientCompletion (type 35) is the result: Data is the client's message, framed.
type ClientCompletion struct {
	InvocationID   string
	ConnectionID   string
	CallerServerID string
	Protocol       payload.Protocol
	Data           []byte
	Ext
}

// Append implements Message.
func (m *ClientCompletion) Append(b []byte) []byte { return appendMessage(b, 35, m) }

func (m *ClientCompletion) fields(c *coder) {
	c.text(&m.InvocationID)
	c.text(&m.ConnectionID)
	c.text(&m.CallerServerID)
	c.text((*string)(&m.Protocol))
	c.bytes(&m.Data)
	c.ext(&m.Ext)
}

// ErrorCompletion (type 36) says why there is no result.
type ErrorCompletion struct {
	InvocationID   string
	ConnectionID   string
	CallerServerID string
	Error          string
	Ext
}

// Append implements Message.
func (m *ErrorCompletion) Append(b []byte) []byte { return appendMessage(b, 36, m) }

func (m *ErrorCompletion) fields(c *coder) {
	c.text(&m.InvocationID)
	c.text(&m.ConnectionID)
	c.text(&m.CallerServerID)
	c.text(&m.Error)
	c.ext(&m.Ext)
}

// ServiceMapping (type 37) tells which instance of the service asks.
type ServiceMapping struct {
	InvocationID string
	ConnectionID string
	InstanceID   string
	Ext
}

// Append implements Message.
func (m *ServiceMapping) Append(b []byte) []byte { return appendMessage(b, 37, m) }

func (m *ServiceMapping) fields(c *coder) {
	c.text(&m.InvocationID)
	c.text(&m.ConnectionID)
	c.text(&m.InstanceID)
	c.ext(&m.Ext)
}
