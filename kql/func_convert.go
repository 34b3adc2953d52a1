package kql

// convertFunctions are the functions to…; the binder inserts calls of these for
// the conversions that the language makes by itself.
var convertFunctions = []Function{
	{Name: "tostring", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: String}}},
	{Name: "toint", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Int}}},
	{Name: "tolong", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Long}}},
	{Name: "toreal", Aliases: []string{"todouble"}, Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Real}}},
}
