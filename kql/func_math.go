package kql

// mathFunctions are the functions over numbers.
var mathFunctions = []Function{
	{Name: "bin", Aliases: []string{"floor"}, Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{Of(Datetime), Of(Timespan)}, Min: 2, Returns: Datetime},
		{Params: []ParamType{Of(Timespan), Of(Timespan)}, Min: 2, Returns: Timespan},
		{Params: []ParamType{Of(Long), Of(Long)}, Min: 2, Returns: Long},
		{Params: []ParamType{Of(Real), Of(Real)}, Min: 2, Returns: Real},
	}},
}
