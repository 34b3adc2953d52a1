package kql

// datetimeFunctions are the functions over points and spans of time. now and ago
// are constants of the plan and stand in coreFunctions.
var datetimeFunctions = []Function{
	{Name: "startofday", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{Of(Datetime), AnyInteger}, Min: 1, Returns: Datetime}}},
}
