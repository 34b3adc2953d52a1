package serviceprotocol

// Messages about connections: of servers themselves, and of their clients.

// HandshakeRequest (type 1) begins a server connection.
type HandshakeRequest struct {
	Version        int
	ConnectionType ConnectionType
	Target         string // the instance that OnDemand asks for
	MigrationLevel MigrationLevel
	Ext
	AllowStatefulReconnects bool
}

// Append implements Message.
func (m *HandshakeRequest) Append(b []byte) []byte { return appendMessage(b, 1, m) }

func (m *HandshakeRequest) fields(c *coder) {
	c.int(&m.Version)
	number(c, &m.ConnectionType)
	c.text(&m.Target)
	number(c, &m.MigrationLevel)
	c.ext(&m.Ext)
	if c.reading || m.AllowStatefulReconnects {
		c.bool(&m.AllowStatefulReconnects)
	}
}

// HandshakeResponse (type 2) answers it: Error is "" for success.
type HandshakeResponse struct {
	Error string
	Ext
	ConnectionID string
}

// Append implements Message.
func (m *HandshakeResponse) Append(b []byte) []byte { return appendMessage(b, 2, m) }

func (m *HandshakeResponse) fields(c *coder) {
	c.text(&m.Error)
	c.ext(&m.Ext)
	c.textOrNil(&m.ConnectionID)
}

// OpenConnection (type 4) tells of a new client.
type OpenConnection struct {
	ConnectionID string
	Claims       []Claim
	Headers      map[string][]string
	Query        string // begins with '?'
	Ext
}

// Append implements Message.
func (m *OpenConnection) Append(b []byte) []byte { return appendMessage(b, 4, m) }

func (m *OpenConnection) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.claims(&m.Claims)
	c.headers(&m.Headers)
	c.text(&m.Query)
	c.ext(&m.Ext)
}

// CloseConnection (type 5) says that a client is gone, or is to go.
type CloseConnection struct {
	ConnectionID string
	Error        string
	Headers      map[string][]string
	Ext
}

// Append implements Message.
func (m *CloseConnection) Append(b []byte) []byte { return appendMessage(b, 5, m) }

func (m *CloseConnection) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.text(&m.Error)
	c.headers(&m.Headers)
	c.ext(&m.Ext)
}

// ConnectionData (type 6) carries bytes from or to a client.
type ConnectionData struct {
	ConnectionID string
	Data         []byte
	Ext
}

// Append implements Message.
func (m *ConnectionData) Append(b []byte) []byte { return appendMessage(b, 6, m) }

func (m *ConnectionData) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.bytes(&m.Data)
	c.ext(&m.Ext)
}

// ServiceError (type 15) tells a server what is wrong.
type ServiceError struct {
	Message string
}

// Append implements Message.
func (m *ServiceError) Append(b []byte) []byte { return appendMessage(b, 15, m) }

func (m *ServiceError) fields(c *coder) {
	c.text(&m.Message)
}

// ServiceEvent (type 22) tells a server what has happened.
type ServiceEvent struct {
	Object  Object
	ID      string
	Event   Event
	Message string
	Ext
}

// Append implements Message.
func (m *ServiceEvent) Append(b []byte) []byte { return appendMessage(b, 22, m) }

func (m *ServiceEvent) fields(c *coder) {
	number(c, &m.Object)
	c.text(&m.ID)
	number(c, &m.Event)
	c.text(&m.Message)
	c.ext(&m.Ext)
}

// AccessKeyRequest (type 28) asks for a key to sign clients' tokens with.
type AccessKeyRequest struct {
	Token string
	KeyID string
	Ext
}

// Append implements Message.
func (m *AccessKeyRequest) Append(b []byte) []byte { return appendMessage(b, 28, m) }

func (m *AccessKeyRequest) fields(c *coder) {
	c.text(&m.Token)
	c.textOrNil(&m.KeyID)
	c.ext(&m.Ext)
}

// AccessKeyResponse (type 29) answers it.
type AccessKeyResponse struct {
	KeyID        string
	AccessKey    string
	ErrorType    string
	ErrorMessage string
	Ext
}

// Append implements Message.
func (m *AccessKeyResponse) Append(b []byte) []byte { return appendMessage(b, 29, m) }

func (m *AccessKeyResponse) fields(c *coder) {
	c.text(&m.KeyID)
	c.text(&m.AccessKey)
	c.text(&m.ErrorType)
	c.text(&m.ErrorMessage)
	c.ext(&m.Ext)
}

// ConnectionReconnect (type 38) says that a client of stateful reconnect is back.
type ConnectionReconnect struct {
	ConnectionID string
	Ext
}

// Append implements Message.
func (m *ConnectionReconnect) Append(b []byte) []byte { return appendMessage(b, 38, m) }

func (m *ConnectionReconnect) fields(c *coder) {
	c.text(&m.ConnectionID)
	c.ext(&m.Ext)
}

// ConnectionFlowControl (type 39) pauses and resumes a connection.
type ConnectionFlowControl struct {
	ConnectionID   string
	ConnectionKind FlowKind
	Operation      FlowOperation
	Ext
}

// Append implements Message.
func (m *ConnectionFlowControl) Append(b []byte) []byte { return appendMessage(b, 39, m) }

func (m *ConnectionFlowControl) fields(c *coder) {
	c.text(&m.ConnectionID)
	number(c, &m.ConnectionKind)
	number(c, &m.Operation)
	c.ext(&m.Ext)
}
