package kql

// stringFunctions are the functions over text.
var stringFunctions = []Function{
	{Name: "strcat", Signatures: []Signature{{Params: []ParamType{Of(String)}, Min: 1, Variadic: true, Returns: String}}},
	{Name: "tolower", Signatures: []Signature{{Params: []ParamType{Of(String)}, Min: 1, Returns: String}}},
	{Name: "strlen", Naming: NameFunction, Signatures: []Signature{{Params: []ParamType{Of(String)}, Min: 1, Returns: Long}}},
}
