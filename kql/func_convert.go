package kql

// convertFunctions are the functions to…; the binder inserts calls of these for
// the conversions that the language makes by itself.
var convertFunctions = []Function{
	{Name: "tostring", Naming: NameFirst, Signatures: toType(String)},
	{Name: "toint", Naming: NameFirst, Signatures: toType(Int)},
	{Name: "tolong", Naming: NameFirst, Signatures: toType(Long)},
	{Name: "toreal", Aliases: []string{"todouble"}, Naming: NameFirst, Signatures: toType(Real)},
	{Name: "todecimal", Naming: NameFirst, Signatures: toType(Decimal)},
	{Name: "tobool", Aliases: []string{"toboolean"}, Naming: NameFirst, Signatures: toType(Bool)},
	{Name: "todatetime", Naming: NameFirst, Signatures: toType(Datetime)},
	{Name: "totimespan", Aliases: []string{"totime"}, Naming: NameFirst, Signatures: toType(Timespan)},
	{Name: "toguid", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{Of(String, Dynamic)}, Min: 1, Returns: Guid}}},
	{Name: "tohex", Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{Of(Int), Of(Long)}, Min: 1, Returns: String},
		{Params: []ParamType{Of(Long), Of(Long)}, Min: 1, Returns: String},
	}},
	{Name: "gettype", Naming: NamePrefix, Prefix: "type", Signatures: toType(String)},
	{Name: "format_bytes", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{Of(Real), Of(Long), Of(String)}, Min: 1, Returns: String}}},
}

// toType is a function of any scalar.
func toType(t Type) []Signature {
	return []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: t}}
}
