package kql

// Type is a type of the language.
type Type uint8

// The types. Unknown is that of an expression whose type does not matter yet,
// such as the untyped null; no column of a plan has it.
const (
	Unknown Type = iota
	Bool
	Int
	Long
	Real
	Decimal
	String
	Datetime
	Timespan
	Guid
	Dynamic
)

var typeNames = [...]string{"unknown", "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"}

// String returns the name that responses and schemas use.
func (t Type) String() string { return typeNames[t] }

// ParseType reads the name of a type as schemas and typeof write it, with its
// aliases: boolean, double, date, time, uniqueid and the like.
func ParseType(name string) (Type, bool) {
	switch name {
	case "bool", "boolean":
		return Bool, true
	case "int", "int32":
		return Int, true
	case "long", "int64":
		return Long, true
	case "real", "double":
		return Real, true
	case "decimal":
		return Decimal, true
	case "string":
		return String, true
	case "datetime", "date":
		return Datetime, true
	case "timespan", "time":
		return Timespan, true
	case "guid", "uuid", "uniqueid":
		return Guid, true
	case "dynamic", "object":
		return Dynamic, true
	}
	return Unknown, false
}

// IsInteger reports whether t is int or long.
func (t Type) IsInteger() bool { return t == Int || t == Long }

// IsNumber reports whether t is one of the four number types.
func (t Type) IsNumber() bool { return t.IsInteger() || t == Real || t == Decimal }

// IsOrdered reports whether < and sort take t; strings sort, but < refuses them.
func (t Type) IsOrdered() bool { return t != Dynamic && t != Unknown }
