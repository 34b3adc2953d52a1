package serviceprotocol

// Claim is a claim of a client's token.
type Claim struct{ Type, Value string }

// ConnectionType is what a server connection is opened for.
type ConnectionType int

// The types of server connections. Weak ones send, and get no clients.
const (
	DefaultConnection ConnectionType = 0
	OnDemand          ConnectionType = 1
	Weak              ConnectionType = 2
)

// MigrationLevel is when clients may go over to another server.
type MigrationLevel int

// The levels.
const (
	MigrationOff          MigrationLevel = 0
	MigrationShutdownOnly MigrationLevel = 1
	MigrationAny          MigrationLevel = 2
)

// Status is the outcome that an Ack tells.
type Status int

// The outcomes.
const (
	StatusOK            Status = 1
	StatusNotFound      Status = 2
	StatusTimeout       Status = 3
	StatusInternalError Status = 4
	StatusForbidden     Status = 5
)

// Object is what a ServiceEvent is about.
type Object int

// The objects.
const (
	ObjectInstance         Object = 0
	ObjectConnection       Object = 1
	ObjectUser             Object = 2
	ObjectGroup            Object = 3
	ObjectServerConnection Object = 4
)

// Event is what a ServiceEvent tells of it.
type Event int

// The events.
const (
	EventReloading  Event = 0
	EventInvalid    Event = 1
	EventNotExisted Event = 2
	EventBufferFull Event = 3
)

// FlowKind is the side of the connection that ConnectionFlowControl is about.
type FlowKind int

// The sides.
const (
	FlowClient FlowKind = 1
	FlowServer FlowKind = 2
)

// FlowOperation is what ConnectionFlowControl does.
type FlowOperation int

// The operations.
const (
	FlowPause    FlowOperation = 1
	FlowPauseAck FlowOperation = 2
	FlowResume   FlowOperation = 3
	FlowOffline  FlowOperation = 4
)

// Headers of OpenConnection and CloseConnection that the service adds.
const (
	HeaderInstanceID  = "Asrs-Instance-Id"
	HeaderDiagnostic  = "Asrs-Is-Diagnostic-Client"
	HeaderMigrateTo   = "Asrs-Migrate-To"
	HeaderMigrateFrom = "Asrs-Migrate-From"
)

// number is an item that is one of a list of words.
func number[N ~int](c *coder, n *N) {
	i := int(*n)
	c.int(&i)
	*n = N(i)
}
