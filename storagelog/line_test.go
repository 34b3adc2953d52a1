package storagelog

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// good is a record of which single fields are replaced to make bad ones.
var good = []string{
	"1.0", "2014-06-19T22:59:23.1967767Z", "GetBlob", "AnonymousSuccess", "200", "17", "16", "anonymous", "", "a", "blob",
	`"https://a.example/c/b"`, `"/a/c/b"`, "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", "0", "192.0.2.1:4362", "2014-02-14",
	"283", "0", "354", "23", "0", "", "", `"&quot;0x8D1&quot;"`, "Thursday, 19-Jun-14 22:58:10 GMT", "", `"agent"`, "", `"id"`,
}

// with returns good with field f replaced by value.
func with(f Field, value string) string {
	fields := append([]string(nil), good...)
	fields[f-1] = value
	return strings.Join(fields, ";")
}

func TestStrictRefusals(t *testing.T) {
	if _, err := ParseEntry([]byte(strings.Join(good, ";"))); err != nil {
		t.Fatal(err)
	}
	start := func(f Field) int { return len(strings.Join(good[:f-1], ";")) + 2 } // column of a field
	tests := []struct {
		name   string
		record string
		field  Field
		column int
		reason string
	}{
		{"empty", "", FieldVersion, 1, `version "" is not known`},
		{"other version", with(FieldVersion, "1.1"), FieldVersion, 1, `version "1.1" is not known`},
		{"byte order mark", "\uFEFF" + strings.Join(good, ";"), FieldVersion, 1, "is not known"},
		{"29 fields", strings.Join(good[:29], ";"), 29, len(strings.Join(good[:29], ";")) + 1, "ends after 29 fields, want 30"},
		{"2.0 of 30 fields", with(FieldVersion, "2.0"), 30, len(strings.Join(good, ";")) + 1, "want 38"},
		{"no start time", with(FieldStartTime, ""), FieldStartTime, 5, "empty"},
		{"six digits", with(FieldStartTime, "2014-06-19T22:59:23.196776Z"), FieldStartTime, 5, "is no time like"},
		{"eight digits", with(FieldStartTime, "2014-06-19T22:59:23.19677678Z"), FieldStartTime, 5, "is no time like"},
		{"offset", with(FieldStartTime, "2014-06-19T22:59:23.1967767+0"), FieldStartTime, 5, "is no time like"},
		{"31 June", with(FieldStartTime, "2014-06-31T22:59:23.1967767Z"), FieldStartTime, 5, "is no time like"},
		{"hour 24", with(FieldStartTime, "2014-06-19T24:59:23.1967767Z"), FieldStartTime, 5, "is no time like"},
		{"sign", with(FieldEndToEndLatency, "-1"), FieldEndToEndLatency, start(FieldEndToEndLatency), "is no number"},
		{"plus", with(FieldServerLatency, "+1"), FieldServerLatency, start(FieldServerLatency), "is no number"},
		{"too great", with(FieldContentLength, "9223372036854775808"), FieldContentLength, start(FieldContentLength), "too great"},
		{"operation number", with(FieldOperationNumber, "2147483648"), FieldOperationNumber, start(FieldOperationNumber), "too great"},
		{"quoted number", with(FieldContentLength, `"1"`), FieldContentLength, start(FieldContentLength), "a quote in a field that has none"},
		{"quote in bare field", with(FieldOperation, `Get"Blob`), FieldOperation, start(FieldOperation) + 3, "a quote in a field that has none"},
		{"bare url", with(FieldURL, "https://a.example/c/b"), FieldURL, start(FieldURL), "not in quotes"},
		{"bare agent", with(FieldUserAgent, "agent"), FieldUserAgent, start(FieldUserAgent), "not in quotes"},
		{"empty quotes", with(FieldReferrer, `""`), FieldReferrer, start(FieldReferrer), "empty quotes"},
		{"decoded etag", with(FieldETag, `""0x8D1""`), FieldETag, start(FieldETag), "empty quotes"},
		{"quote inside", with(FieldETag, `"W/"x"`), FieldETag, start(FieldETag) + 4, "after the closing quote"},
		{"open quote", with(FieldClientRequestID, `"id`), FieldClientRequestID, start(FieldClientRequestID), "never closed"},
		{"no guid", with(FieldRequestID, "61d2e3f6bcb74cd1a81e4f8f497f0da2"), FieldRequestID, start(FieldRequestID), "is no guid"},
		{"guid in braces", with(FieldRequestID, "{1d2e3f6-bcb7-4cd1-a81e-4f8f497f0da}"), FieldRequestID, start(FieldRequestID), "is no guid"},
		{"RFC 1123 date", with(FieldLastModified, "Thu, 19 Jun 2014 22:58:10 GMT"), FieldLastModified, start(FieldLastModified), "is no date like"},
		{"wrong weekday", with(FieldLastModified, "Friday, 19-Jun-14 22:58:10 GMT"), FieldLastModified, start(FieldLastModified), "is no date like"},
		{"quoted date", with(FieldLastModified, `"Thursday, 19-Jun-14 22:58:10 GMT"`), FieldLastModified, start(FieldLastModified), "a quote in a field that has none"},
		{"raw <", with(FieldUserAgent, `"<a"`), FieldUserAgent, start(FieldUserAgent) + 1, "not HTML-encoded"},
		{"raw &", with(FieldURL, `"https://a/?x&y=1"`), FieldURL, start(FieldURL) + 1, "not HTML-encoded"},
		{"control character", with(FieldUserAgent, "\"a\x01\""), FieldUserAgent, start(FieldUserAgent) + 1, "control character"},
		{"control character in status", with(FieldStatus, "a\x7f"), FieldStatus, start(FieldStatus), "control character"},
		{"not UTF-8", with(FieldUserAgent, "\"a\xff\""), FieldUserAgent, start(FieldUserAgent) + 1, "not UTF-8"},
		{"tab", with(FieldStatus, "a\tb"), FieldStatus, start(FieldStatus), "a tab"},
		{"bad extra field", strings.Join(good, ";") + `;"a"b`, 31, len(strings.Join(good, ";")) + 5, "after the closing quote"},
		{"too long", with(FieldUserAgent, `"`+strings.Repeat("a", maxLine)+`"`), 0, 0, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseEntry([]byte(tt.record))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("error %v, want a SyntaxError", err)
			}
			if syntax.Field != tt.field || syntax.Column != tt.column || !strings.Contains(syntax.Reason, tt.reason) {
				t.Errorf("field %d, column %d, %q; want field %d, column %d, …%s…",
					syntax.Field, syntax.Column, syntax.Reason, tt.field, tt.column, tt.reason)
			}
		})
	}
}

func TestExtraFieldsAreIgnored(t *testing.T) {
	want, err := ParseEntry([]byte(strings.Join(good, ";")))
	if err != nil {
		t.Fatal(err)
	}
	for _, extra := range []string{";", ";x", `;x;"y;z";`, strings.Repeat(";1", 40)} {
		got, err := ParseEntry([]byte(strings.Join(good, ";") + extra))
		if err != nil {
			t.Errorf("%q: %v", extra, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", extra, d)
		}
	}
}

func TestStrictLog(t *testing.T) {
	one, two := strings.Join(good, ";")+"\n", with(FieldVersion, "2.0")+";;;;;;;;\n"
	tests := []struct{ name, log, want string }{
		{"versions mixed", one + one + two, "storage log: line 3: field 1 (version-number), column 1: version 2.0 in a log of version 1.0"},
		{"no line feed", one + strings.TrimSuffix(one, "\n"), "line 2, column 269: the log ends without a line feed"},
		{"carriage return", one + strings.Replace(one, "\n", "\r\n", 1), "line 2: field 30 (client-request-id), column 269: the line ends in a carriage return"},
		{"empty line", one + "\n" + one, "line 2: field 1"},
		{"fields", one + with(FieldURL, "x") + "\n", "line 2: field 12 (request-url), column 87: the value is not in quotes"},
	}
	for _, tt := range tests {
		r := NewReader(strings.NewReader(tt.log), Strict)
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want …%s…", tt.name, err, tt.want)
		}
		if _, again := r.Next(); !errors.Is(again, err) {
			t.Errorf("%s: then %v", tt.name, again)
		}
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("cable cut")
	for _, m := range []Mode{Strict, Lenient} {
		r := NewReader(io.MultiReader(strings.NewReader(strings.Join(good, ";")), errReader{broken}), m)
		if _, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("mode %d: %v", m, err)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// What clients put into names and headers never makes more or other than one
// record, and comes back as it was where the format can hold it.
func TestHostileText(t *testing.T) {
	values := []string{
		`"`, `";"`, ";", "a\nb", "a\r\nb", "\x00", "\x1b[31m", "&amp;", "&", "&#10;", "<>'\"&", "\u00e9\u4e2d\U0001F600",
		"\u2028", "\xff\xfe", "a\xc3", "\t", "&quot;;\n1.0;", " ", "%22", strings.Repeat("\n", 3000),
	}
	for _, v := range values {
		e := Entry{
			StartTime: time.Unix(1e9, 0), HTTPStatus: v, Operation: v, Status: v, AuthType: v, RequesterAccount: v, OwnerAccount: v, Service: v, URL: v, ObjectKey: v,
			RequestID: v, ClientIP: v, RequestVersion: v, RequestMD5: v, ServerMD5: v, ETag: v, Conditions: v, UserAgent: v,
			Referrer: v, ClientRequestID: v, UserObjectID: v, TenantID: v, ApplicationID: v, Audience: v, Issuer: v,
			UserPrincipalName: v, AuthorizationDetail: v,
		}
		for _, e.Version = range []Version{V1, V2} {
			line := AppendEntry(nil, &e)
			if n := bytes.Count(line, []byte("\n")); n != 1 || line[len(line)-1] != '\n' {
				t.Fatalf("%q: %d line feeds", v, n)
			}
			got, err := ParseEntry(line[:len(line)-1])
			if err != nil {
				t.Fatalf("%q: %v\n%s", v, err, line)
			}
			if want := strings.ToValidUTF8(v, "\uFFFD"); utf8.ValidString(v) && got.UserAgent != want {
				t.Errorf("user agent %q, want %q", got.UserAgent, want)
			}
			if strings.ContainsAny(got.Operation, "\";\n\r\x00\x1b") {
				t.Errorf("operation %q", got.Operation)
			}
			if got.RequestID != "" {
				t.Errorf("request id %q of %q", got.RequestID, v)
			}
			if len(got.ClientRequestID) > maxClientText || len(got.Referrer) > maxClientText {
				t.Errorf("client request id of %d bytes", len(got.ClientRequestID))
			}
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"ab\u00e9", 3, "ab"}, {"\u4e2d", 2, ""}, {"\xff\xff\xff", 2, "\xff\xff"}} {
		if got := cut(tt.s, tt.n); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
}

// Entries whose values the format can hold come back equal.
func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		want := randomEntry(rnd)
		line := AppendEntry(nil, &want)
		got, err := ParseEntry(line[:len(line)-1])
		if err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s(-want +got):\n%s", line, d)
		}
	}
}

func randomEntry(rnd *rand.Rand) Entry {
	alphabet := []rune("abcXYZ019 &<>\"';/%=?\n\r\t\u00e9\u4e2d\U0001F600")
	text := func() string {
		if rnd.IntN(4) == 0 {
			return ""
		}
		b := make([]rune, rnd.IntN(40))
		for i := range b {
			b[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(b)
	}
	word := func() string { return []string{"", "GetBlob", "Success", "a", "2014-02-14"}[rnd.IntN(5)] }
	size := func() int64 { return []int64{NoSize, 0, 1, 4096, 1 << 62}[rnd.IntN(5)] }
	e := Entry{
		Version: V1, StartTime: time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e7)*100).UTC(), Operation: word(), Status: word(), HTTPStatus: word(),
		EndToEndLatency: size(), ServerLatency: size(), AuthType: word(), RequesterAccount: word(), OwnerAccount: word(), Service: word(),
		URL: text(), ObjectKey: text(), RequestID: "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", OperationNumber: rnd.IntN(3), ClientIP: "[::1]:80",
		RequestVersion: word(), RequestHeaderSize: size(), RequestPacketSize: size(), ResponseHeaderSize: size(), ResponsePacketSize: size(),
		ContentLength: size(), RequestMD5: text(), ServerMD5: text(), ETag: text(), Conditions: text(), UserAgent: text(), Referrer: text(), ClientRequestID: text(),
	}
	if rnd.IntN(2) == 0 {
		e.LastModified = time.Unix(rnd.Int64N(3e9), 0).UTC()
	}
	if rnd.IntN(2) == 0 {
		e.Version = V2
		e.UserObjectID, e.TenantID, e.ApplicationID, e.Audience = text(), text(), text(), text()
		e.Issuer, e.UserPrincipalName, e.AuthorizationDetail = text(), text(), text()
	}
	return e
}

func TestWriterRefusals(t *testing.T) {
	w := NewWriter(io.Discard)
	if err := w.Write(&Entry{Version: "3.0"}); err == nil {
		t.Error("version 3.0 is written")
	}
	if err := w.Write(&Entry{Version: V2}); err != nil {
		t.Error(err)
	}
	if err := w.Write(&Entry{Version: V1}); err == nil {
		t.Error("versions are mixed")
	}
	full := errors.New("disk full")
	w = NewWriter(errWriter{full})
	if err := w.Write(&Entry{Version: V1}); err != nil {
		t.Error(err)
	}
	if err := w.Flush(); !errors.Is(err, full) {
		t.Errorf("flush: %v", err)
	}
	if err := w.Write(&Entry{Version: V1}); !errors.Is(err, full) {
		t.Errorf("write after a failure: %v", err)
	}
}

type errWriter struct{ err error }

func (w errWriter) Write([]byte) (int, error) { return 0, w.err }

func TestNoAllocations(t *testing.T) {
	e := randomEntry(rand.New(rand.NewPCG(3, 4)))
	dst := make([]byte, 0, 64<<10)
	if n := testing.AllocsPerRun(100, func() { dst = AppendEntry(dst[:0], &e) }); n != 0 {
		t.Errorf("AppendEntry allocates %v times", n)
	}
	record := dst[:len(dst)-1]
	var l Line
	if n := testing.AllocsPerRun(100, func() { l.ParseLenient(record) }); n != 0 {
		t.Errorf("ParseLenient allocates %v times", n)
	}
}

// Whatever is read, both readers come to an end; what the strict one takes, the
// lenient one takes alike, and it is written as the same record again.
func FuzzReader(f *testing.F) {
	for _, name := range []string{"2011.log", "v1.log", "v2.log", "artefacts.txt"} {
		f.Add(readFile(f, name))
	}
	f.Add([]byte(strings.Join(good, ";") + "\r\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		for line := range bytes.SplitSeq(log, []byte("\n")) {
			var l Line
			lenient := l.ParseLenient(line)
			e, err := ParseEntry(line)
			if err != nil {
				continue
			}
			if !lenient {
				t.Fatalf("strict reader takes what the lenient refuses: %q", line)
			}
			var loose Entry
			l.Entry(&loose)
			if d := cmp.Diff(e, loose); d != "" {
				t.Fatalf("strict and lenient differ: %s", d)
			}
			again, err := ParseEntry(bytes.TrimSuffix(AppendEntry(nil, &e), []byte("\n")))
			if err != nil {
				t.Fatalf("%q is written as what is no record: %v", line, err)
			}
			e.Referrer, e.ClientRequestID = cut(e.Referrer, maxClientText), cut(e.ClientRequestID, maxClientText)
			if d := cmp.Diff(e, again); d != "" {
				t.Fatalf("%q is written as another record: %s", line, d)
			}
		}
		for _, m := range []Mode{Strict, Lenient} {
			r := NewReader(bytes.NewReader(log), m)
			for n := 0; ; n++ {
				if _, err := r.Next(); err != nil {
					break
				}
				if n > len(log) {
					t.Fatal("the reader does not end")
				}
			}
		}
	})
}

func BenchmarkAppendEntry(b *testing.B) {
	e, err := ParseEntry([]byte(strings.SplitN(string(readFile(b, "v1.log")), "\n", 3)[1]))
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendEntry(dst[:0], &e)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkParse(b *testing.B) {
	line := []byte(strings.SplitN(string(readFile(b, "v1.log")), "\n", 3)[1])
	var l Line
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if err := l.Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseLenient(b *testing.B) {
	line := []byte(strings.SplitN(string(readFile(b, "v1.log")), "\n", 3)[1])
	var l Line
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		l.ParseLenient(line)
	}
}
