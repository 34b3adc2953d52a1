// Package syntax is the Kusto Query Language as text: lexer, parser, syntax tree
// and printer. It knows the grammar and nothing of tables, types or functions.
//
//	query, err := syntax.Parse("StorageBlobLogs | where StatusCode == '403' | count")
//
// Parse takes the whole grammar that queries of Log Analytics use, also the
// operators that a workspace refuses later, so that what is refused is named as
// what it is and not as a syntax error. Every node has a Span of the source. An
// *Error has the place, what was expected there and, where one is near, the name
// that was probably meant.
//
// Source of the grammar: the Kusto Query Language reference, "Query statements",
// "Tabular operators", "Scalar data types".
package syntax
