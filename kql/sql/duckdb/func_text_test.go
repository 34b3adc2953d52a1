//go:build cgo

package duckdb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/kql"
	"reslog/kql/scalar"
)

// row runs a query and gives its only row as JSON.
func row(t *testing.T, q *enginetest.Queries, query string) string {
	t.Helper()
	results, err := q.Run(t.Context(), query)
	if err != nil {
		return "error: " + err.Error()
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return fmt.Sprintf("%d results", len(results))
	}
	var out []scalar.Value
	for i, c := range results[0].Columns {
		out = append(out, scalar.Of(c.Type, results[0].Rows[0][i]))
	}
	return scalar.OfArray(out).Text()
}

// Values of the real engine where its documentation's examples have one.
func TestFunctionsOfTextsAndDynamics(t *testing.T) {
	q := enginetest.Open(t)
	for query, want := range map[string]string{
		`print strcat("a", 1, true, 1.0, 1d, long(null), dynamic({"a":"b"}), dynamic("x"))`:                                                                                                 `["a1True1.01.00:00:00{\"a\":\"b\"}x"]`,
		`print strcat_delim("|", "a", "b", ""), isutf8("é"), pack_array("a\"b", 5, true, "")`:                                                                                               `["a|b|",true,["a\"b",5,true,""]]`,
		`print strcat_delim('-', 1, '2', 'A', 1s)`:                                                                                                                                          `["1-2-A-00:00:01"]`,
		`print strlen("é😀"), string_size("é😀"), reverse("é😀"), toupper("straße"), tolower("ÅÉ")`:                                                                                            `[2,6,"😀é","STRAßE","åé"]`,
		`print strcmp("a", "b"), strcmp("b", "a"), strcmp(1, "1"), strrep("ab", 3, ","), isascii("é"), isutf8("é")`:                                                                         `[-1,1,0,"ab,ab,ab",false,true]`,
		`print substring("abcdef", 3), substring("abcdef", -2), substring("abc", 1, -1), substring(12345, 1, 2), substring("abc", 9)`:                                                       `["def","ef","","23",""]`,
		`print indexof("abcdefg", "cde"), indexof("a", "b"), indexof("a", ""), indexof(1234567, 5, 1, 4), countof("aaaa", "aa"), countof("ababa", "aba", "regex")`:                          `[2,-1,0,4,3,1]`,
		`print translate("krasp", "otsku", "spark"), replace_string("abc", "b", "B"), replace_strings("This is", dynamic(["is"]), dynamic(["1"]))`:                                          `["kusto","aBc","Th1 1"]`,
		`print split("a,b", ","), split("a,b", ",", 1), split("", ","), split("a", "")`:                                                                                                     `[["a","b"],["b"],[""],["a"]]`,
		`print strcat_array(dynamic([1,2,"x"]), "->"), has_any_index("a b", dynamic(["c","B"])), unicode_codepoints_to_string(75, dynamic([117])), to_utf8("é")`:                            `["1->2->x",1,"Ku",[233]]`,
		`print extract(@"(\d+)-(\d+)", 2, "12-34", typeof(long)), extract("b(x)?", 1, "ab"), extract_all(@"(\w)(\d)", "a1 b2"), extract_all(@"(\w)(\d)", dynamic([2]), "a1")`:               `[34,"",[["a","1"],["b","2"]],["1"]]`,
		`print replace_regex("x1", @"x(\d)", @"\1y"), replace(@"x(\d)", @"\1y", "x1"), replace_regex("ab", "", "-"), trim(@"\s+", "  a "), trim_start("x", "xxa"), trim_end("x", "axx")`:    `["1y","1y","-a-b-","a","xa","ax"]`,
		`print "né" matches regex @"^\w+$", "a_b" matches regex @"\ba\b", "é1" matches regex @"\b1", regex_quote("a.b"), indexof_regex("abcabc", "b.", 2)`:                                  `[true,false,false,"a\\.b",4]`,
		`print tostring(true), tostring(dynamic(true)), tostring(0.1+0.2), tostring(-0.0), tostring(real(nan)), tostring(1d), tostring(datetime(0001-01-01)), tostring(int(null))`:          `["True","true","0.30000000000000007","-0.0","NaN","1.00:00:00","0001-01-01T00:00:00.0000000Z",""]`,
		`print toint("0x1F"), toint(2.9), toint(-2.9), toint(2147483648), toint(1h), tolong(real(inf)), tolong(1e300), tolong("1.5"), toint(true), toint(dynamic("7"))`:                     `[31,2,-2,-2147483648,1640261632,null,9223372036854775807,null,1,7]`,
		`print todouble("1e3"), toreal("inf"), todouble(1d), tobool("1"), tobool(0.5), tobool("yes"), todatetime(1), todatetime("x"), totimespan("1d"), todecimal(true)`:                    `[1000.0,"Infinity",864000000000.0,true,true,null,"0001-01-01T00:00:00.0000001Z",null,"1.00:00:00",1.0]`,
		`print toguid("{70FC66F7-8279-44FC-9092-D364D70FCE44}"), tohex(-256), tohex(toint(-256)), tohex(1, 4), format_bytes(1536), format_bytes(20010332, 2)`:                               `["70fc66f7-8279-44fc-9092-d364d70fce44","ffffffffffffff00","ffffff00","0001","2 KB","19.08 MB"]`,
		`print gettype(1), gettype(toint("x")), gettype(1.5), gettype("s"), gettype(dynamic([1])), gettype(dynamic(null)), gettype(dynamic({"a":1}).a), gettype(1d), gettype(todecimal(1))`: `["long","int","real","string","array","null","long","timespan","decimal"]`,
		`print isempty(""), isempty(dynamic("")), isempty(dynamic({})), isnotempty(1), isempty(long(null))`:                                                                                 `[true,true,false,true,true]`,
		`print parse_json('{"a":[1,2.50]}'), parse_json("x y"), parse_json(""), todynamic(dynamic("{}")), extract_json("$.a[1]", '{"a":[1,2]}', typeof(int))`:                               `[{"a":[1,2.5]},"x y",null,"{}",2]`,
		`print bag_pack("a", 1, "b", int(null), "c", "x\"", "d", dynamic([1])), pack("a", 1, "a", 2), pack_array(1, "a", datetime(2024-01-01), 1s, 2.0, long(null))`:                        `[{"a":1,"b":null,"c":"x\"","d":[1]},{"a":2},[1,"a","2024-01-01T00:00:00.0000000Z","00:00:01",2.0,null]]`,
		`datatable(a:long, b:string, c:int)[1, "", int(null)] | project x = pack_all(), y = pack_all(true), z = bag_pack_columns(b, a), w = pack_array(*)`:                                  `[{"a":1,"b":"","c":null},{"a":1},{"b":"","a":1},[1,"",null]]`,
		`print pack_all()`: `[{}]`,
		`print bag_keys(dynamic({"b":1,"a":2})), bag_merge(dynamic({"a":1}), dynamic({"a":2,"b":3})), bag_remove_keys(dynamic({"a":1,"b":2}), dynamic(["b"])), bag_set_key(dynamic({"a":1}), "b", "x"), bag_has_key(dynamic({"a":{"b":1}}), "$.a.b"), bag_zip(dynamic(["a"]), dynamic([1]))`:             `[["b","a"],{"a":1,"b":3},{"a":1},{"a":1,"b":"x"},true,{"a":1}]`,
		`print array_length(dynamic([1,2])), array_length(dynamic({})), array_slice(dynamic([1,2,3]), -2, -1), array_index_of(dynamic(["a","b"]), "b"), array_iff(dynamic([true,false]), "y", 1), array_split(dynamic([1,2,3]), 1), array_concat(dynamic([1]), dynamic(null), dynamic([2]))`:             `[2,null,[2,3],1,["y",1],[[1],[2,3]],[1,2]]`,
		`print array_rotate_left(dynamic([1,2,3]), 1), array_shift_left(dynamic([1,2]), 1), array_shift_right(dynamic([1,2]), 1, 0), array_sort_asc(dynamic([2,null,1])), array_sort_desc(dynamic([2,null,1]), false), array_reverse(dynamic([1,2])), array_sum(dynamic([1,2])), array_sum(dynamic([]))`: `[[2,3,1],[2,null],[0,1],[1,2,null],[null,2,1],[2,1],3.0,null]`,
		`print set_union(dynamic([1,1]), dynamic([2])), set_intersect(dynamic([1,2]), dynamic([2])), set_difference(dynamic([1,2]), dynamic([2])), set_has_element(dynamic(["a"]), "a"), set_equals(dynamic([1,2]), dynamic([2,1])), jaccard_index(dynamic([1]), dynamic([1,2]))`:                        `[[1,2],[2],[1],true,true,0.5]`,
		`print zip(dynamic([1,2]), dynamic(["a"])), treepath(dynamic({"a":{"b":1}})), dynamic_to_json(dynamic({"b":1,"a":2}))`:                                                                                                                                                                           `[[[1,"a"],[2,null]],["['a']","['a']['b']"],"{\"a\":2,\"b\":1}"]`,
		`print parse_csv('a,"b,c"'), parse_xml("<e a='1'>x</e>"), parse_command_line("a b", "windows"), parse_path("C:/x/y.txt").Filename`:                                                                                                                                                               `[["a","b,c"],{"e":{"@a":"1","#text":"x"}},["a","b"],"y.txt"]`,
		`print base64_encode_tostring("Kusto"), base64_decode_tostring("S3VzdG8="), base64_decode_toarray("S3U="), zlib_decompress_from_base64_string("eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4="), punycode_from_string("艺术")`:                                                                                   `["S3VzdG8=","Kusto",[75,117],"Test string 123","cqv902d"]`,
	} {
		if got := row(t, q, query); got != want {
			t.Errorf("%s\n got  %s\n want %s", query, got, want)
		}
	}
}

// A needle that is computed is searched in Go, one that is constant in SQL. What a
// term is made of is one thing in both: ² and Ⅷ are numbers and no digits.
func TestTermsAreOneInSQLAndGo(t *testing.T) {
	q := enginetest.Open(t)
	for _, s := range []string{"a²", "²a", "aⅧ", "a1", "aé", "a b", "a_b"} {
		got := row(t, q, fmt.Sprintf(`print s = %q, n = "a" | project s has "a", s has n, s hasprefix_cs "a", s hasprefix_cs n, s hassuffix "a", s hassuffix n`, s))
		pairs := strings.Split(strings.Trim(got, "[]"), ",")
		for i := 0; i+1 < len(pairs); i += 2 {
			if len(pairs) != 6 || pairs[i] != pairs[i+1] {
				t.Errorf("%s: %s", s, got)
			}
		}
		if strings.ContainsAny(s, "²Ⅷ _") != (len(pairs) == 6 && pairs[0] == "true") {
			t.Errorf("%s: %s", s, got)
		}
	}
}

func TestNamesOfFunctionColumns(t *testing.T) {
	q := enginetest.Open(t)
	results, err := q.Run(t.Context(), `datatable(s:string, d:dynamic)["a", dynamic(1)] | project tostring(s), strlen(s), split(d, ","), gettype(d), treepath(d), strcat(s, "x"), parse_json(s), tohex(1)`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range results[0].Columns {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "s strlen_s d type_d tree_d Column1 s1 Column2" {
		t.Errorf("columns are %s", got)
	}
}

func TestFunctionsThatAreRefused(t *testing.T) {
	q := enginetest.Open(t)
	for query, want := range map[string]struct {
		refused bool
		message string
	}{
		`print extract("(", 0, "a")`:                       {false, "regular expression"},
		`print "a" matches regex "[a&&b]"`:                 {true, "set operation"},
		`print extract_all("a", "a")`:                      {false, "must have a group"},
		`print countof("a", "b", "c")`:                     {false, "the kind of countof"},
		`print bag_pack("a")`:                              {false, "pairs"},
		`print pack_array(todecimal(1))`:                   {true, "decimal"},
		`print array_sort_asc(dynamic([1]), dynamic([2]))`: {true, "several arrays"},
		`print bag_set_key(dynamic({}), "$.a", 1)`:         {true, "a path"},
		`print parse_command_line("a", "unix")`:            {true, "command line"},
		`print gzip_compress_to_base64_string("a")`:        {true, "gzip_compress_to_base64_string"},
		`print parse_version("1.2")`:                       {true, "parse_version"},
		`print toguid(1)`:                                  {false, "long"},
		`print array_length("a")`:                          {false, "string"},
		`print tobool(now())`:                              {true, "datetime"},
		`print replace_string(1, "a", "b")`:                {false, "long"},
		`print extract("a", 0, "a", "x")`:                  {false, "type"},
	} {
		_, err := q.Run(t.Context(), query)
		var e *kql.Error
		if !errors.As(err, &e) || e.Refused != want.refused || !strings.Contains(err.Error(), want.message) {
			t.Errorf("%s: %v", query, err)
		}
	}
}
