package scalar

import (
	"strings"
	"testing"

	"reslog/kql"
)

// Short names of argument types in the tables below.
const (
	tS = kql.String
	tL = kql.Long
	tD = kql.Dynamic
	tB = kql.Bool
)

type functionCase struct {
	name  string
	types []kql.Type
	args  []any
	want  any
}

func run(t *testing.T, cases []functionCase) {
	t.Helper()
	for _, c := range cases {
		if got := call(t, c.name, c.types, c.args...); !equal(got, c.want) {
			t.Errorf("%s(%q) is %#v, want %#v", c.name, c.args, got, c.want)
		}
	}
}

// c makes a case: the types are those of the arguments, a dynamic being a Value's
// text in a d.
func c(name string, want any, args ...any) functionCase {
	out := functionCase{name: name, want: want}
	if d, ok := want.(d); ok {
		out.want = string(d)
	}
	if n, ok := want.(int); ok {
		out.want = int64(n)
	}
	for _, a := range args {
		switch a := a.(type) {
		case d:
			out.types, out.args = append(out.types, tD), append(out.args, string(a))
		case nil:
			out.types, out.args = append(out.types, tD), append(out.args, nil)
		case string:
			out.types, out.args = append(out.types, tS), append(out.args, a)
		case int:
			out.types, out.args = append(out.types, tL), append(out.args, int64(a))
		case bool:
			out.types, out.args = append(out.types, tB), append(out.args, a)
		}
	}
	return out
}

// d is the text of a dynamic.
type d string

func TestStringFunctions(t *testing.T) {
	run(t, []functionCase{
		c("substring", "", "hello", 1, -1), c("substring", "", "hello", 0, 0), c("substring", "", "abc", 10, 5),
		c("substring", "ll", "hello", -3, 2), c("substring", "", "hello", -100, 3), c("substring", "def", "abcdef", 3), c("substring", "ef", "abcdef", -2),
		c("substring", "xy", "xy", -2), c("substring", "", "", -3), c("substring", "👨", "👨‍👩‍👧", 0, 1), c("substring", "é", "aéb", 1, 1), c("substring", "fghij", "abcdefghij", 5, 100),
		c("strlen", 5, "👨‍👩‍👧"), c("string_size", 18, "👨‍👩‍👧"), c("reverse", "olle𝓗", "𝓗ello"), c("reverse", "", ""),
		c("indexof", 4, "back\\slash", "\\"), c("indexof", -1, "", "a"), c("indexof", 3, "a'b'c", "'", 2), c("indexof", -1, "'start", "'", 2),
		c("indexof", 2, "abcdefg", "cde", 1, 4), c("indexof", -1, "abcdefg", "cde", 1, 2), c("indexof", -1, "abcdefg", "cde", 3, 4), c("indexof", 2, "abcdefg", "cde", -5),
		c("indexof", 9, "abcdefgabcdefg", "cde", 1, 10, 2), c("indexof", nil, "a", "a", 0, -2), c("indexof", nil, "a", "a", 0, 1, -1), c("indexof", 2, "ééé", "é", 0, -1, 3),
		c("indexof", -1, "abc", "c", 7), c("indexof", 0, "abc", "a", -9),
		c("countof", 3, "The cat sat on the mat", "at"), c("countof", 3, "aaaa", "aa"), c("countof", 0, "abc", ""), c("countof", 2, "ababa", "aba"),
		c("countof", 1, "ababa", "aba", "regex"), c("countof", 2, "abcabc", "a.c", "regex"), c("countof", 2, "ababa", "aba", "normal"), c("countof", 0, "a", "(", "regex"),
		c("translate", "kusto", "krasp", "otsku", "spark"), c("translate", "xxx", "abc", "x", "abc"), c("translate", "", "abc", "", "ab"),
		c("replace_string", "XYbcXYbc", "abcabc", "a", "XY"), c("replace_string", "abc", "abc", "", "_"), c("replace_string", "", "", "a", "b"),
		c("replace_strings", "This was an", "This is an", d(`["This","is"]`), d(`["This","was"]`)), c("replace_strings", "Thwas was an", "This is an", d(`["is","This"]`), d(`["was","This"]`)),
		c("replace_strings", "This was", "This is", d(`["This","is"]`), d(`[1,"was"]`)), c("replace_strings", "a", "a", d(`["a"]`), d(`[]`)),
		c("split", d(`["a","","b"]`), "a,,b", ","), c("split", d(`[""]`), "", ","), c("split", d(`["b"]`), "a,b", ",", 1), c("split", nil, "a,b", ",", 2), c("split", nil, "a,b", ",", -1),
		c("split", d(`["one\ntwo"]`), "one\ntwo", "\r\n"), c("split", d(`["abc"]`), "abc", ""),
		c("strcat_array", "1->2", d(`[1,2]`), "->"), c("strcat_array", "a|||b", d(`["a",null,"","b"]`), "|"), c("strcat_array", ",", d(`[null,null]`), ","), c("strcat_array", "", d(`[]`), ","), c("strcat_array", "", d(`{}`), ","),
		c("strrep", "ababab", "ab", 3), c("strrep", "a-a", "a", 2, "-"), c("strrep", "", "a", 0), c("strrep", "", "a", -3), c("strrep", strings.Repeat("a", 1024), "a", 100000),
		c("strrep", strings.Repeat("é", MaxText/2), strings.Repeat("é", 300_000), 5),
		c("strcat", "ab", "a", "", "b"), c("strcmp", -1, "ABC", "abc"), c("strcmp", 1, "where", "kw"), c("strcmp", 0, "é", "é"),
		c("isascii", true, "abc"), c("isascii", false, "abé"),
		c("has_any_index", 1, "alpha_beta", d(`["alp","BETA"]`)), c("has_any_index", -1, "alphabeta", d(`["alpha"]`)), c("has_any_index", -1, "a", nil), c("has_any_index", 0, "a", d(`[""]`)),
		c("has_any_index", 0, "CAFÉ au", d(`["café"]`)), c("has_any_index", -1, "decafé", d(`["café"]`)), c("has_any_index", 0, "v 1.2.3", d(`["2.3"]`)),
		c("unicode_codepoints_from_string", d(`[9382,75]`), "⒦K"), c("unicode_codepoints_from_string", d(`[]`), ""),
		c("unicode_codepoints_to_string", "Kusto", d(`[75,117,115]`), d(`116`), d(`111`)), c("unicode_codepoints_to_string", "a", d(`97`), nil, d(`-1`)),
		c("toupper", "МИР", "мир"), c("tolower", "ångström", "ÅNGSTRÖM"),
	})
}

func TestRegexFunctions(t *testing.T) {
	run(t, []functionCase{
		c("trim", " pad ", "\\s", "  pad  "), c("trim", "nbsp", "\\s", "\u00a0nbsp\u00a0"), c("trim", "x", "x", "xxx"), c("trim", "", "x", "x"), c("trim", "Te st1", `[^\w]+`, "-  Te st1// $"), c("trim", "a", "(", "a"),
		c("trim_start", "xabcxx", "x", "xxabcxx"), c("trim_end", "trailing  ", " ", "trailing   "), c("trim_end", "bing", ".com", "bing.com"), c("trim_start", "Hello  ", `\s+`, "  Hello  "),
		c("extract", "al", `key:.?(\w+)`, 1, "key:val"), c("extract", "", "b", 0, "a"), c("extract", "", "(a)|b", 1, "b"), c("extract", "", "a", 5, "a"), c("extract", "", "a", -1, "a"), c("extract", "", "(", 0, "("),
		c("extract_all", d(`["82","b8"]`), `([\da-f]{2})`, "82b8"), c("extract_all", nil, `(\d)`, "x"), c("extract_all", d(`[["a","1"],["b",""]]`), `([a-z])(\d)?`, "a1b"), c("extract_all", nil, "a", "a"),
		c("extract_all", d(`[["8","d"]]`), `(\w)(\w+)(\w)`, d(`[1,3]`), "82bd"), c("extract_all", d(`["8"]`), `(?P<first>\w)(\w+)`, d(`["first"]`), "82"), c("extract_all", nil, `(\w)`, d(`[4]`), "82"),
		c("extract_all", d(`["１","２"]`), `(\d)`, "ＡＢ１２"),
		c("replace_regex", "Number was: 1", "Number is 1", `is (\d+)`, `was: \1`), c("replace_regex", "-a-b-", "ab", "", "-"), c("replace_regex", `x\a`, "a", "a", `x\\\0`), c("replace_regex", "aa", "a", "a", `\0\0`), c("replace_regex", "", "a", "a", `\7`),
		c("replace_regex", "a", "a", "(", "b"),
		c("indexof_regex", 0, "abcabc", "a.c"), c("indexof_regex", 3, "abcabcdefg", "a.c", 0, 9, 2), c("indexof_regex", -1, "abcabc", "a.c", 1, -1, 2), c("indexof_regex", -1, "ababaa", "a.a", 0, -1, 2), c("indexof_regex", nil, "abcabc", "a|ab", -1),
		c("matches regex", true, "ＡＢ１２", `\d`), c("matches regex", false, "AB", `\d`), c("matches regex", false, "AB", `(`), c("matches regex", true, "café", `.*é$`),
		c("regex_quote", `\(so\$me\.Te\^xt\)`, "(so$me.Te^xt)"),
	})
}

func TestRegexOutputIsBounded(t *testing.T) {
	long := strings.Repeat("a", 100_000)
	for _, f := range []functionCase{
		c("replace_regex", nil, long, "a", long), c("replace_string", nil, long, "a", long),
		c("replace_strings", nil, long, d(`["a"]`), d(`["`+long+`"]`)), c("strcat_array", nil, d("["+strings.Repeat(`"",`, 1000)+`""]`), long),
	} {
		got, _ := call(t, f.name, f.types, f.args...).(string)
		if len(got) != MaxText {
			t.Errorf("%s gives %d bytes", f.name, len(got))
		}
	}
}

func TestManyExpressionsAreForgotten(t *testing.T) {
	e := newExpressions()
	for i := range 3 * maxCompiled {
		if re := e.get(strings.Repeat("a", i+1)); re == nil || len(e.kept) > maxCompiled {
			t.Fatalf("expression %d: %v, %d kept", i, re, len(e.kept))
		}
	}
}

func TestDynamicFunctions(t *testing.T) {
	run(t, []functionCase{
		c("parse_json", nil, "null"), c("parse_json", nil, ""), c("parse_json", d(`"not json"`), "not json"), c("parse_json", d(`"{'a': 'b'}"`), "{'a': 'b'}"), c("parse_json", d(`" "`), " "), c("parse_json", d("123"), "123"),
		c("parse_json", d(`{"x":1000.0,"z":1e-7}`), `{"x": 1e3, "z": 0.0000001}`), c("parse_json", d(`"hello"`), `"hello"`), c("parse_json", d(`[1,2]`), "[1, 2]"), c("parse_json", d(`"{\"a\":\"3\t\"}"`), "{\"a\":\"3\t\"}"),
		c("dynamic_to_json", `{"a":1,"b":{"c":3,"d":[{"x":1,"y":2}]}}`, d(`{"b":{"d":[{"y":2,"x":1}],"c":3},"a":1}`)), c("dynamic_to_json", "", nil), c("dynamic_to_json", `"a"`, d(`"a"`)),
		c("extract_json", "13", "$.hosts[1].n", `{"hosts":[{"n":1},{"n":13}]}`), c("extract_json", "b", "$['a b'].c", `{"a b":{"c":"b"}}`), c("extract_json", "", "$.x", `{"a":1}`), c("extract_json", "", "a", `{"a":1}`), c("extract_json", "", "$.a", "no"),
		c("extract_json", `{"b":1}`, "$.a", `{"a":{"b":1}}`), c("extract_json", "", "$..a", `{"a":1}`), c("extract_json", "", "$[x]", `[1]`), c("extract_json", "", "$['a", `{}`), c("extract_json", "", "$[1", `[]`),
		c("treepath", d(`["['a']","['a']['b']","['a']['b']['c']","['x']"]`), d(`{"a":{"b":{"c":1}},"x":2}`)),
		c("treepath", d(`["['l']","['l'][0]","['l'][0]['x']","['l'][0]['y']"]`), d(`{"l":[1,{"x":1},{"x":2,"y":3}]}`)), c("treepath", nil, d("1")),
		c("zip", d(`[[1,2],[3,4]]`), d("[1,3]"), d("[2,4]")), c("zip", d(`[["A",{}],[1,"B"],[1.5,null]]`), d(`["A",1,1.5]`), d(`[{},"B"]`)), c("zip", nil, d("[1]"), nil),
		c("bag_pack", d(`{"a":1,"b":null}`), d(`"a"`), d("1"), d(`"b"`), nil), c("bag_pack_filled", d(`{"a":1}`), d(`"a"`), d("1"), d(`"b"`), nil, d(`"c"`), d(`""`)), c("pack_array", d(`[1,null,"x"]`), d("1"), nil, d(`"x"`)),
		c("bag_keys", d(`["a","c"]`), d(`{"a":"b","c":{"d":1}}`)), c("bag_keys", nil, nil), c("bag_keys", d(`[]`), d(`{}`)), c("bag_keys", nil, d(`"a"`)), c("bag_keys", nil, d(`[]`)),
		c("bag_has_key", true, d(`{"key2":{"prop1":"abc"}}`), "$.key2.prop1"), c("bag_has_key", false, d(`{"a":1}`), "b"), c("bag_has_key", true, d(`{"a":null}`), "a"), c("bag_has_key", nil, d(`[]`), "a"), c("bag_has_key", true, d(`{"a":[1]}`), "$.a[0]"), c("bag_has_key", false, d(`{"a":[1]}`), "$.a[1]"),
		c("bag_merge", d(`{"a":1,"b":2,"c":4}`), d(`{"a":1,"b":2}`), d(`{"b":3,"c":4}`)), c("bag_merge", d(`{"k":1}`), d(`{"k":1}`), nil), c("bag_merge", nil, nil, d("[1]")),
		c("bag_remove_keys", d(`{"key1":123}`), d(`{"key1":123,"key2":"abc"}`), d(`["key2","key4"]`)), c("bag_remove_keys", d(`{"key2":{"prop2":"xyz"}}`), d(`{"key2":{"prop1":"abc","prop2":"xyz"},"key3":[1]}`), d(`["$.key2.prop1","key3"]`)),
		c("bag_remove_keys", nil, nil, d(`["a"]`)), c("bag_remove_keys", d(`{"a":1}`), d(`{"a":1}`), d(`["$.x.y",1]`)),
		c("bag_set_key", d(`{"a":2}`), d(`{"a":1}`), "a", d("2")), c("bag_set_key", d(`{"a":1,"b":[1]}`), d(`{"a":1}`), "b", d("[1]")), c("bag_set_key", nil, nil, "b", d("1")),
		c("bag_zip", d(`{"a":1,"b":2.5}`), d(`["a",8,"b"]`), d(`[1,"2",2.5]`)), c("bag_zip", d(`{"a":1,"b":null}`), d(`["a","b"]`), d(`[1]`)), c("bag_zip", nil, d(`["a"]`), nil),
	})
}

func TestArrayFunctions(t *testing.T) {
	arr := d(`["this","is","an","example","an","example"]`)
	run(t, []functionCase{
		c("array_length", 4, d(`[1,2,3,"four"]`)), c("array_length", nil, d(`{}`)), c("array_length", nil, nil), c("array_length", 0, d(`[]`)),
		c("array_reverse", d(`["b","a"]`), d(`["a","b"]`)), c("array_reverse", nil, d(`{}`)),
		c("array_concat", d(`[1,2,99]`), d("[1,2]"), nil, d("[99]")), c("array_concat", d(`[99]`), d(`{"a":1}`), d("[99]")), c("array_concat", nil, nil, nil),
		c("array_iff", d(`[1,5,3]`), d(`[true,false,true]`), d("[1,2,3]"), d("[4,5,6]")), c("array_iff", d(`["yes","no","yes"]`), d("[1,0,50]"), d(`"yes"`), d(`"no"`)),
		c("array_iff", d(`[1,2,null]`), d(`[true,true,true]`), d("[1,2]"), d("[3,4]")), c("array_iff", nil, d("1"), d("1"), d("2")),
		c("array_index_of", 2, arr, d(`"an"`)), c("array_index_of", 3, arr, d(`"example"`), 1, 3), c("array_index_of", -1, arr, d(`"example"`), 1, 2), c("array_index_of", -1, arr, d(`"is"`), 2, 4), c("array_index_of", 3, arr, d(`"example"`), 2, -1),
		c("array_index_of", 4, arr, d(`"an"`), 1, -1, 2), c("array_index_of", -1, arr, d(`"an"`), 1, -1, 3), c("array_index_of", 4, arr, d(`"an"`), -3), c("array_index_of", -1, arr, d(`"is"`), -4), c("array_index_of", nil, nil, d("1")),
		c("array_slice", d(`[2,3]`), d(`[1,2,3]`), 1, 2), c("array_slice", d(`[3,4,5]`), d(`[1,2,3,4,5]`), 2, -1), c("array_slice", d(`[3,4]`), d(`[1,2,3,4,5]`), -3, -2), c("array_slice", d(`[1]`), d(`[1]`), -9, 9), c("array_slice", d(`[]`), d(`[1]`), 3, 9), c("array_slice", nil, d(`1`), 0, 1),
		c("array_split", d(`[[1,2],[3,4,5]]`), d(`[1,2,3,4,5]`), d("2")), c("array_split", d(`[[1,2],[3,4,5],[6,7,8]]`), d(`[1,2,3,4,5,6,7,8]`), d("[2,5]")), c("array_split", d(`[[1,2],[]]`), d(`[1,2]`), d("9")), c("array_split", nil, d(`[1]`), d(`["x"]`)),
		c("array_rotate_left", d(`[20,30,10]`), d(`[10,20,30]`), 1), c("array_rotate_right", d(`[4,5,1,2,3]`), d(`[1,2,3,4,5]`), 2), c("array_rotate_right", d(`[3,4,5,1,2]`), d(`[1,2,3,4,5]`), -2), c("array_rotate_left", d(`[2,3,1]`), d(`[1,2,3]`), 4), c("array_rotate_left", d(`[]`), d(`[]`), 4),
		c("array_shift_left", d(`[3,4,5,null,null]`), d(`[1,2,3,4,5]`), 2, nil), c("array_shift_left", d(`[-1,-1,1,2,3]`), d(`[1,2,3,4,5]`), -2, d("-1")), c("array_shift_right", d(`[null,null,1,2,3]`), d(`[1,2,3,4,5]`), 2, nil),
		c("array_shift_right", d(`[3,4,5,-1,-1]`), d(`[1,2,3,4,5]`), -2, d("-1")), c("array_shift_left", d(`[0,0]`), d(`[1,2]`), 1<<40, d("0")), c("array_shift_left", d(`[0,0]`), d(`[1,2]`), -1<<63, d("0")),
		c("array_sort_asc", d(`["blue","green","yellow",null,null]`), d(`[null,"blue","yellow","green",null]`), true), c("array_sort_desc", d(`["yellow","green","blue",null,null]`), d(`[null,"blue","yellow","green",null]`), true),
		c("array_sort_desc", d(`[null,null,"yellow","green","blue"]`), d(`[null,"blue","yellow","green",null]`), false), c("array_sort_asc", d(`[1,2.5,3]`), d(`[3,2.5,1]`), true), c("array_sort_asc", d(`[false,true]`), d(`[true,false]`), true), c("array_sort_asc", nil, nil, true), c("array_sort_desc", d(`[3,2.5,1,"c","b"]`), d(`["b",1,"c",3,2.5]`), true),
		c("set_union", d(`[1,2,3,4]`), d("[1,2]"), d("[2,3,4]")), c("set_union", d(`["A4","A2","A7"]`), d(`["A4","A2","A7","A2"]`), d(`["A4"]`)),
		c("set_intersect", d(`[1]`), d("[1,2,1,4]"), d("[1,2]"), d("[8,1]")), c("set_difference", d(`[4]`), d("[1,2,1,4]"), d("[1,2]"), d("[1,2,8]")), c("set_difference", d(`[]`), d("[1]"), d("[1]")), c("set_difference", d(`[1,2]`), d("[null,1,null,2]"), d("[null]")),
		c("set_has_element", true, d(`["this","is"]`), d(`"is"`)), c("set_has_element", false, d(`["this"]`), d(`"is"`)), c("set_has_element", nil, nil, d(`1`)),
		c("set_equals", true, d("[1,2,2]"), d("[2,1]")), c("set_equals", false, d("[1]"), d("[1,3]")), c("jaccard_index", 0.75, d("[1,2,3]"), d("[1,2,3,4]")), c("set_union", d(`[{"a":1,"b":2}]`), d(`[{"a":1,"b":2}]`), d(`[{"b":2,"a":1}]`)),
	})
}

func TestTextFunctions(t *testing.T) {
	run(t, []functionCase{
		c("parse_csv", d(`["record1","a","b","c"]`), "record1,a,b,c\nrecord2,x,y,z"), c("parse_csv", d(`["aa","b,b,b","cc","Escaping quotes: \"Title\"","line1\nline2"]`), "aa,\"b,b,b\",cc,\"Escaping quotes: \"\"Title\"\"\",\"line1\nline2\""),
		c("parse_csv", d(`[""]`), ""), c("parse_csv", d(`["a",""]`), "a,"), c("parse_csv", d(`["abc"]`), `"abc`),
		c("parse_command_line", d(`["a.exe","b c","d\\","e\"f"]`), `a.exe "b c" d\ e\"f`, "windows"), c("parse_command_line", nil, " ", "windows"), c("parse_command_line", d(`["c:\\p q\\x.exe","a\\"]`), `"c:\p q\x.exe" "a\\"`, "windows"), c("parse_command_line", nil, "a", "unix"),
		c("parse_path", d(`{"Scheme":"","RootPath":"C:","DirectoryPath":"C:\\temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""}`), `C:\temp\file.txt`),
		c("parse_path", d(`{"Scheme":"file","RootPath":"C:","DirectoryPath":"C:/temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":"some.exe"}`), `file://C:/temp/file.txt:some.exe`),
		c("parse_path", d(`{"Scheme":"","RootPath":"","DirectoryPath":"\\\\shared\\users\\temp","DirectoryName":"temp","Filename":"file.txt.gz","Extension":"gz","AlternateDataStreamName":""}`), `\\shared\users\temp\file.txt.gz`),
		c("parse_path", d(`{"Scheme":"","RootPath":"","DirectoryPath":"temp","DirectoryName":"temp","Filename":"file","Extension":"","AlternateDataStreamName":""}`), `temp\file`),
		c("parse_xml", d(`{"e":null}`), "<e/>"), c("parse_xml", d(`{"e":"text"}`), "<e>text</e>"), c("parse_xml", d(`{"e":{"@name":"value"}}`), `<?xml version="1.0"?><e name="value" />`), c("parse_xml", d(`{"e":{"@name":"value","#text":"text"}}`), `<e name="value">text</e>`),
		c("parse_xml", d(`{"e":{"a":"text","b":"text"}}`), "<e> <a>text</a><b>text</b> </e>"), c("parse_xml", d(`{"e":{"a":["x","y","z"]}}`), "<e><a>x</a><a>y</a><a>z</a></e>"), c("parse_xml", d(`{"n:e":{"a":"&<"}}`), "<n:e><a>&amp;<![CDATA[<]]></a></n:e>"),
		c("parse_xml", nil, "no"), c("parse_xml", nil, "<a><b></a>"), c("parse_xml", nil, "<a/><b/>"), c("parse_xml", nil, ""), c("parse_xml", nil, "<a>"), c("parse_xml", nil, strings.Repeat("<a>", 200)+strings.Repeat("</a>", 200)), c("parse_xml", nil, "<a>"+strings.Repeat(" ", maxXML)+"</a>"),
		c("base64_encode_tostring", "S3VzdG8=", "Kusto"), c("base64_decode_tostring", "Kusto", "S3VzdG8="), c("base64_decode_tostring", "", "x"), c("base64_decode_tostring", "", "/w=="), c("base64_decode_toarray", d(`[75,117,115,116,111]`), "S3VzdG8="), c("base64_decode_toarray", nil, "U3RyaW5n0KHR0tGA0L7Rh9C60LA"),
		c("base64_encode_fromarray", "S3VzdG8=", d(`[75,117,115,116,111]`)), c("base64_encode_fromarray", "", nil), c("base64_encode_fromarray", "", d("[256]")), c("base64_decode_toguid", "10e99626-bc2b-4c75-bb3e-fe606de25700", "JpbpECu8dUy7Pv5gbeJXAA=="), c("base64_decode_toguid", nil, "abcd1231"),
		c("gzip_decompress_from_base64_string", "1234567890qwertyuiop", "H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA=="), c("gzip_decompress_from_base64_string", "", "x0x0x0"), c("zlib_decompress_from_base64_string", "Test string 123", "eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4="), c("zlib_decompress_from_base64_string", "", "eJw="),
		c("punycode_from_string", "acadmie-franaise-npb1a", "académie-française"), c("punycode_to_string", "académie-française", "acadmie-franaise-npb1a"), c("punycode_from_string", "cqv902d", "艺术"), c("punycode_to_string", "艺术", "cqv902d"), c("punycode_to_string", "", "!!"), c("punycode_from_string", "abc-", "abc"), c("punycode_to_string", "abc", "abc-"),
		c("punycode_to_string", "", "99999999999999"),
	})
	run(t, []functionCase{{"base64_encode_fromguid", types(kql.Guid), []any{"10e99626-bc2b-4c75-bb3e-fe606de25700"}, "JpbpECu8dUy7Pv5gbeJXAA=="}})
}
