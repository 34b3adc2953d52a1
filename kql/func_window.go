package kql

// windowFunctions look at other rows of a serialized relation. A call of one is a
// *WindowCall.
var windowFunctions = []Function{
	{Name: "row_number", Window: true, Signatures: []Signature{{Params: []ParamType{Of(Long), Of(Bool)}, Min: 0, Returns: Long}}},
	{Name: "prev", Window: true, Signatures: []Signature{{Params: []ParamType{AnyScalar, Of(Long), AnyScalar}, Min: 1, Same: 1, Alike: []int{0, 2}}}},
	{Name: "next", Window: true, Signatures: []Signature{{Params: []ParamType{AnyScalar, Of(Long), AnyScalar}, Min: 1, Same: 1, Alike: []int{0, 2}}}},
}
