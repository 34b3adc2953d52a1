package table

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

func TestAddresses(t *testing.T) {
	key := func(p, r string) tablestore.Key { return tablestore.Key{Partition: p, Row: r} }
	for path, want := range map[string]address{
		"":                                      {resource: ofService},
		"$batch":                                {resource: ofBatch},
		"%24batch":                              {resource: ofBatch},
		"Tables":                                {resource: allTables},
		"tables()":                              {resource: allTables},
		"Tables('abc')":                         {resource: oneTable, table: "abc"},
		"Tables(%27abc%27)":                     {resource: oneTable, table: "abc"},
		`Tables("$MetricsTransactionsBlob")`:    {resource: oneTable, table: "$MetricsTransactionsBlob"},
		"abc":                                   {resource: ofEntities, table: "abc"},
		"Abc1()":                                {resource: ofEntities, table: "Abc1"},
		"$MetricsHourPrimaryTransactionsBlob()": {resource: ofEntities, table: "$MetricsHourPrimaryTransactionsBlob"},
		"%24metricsminutesecondarytransactionsqueue":                   {resource: ofEntities, table: "$metricsminutesecondarytransactionsqueue"},
		"abc(PartitionKey='p',RowKey='r')":                             {oneEntity, "abc", key("p", "r")},
		"abc(RowKey='r',PartitionKey='p')":                             {oneEntity, "abc", key("p", "r")},
		"abc(PartitionKey='p', RowKey = 'r' )":                         {oneEntity, "abc", key("p", "r")},
		"abc(PartitionKey='',RowKey='')":                               {oneEntity, "abc", key("", "")},
		"abc(PartitionKey='it''s',RowKey='''')":                        {oneEntity, "abc", key("it's", "'")},
		"abc%28PartitionKey%3D%27a%2Fb%27%2CRowKey%3D%27%C3%A9%27%29":  {oneEntity, "abc", key("a/b", "é")},
		"abc(PartitionKey='a,RowKey=(1)',RowKey='x=''y'',z')":          {oneEntity, "abc", key("a,RowKey=(1)", "x='y',z")},
		"abc(PartitionKey='%2527',RowKey='a+b')":                       {oneEntity, "abc", key("%27", "a+b")},
		"abc(PartitionKey='A''aaa_bbbb2%22',RowKey='%22A''aaa_bbbb2')": {oneEntity, "abc", key(`A'aaa_bbbb2"`, `"A'aaa_bbbb2`)},
	} {
		got, err := parseAddress(path)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", path, got, err, want)
		}
	}
	for path, want := range map[string]*storage.Error{
		"%zz":                                    storage.ErrInvalidUri,
		"a%ff":                                   storage.ErrInvalidUri,
		"abc(":                                   storage.ErrInvalidUri,
		"abc()/x":                                storage.ErrInvalidUri,
		"abc(PartitionKey='p',RowKey='r')/":      storage.ErrInvalidUri,
		"a_b":                                    storage.ErrInvalidResourceName,
		"1ab":                                    storage.ErrInvalidResourceName,
		"a/b":                                    storage.ErrInvalidResourceName,
		"$logs":                                  storage.ErrInvalidResourceName,
		"$metadata":                              storage.ErrInvalidResourceName,
		"$MetricsHour":                           storage.ErrInvalidResourceName,
		"ab":                                     storage.ErrOutOfRangeInput,
		strings.Repeat("a", 64):                  storage.ErrOutOfRangeInput,
		"()":                                     storage.ErrOutOfRangeInput,
		"Tables(abc)":                            storage.ErrInvalidInput,
		"Tables('abc'x)":                         storage.ErrInvalidInput,
		"Tables('a_c')":                          storage.ErrInvalidResourceName,
		"abc('p')":                               storage.ErrInvalidInput,
		"abc(PartitionKey='p')":                  storage.ErrInvalidInput,
		"abc(PartitionKey='p',PartitionKey='q')": storage.ErrInvalidInput,
		"abc(PartitionKey='p',RowKey='r',)":      storage.ErrInvalidInput,
		"abc(PartitionKey='p';RowKey='r')":       storage.ErrInvalidInput,
		"abc(PartitionKey='p,RowKey='r')":        storage.ErrInvalidInput,
		"abc(PartitionKey=p,RowKey=r)":           storage.ErrInvalidInput,
		"abc(PartitionKey='p',Row='r')":          storage.ErrInvalidInput,
		"abc(partitionkey='p',rowkey='r')":       storage.ErrInvalidInput,
	} {
		if got, err := parseAddress(path); !errors.Is(err, want) {
			t.Errorf("%s: %+v %v, want %s", path, got, err, want.Code)
		}
	}
}

// FuzzAddress demands that what is read of a path is what it was made of.
func FuzzAddress(f *testing.F) {
	f.Add("abc(PartitionKey='it''s',RowKey='%2F')", "p", "r'")
	f.Add("Tables('abc')", "", "é😀%,()=")
	f.Fuzz(func(t *testing.T, path, partition, row string) {
		if a, err := parseAddress(path); err == nil && a.table != "" && checkTableName(a.table) != nil {
			t.Errorf("%q is of a table %q", path, a.table)
		}
		if !utf8.ValidString(partition) || !utf8.ValidString(row) {
			return
		}
		k := tablestore.Key{Partition: partition, Row: row}
		made := string(appendEntityPath(nil, "abc", &k))
		if a, err := parseAddress(made); err != nil || a.key != k || a.table != "abc" {
			t.Errorf("%+v becomes %s, read as %+v, %v", k, made, a, err)
		}
		quoted := "abc(RowKey='" + strings.ReplaceAll(url.PathEscape(row), "%27", "''") + "',PartitionKey='" + strings.ReplaceAll(url.PathEscape(partition), "'", "''") + "')"
		quoted = strings.ReplaceAll(quoted, "%27", "''")
		if a, err := parseAddress(quoted); err == nil && a.key != k {
			t.Errorf("%s is read as %+v", quoted, a.key)
		}
	})
}

func TestTunnelled(t *testing.T) {
	for _, tc := range []struct {
		method string
		values []string
		want   string
		err    *storage.Error
	}{
		{"GET", nil, "GET", nil},
		{"POST", nil, "POST", nil},
		{"POST", []string{"MERGE"}, "MERGE", nil},
		{"POST", []string{" merge"}, "MERGE", nil},
		{"POST", []string{"PATCH"}, "PATCH", nil},
		{"POST", []string{"PUT"}, "PUT", nil},
		{"POST", []string{"DELETE"}, "DELETE", nil},
		{"POST", []string{"GET"}, "", storage.ErrXMethodIncorrectValue},
		{"POST", []string{""}, "", storage.ErrXMethodIncorrectValue},
		{"PUT", []string{"MERGE"}, "", storage.ErrXMethodNotUsingPost},
		{"POST", []string{"MERGE", "PUT"}, "", storage.ErrXMethodIncorrectCount},
		{"POST", []string{"MERGE, PUT"}, "", storage.ErrXMethodIncorrectCount},
	} {
		h := http.Header{}
		if tc.values != nil {
			h["X-Http-Method"] = tc.values
		}
		got, err := tunnelled(tc.method, h)
		if got != tc.want || (err != nil) != (tc.err != nil) || tc.err != nil && !errors.Is(err, tc.err) {
			t.Errorf("%s %v: %s, %v", tc.method, tc.values, got, err)
		}
	}
}

func utf16s(s string) []uint16 { return utf16.Encode([]rune(s)) }

// TestOrder compares with the order of UTF-16.
func TestOrder(t *testing.T) {
	texts := []string{"", "a", "ab", "b", "é", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "a\ue000", "a\U00010000", "a\uffffb", "a\U00010000b", "\U00010000a", "\U00010001"}
	sorted := slices.Clone(texts)
	slices.SortFunc(sorted, func(a, b string) int { return slices.Compare(utf16s(a), utf16s(b)) })
	for i, a := range sorted {
		for j, b := range sorted {
			if got := compareUnits(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%q and %q: %d", a, b, got)
			}
		}
	}
}

func FuzzOrder(f *testing.F) {
	f.Add("a\ue000", "a\U00010000")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		want, got := slices.Compare(utf16s(a), utf16s(b)), compareUnits(a, b)
		if (got < 0) != (want < 0) || (got > 0) != (want > 0) {
			t.Errorf("%q and %q: %d, want %d", a, b, got, want)
		}
	})
}

func TestRanges(t *testing.T) {
	key := func(s string) *tablestore.Key {
		if s == "" {
			return nil
		}
		p, r, _ := strings.Cut(s, "/")
		return &tablestore.Key{Partition: p, Row: r}
	}
	for _, tc := range []struct{ sas, in, out string }{ // startpk,startrk,endpk,endrk
		{"b,,d,", "b/,b/x,c/zz,d/,d/zzz", "a/zzz,e/,da/"},
		{"b,m,d,m", "b/m,b/z,c/,d/,d/m", "b/,b/lz,d/ma,e/"},
		{",,d,m", "/,a/b,d/m", "d/n,e/"},
		{"b,m,,", "b/m,z/", "b/a,a/z"},
		{"b,,b,", "b/,b/\U0010ffff", "a/,c/"},
	} {
		f := strings.Split(tc.sas, ",")
		s := &storage.SignedTable{StartPartition: f[0], StartRow: f[1], EndPartition: f[2], EndRow: f[3]}
		for k := range strings.SplitSeq(tc.in, ",") {
			if !within(s, key(k)) {
				t.Errorf("%s: %q is not in", tc.sas, k)
			}
		}
		for k := range strings.SplitSeq(tc.out, ",") {
			if within(s, key(k)) {
				t.Errorf("%s: %q is in", tc.sas, k)
			}
		}
	}
	show := func(list []tablestore.Range) string {
		var parts []string
		for _, r := range list {
			one := ".."
			if r.From != nil {
				one = r.From.Partition + "/" + r.From.Row + one
			}
			if r.To != nil {
				one += r.To.Partition + "/" + r.To.Row
			}
			parts = append(parts, one)
		}
		return strings.Join(parts, " ")
	}
	parse := func(s string) (list []tablestore.Range) {
		for one := range strings.FieldsSeq(s) {
			from, to, _ := strings.Cut(one, "..")
			list = append(list, tablestore.Range{From: key(from), To: key(to)})
		}
		return list
	}
	for _, tc := range []struct{ ranges, with, want string }{
		{"", "b/..d/", "b/..d/"},
		{"a/..b/x c/..c/y e/..f/", "b/..d/", "b/..b/x c/..c/y"},
		{"..", "b/..d/", "b/..d/"},
		{"..c/", "b/..", "b/..c/"},
		{"a/..a/z", "b/..", ""},
		{"a/..c/", "..", "a/..c/"},
	} {
		if got := show(cut(parse(tc.ranges), parse(tc.with)[0])); got != tc.want {
			t.Errorf("%s within %s: %s, want %s", tc.ranges, tc.with, got, tc.want)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	for accept, want := range map[string]level{
		"":                                  minimalMetadata,
		"application/json":                  minimalMetadata,
		"*/*":                               minimalMetadata,
		"application/json;odata=nometadata": noMetadata,
		"application/json; odata=minimalmetadata":                minimalMetadata,
		"Application/JSON;charset=utf-8;odata=FullMetadata":      fullMetadata,
		"text/html, application/json;odata=fullmetadata;q=0.9":   fullMetadata,
		"application/atom+xml,application/json;odata=nometadata": noMetadata,
	} {
		if got, err := parseAccept(accept); err != nil || got != want {
			t.Errorf("%q: %d, %v", accept, got, err)
		}
	}
	for accept, want := range map[string]*storage.Error{
		"application/atom+xml":               errAtomFormatNotSupported,
		"application/atom+xml;type=entry":    errAtomFormatNotSupported,
		"text/html":                          storage.ErrMediaTypeNotSupported,
		"application/xml":                    storage.ErrMediaTypeNotSupported,
		"application/json;odata=verbose":     storage.ErrMediaTypeNotSupported,
		"application/json;odata=nometadata2": storage.ErrMediaTypeNotSupported,
	} {
		if _, err := parseAccept(accept); !errors.Is(err, want) {
			t.Errorf("%q: %v", accept, err)
		}
	}
	h := func(lines ...string) http.Header {
		h := http.Header{}
		for _, l := range lines {
			k, v, _ := strings.Cut(l, ": ")
			h.Add(k, v)
		}
		return h
	}
	for _, tc := range []struct {
		version storage.Version
		header  http.Header
		format  string
		want    level
		err     *storage.Error
	}{
		{storage.Newest, h("DataServiceVersion: 3.0;NetFx", "MaxDataServiceVersion: 3.0;NetFx"), "", minimalMetadata, nil},
		{storage.Newest, h("DataServiceVersion: 1.0"), "", minimalMetadata, nil},
		{storage.Newest, h("Accept: application/atom+xml"), "application/json;odata=fullmetadata", fullMetadata, nil},
		{storage.Newest, h("Accept: application/json;odata=nometadata"), "json", minimalMetadata, nil},
		{storage.Newest, h("DataServiceVersion: 4.0"), "", 0, storage.ErrInvalidHeaderValue},
		{storage.Newest, h("MaxDataServiceVersion: 2.0"), "", 0, storage.ErrJsonFormatNotSupported},
		{storage.V2012_02_12, h(), "", 0, errAtomFormatNotSupported},
		{storage.V2012_02_12, h("Accept: application/json"), "", 0, storage.ErrJsonFormatNotSupported},
	} {
		got, err := media(tc.version, tc.header, tc.format)
		if got != tc.want || (err != nil) != (tc.err != nil) || tc.err != nil && !errors.Is(err, tc.err) {
			t.Errorf("%s %v %q: %d, %v", tc.version, tc.header, tc.format, got, err)
		}
	}
	for ct, want := range map[string]*storage.Error{
		"application/json": nil, "application/json;odata=nometadata": nil, "application/json; charset=utf-8": nil,
		"": storage.ErrMediaTypeNotSupported, "text/plain": storage.ErrMediaTypeNotSupported, "application/atom+xml": errAtomFormatNotSupported,
		"application/json;odata=verbose": storage.ErrMediaTypeNotSupported,
	} {
		if err := checkContent(storage.Newest, ct); (err != nil) != (want != nil) || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %v", ct, err)
		}
	}
	if err := checkContent(storage.V2012_02_12, "application/json"); !errors.Is(err, storage.ErrJsonFormatNotSupported) {
		t.Errorf("JSON before 2013-08-15: %v", err)
	}
	for prefer, want := range map[string]preference{"": noPreference, "return-content": returnContent, "a, Return-No-Content": returnNoContent, "x": noPreference} {
		if got := preferenceOf(prefer); got != want {
			t.Errorf("Prefer %q: %s", prefer, got)
		}
	}
}
