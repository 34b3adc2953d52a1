package storagelog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustFilter(t testing.TB, c FilterConfig) *Filter {
	t.Helper()
	f, err := NewFilter(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func scan(t *testing.T, f *Filter, r io.Reader) []string {
	t.Helper()
	var got []string
	if _, err := f.Scan(r, func(line []byte) error { got = append(got, string(line)); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFilterSamples(t *testing.T) {
	log := string(readFile(t, "2011.log")) + string(readFile(t, "v1.log")) + Header(V1) + "\n" + string(readFile(t, "artefacts.txt"))
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	where := func(s ...string) (cs []Condition) {
		for _, text := range s {
			c, err := ParseCondition(text)
			if err != nil {
				t.Fatal(err)
			}
			cs = append(cs, c)
		}
		return cs
	}
	tests := []struct {
		name   string
		config FilterConfig
		want   int
	}{
		{"all", FilterConfig{}, 21},
		{"text", FilterConfig{Text: "CopyBlobSource"}, 2},
		{"text not there", FilterConfig{Text: "copyblobsource"}, 0},
		{"text of the header", FilterConfig{Text: "Transaction Start Time"}, 0},
		{"fold case", FilterConfig{Text: "copyBLOBsource", FoldCase: true}, 2},
		{"one byte", FilterConfig{Text: "["}, 1},
		{"from", FilterConfig{Start: at("2014-06-19T23:31:36.5780954Z")}, 8},
		{"after", FilterConfig{Start: at("2014-06-19T23:31:36.5780955Z")}, 5},
		{"until", FilterConfig{End: at("2011-07-28T18:02:40.6271789Z")}, 2},
		{"before", FilterConfig{End: at("2011-07-28T18:02:40.6271788Z")}, 1},
		{"pattern", FilterConfig{Pattern: regexp.MustCompile(`CopyBlob(Source|Destination);`)}, 4},
		{"pattern at the start", FilterConfig{Pattern: regexp.MustCompile(`^2\.0;`)}, 2},
		{"equal", FilterConfig{Where: where("operation=PutBlob")}, 3},
		{"equal, quoted", FilterConfig{Where: where("key=/sally/thumbnails/lake.jpg")}, 2},
		{"equal, encoded", FilterConfig{Where: where(`requestedObjectKey=/storagesample/input//";"`)}, 1},
		{"equal, artefact", FilterConfig{Where: where(`etag="0x8D15A2913C934DE"`)}, 2},
		{"not equal", FilterConfig{Where: where("status!=Success")}, 5},
		{"any of", FilterConfig{Where: []Condition{{Field: FieldOperation, Values: []string{"PutBlob", "GetBlob"}}}}, 7},
		{"matches", FilterConfig{Where: where("user-agent~^WA-Storage/1")}, 1},
		{"matches not", FilterConfig{Where: where("client-request-id!~.")}, 4},
		{"number", FilterConfig{Where: where("latency>=100", "latency<=200", "server-latency<60", "server-latency>50")}, 1},
		{"empty number", FilterConfig{Where: where("content-length<1")}, 14},
		{"all at once", FilterConfig{Text: "lake", Start: at("2011-07-28T00:00:00Z"), End: at("2011-07-29T00:00:00Z"), Pattern: regexp.MustCompile("anonymous"), Where: where("status=AnonymousSuccess")}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustFilter(t, tt.config)
			got := scan(t, f, strings.NewReader(log))
			if len(got) != tt.want {
				t.Errorf("%d records, want %d:\n%s", len(got), tt.want, strings.Join(got, "\n"))
			}
			var want []string
			for line := range strings.SplitSeq(log, "\n") {
				if f.Match([]byte(line)) {
					want = append(want, line)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("Match and Scan differ (-match +scan):\n%s", d)
			}
		})
	}
}

func TestConditionRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"status":        "no operator",
		"colour=red":    `no field "colour"`,
		"status~(":      "missing closing",
		"status>3":      "is no number, use",
		"latency>slow":  `"slow" is no number`,
		"latency!3":     "is no operator",
		"=x":            `no field ""`,
		"extra-field=1": `no field "extra-field"`,
	} {
		if _, err := ParseCondition(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want …%s…", text, err, want)
		}
	}
	if _, err := NewFilter(FilterConfig{Text: "a\nb"}); err == nil {
		t.Error("a text with a line break is taken")
	}
}

// Reads of any size, buffers that end anywhere, a last line without a line
// feed, lines longer than the buffer or than a record may be: as line by line.
func TestScanBoundaries(t *testing.T) {
	record := strings.Join(good, ";")
	long := with(FieldUserAgent, `"`+strings.Repeat("x", 700<<10)+`"`)
	tooLong := with(FieldUserAgent, `"`+strings.Repeat("y", maxLine)+`"`)
	var lines []string
	for i := range 3000 {
		lines = append(lines, with(FieldOperation, fmt.Sprintf("Op%dX", i)))
	}
	tests := []struct {
		name string
		log  string
		want []string
	}{
		{"empty", "", nil},
		{"one", record + "\n", []string{record}},
		{"no line feed", record + "\n" + record, []string{record, record}},
		{"carriage returns", record + "\r\n" + record + "\r\n", []string{record, record}},
		{"empty lines", "\n\n" + record + "\n\n", []string{record}},
		{"long", record + "\n" + long + "\n" + record + "\n", []string{record, long, record}},
		{"too long", record + "\n" + tooLong + "\n" + record + "\n" + record + "\n", []string{record, record, record}},
		{"too long at the end", record + "\n" + tooLong, []string{record}},
		{"many", strings.Join(lines, "\n") + "\n", lines},
	}
	readers := map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r },
		"half":  iotest.HalfReader,
		"late":  iotest.DataErrReader,
	}
	for _, tt := range tests {
		for how, reader := range readers {
			for _, text := range []string{"", "GetBlob", "Op", "X;"} {
				var want []string
				for _, line := range tt.want {
					if strings.Contains(line, text) {
						want = append(want, line)
					}
				}
				got := scan(t, mustFilter(t, FilterConfig{Text: text}), reader(strings.NewReader(tt.log)))
				if len(got) != len(want) || strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s, read %s, text %q: %d records, want %d", tt.name, how, text, len(got), len(want))
				}
			}
		}
	}
	if got := scan(t, mustFilter(t, FilterConfig{}), iotest.OneByteReader(strings.NewReader(record+"\n"+record))); len(got) != 2 {
		t.Errorf("byte by byte: %d records", len(got))
	}
}

// A log that breaks off is an error, and its last half record is not a record.
func TestScanErrors(t *testing.T) {
	record := strings.Join(good, ";")
	broken := errors.New("cable cut")
	var got int
	stats, err := mustFilter(t, FilterConfig{}).Scan(io.MultiReader(strings.NewReader(record+"\n"+record), errReader{broken}), func([]byte) error { got++; return nil })
	if !errors.Is(err, broken) || got != 1 {
		t.Errorf("%d records and %v, want 1 and the error", got, err)
	}
	if stats.Matched != 1 || stats.Bytes != int64(2*len(record)+1) {
		t.Errorf("%+v", stats)
	}
	enough := errors.New("enough")
	if _, err := mustFilter(t, FilterConfig{}).Scan(strings.NewReader(record+"\n"+record), func([]byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
}

// The search for bytes finds what the plain one finds.
func TestNeedle(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	text := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = "aAbB;0\u00e9"[rnd.IntN(8)%7]
		}
		return b
	}
	for range 20000 {
		hay, what := text(rnd.IntN(60)), text(1+rnd.IntN(9))
		if got, want := newNeedle(what, false).index(hay), bytes.Index(hay, what); got != want {
			t.Fatalf("%q in %q: %d, want %d", what, hay, got, want)
		}
		if got, want := newNeedle(what, true).index(hay), bytes.Index(foldASCII(hay), foldASCII(what)); got != want {
			t.Fatalf("%q in %q, any case: %d, want %d", what, hay, got, want)
		}
	}
	// Long ones in much of the same.
	for range 500 {
		hay := text(3000)
		at := rnd.IntN(2900)
		what := hay[at : at+1+rnd.IntN(90)]
		if got, want := newNeedle(what, false).index(hay), bytes.Index(hay, what); got != want {
			t.Fatalf("%q: %d, want %d", what, got, want)
		}
		if got, want := newNeedle(bytes.ToUpper(what), true).index(hay), bytes.Index(foldASCII(hay), foldASCII(what)); got != want && !bytes.ContainsRune(what, 0xfffd) {
			t.Fatalf("%q, any case: %d, want %d", what, got, want)
		}
	}
	// A byte that is rare elsewhere and frequent here.
	hay := bytes.Repeat([]byte("J"), 100000)
	if got := newNeedle([]byte("0J1"), false).index(append(hay, "0J1"...)); got != len(hay) {
		t.Errorf("found at %d", got)
	}
}

func foldASCII(b []byte) []byte {
	folded := bytes.Clone(b)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return folded
}

// logOf makes a log of about n bytes from the samples.
func logOf(t testing.TB, n int) []byte {
	samples := bytes.SplitAfter(readFile(t, "v1.log"), []byte("\n"))
	var log []byte
	for i := 0; len(log) < n; i++ {
		log = append(log, samples[i%(len(samples)-1)]...)
	}
	return log
}

func BenchmarkScan(b *testing.B) {
	log := logOf(b, 64<<20)
	start := time.Date(2014, 6, 19, 23, 0, 0, 0, time.UTC)
	status, err := ParseCondition("status=ThrottlingError")
	if err != nil {
		b.Fatal(err)
	}
	latency, err := ParseCondition("latency>=1000")
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct {
		name   string
		config FilterConfig
	}{
		{"absent keyword", FilterConfig{Text: "DeleteContainer"}},
		{"rare bytes", FilterConfig{Text: "Xyzzy"}},
		{"guid", FilterConfig{Text: "9e9c90bc-0001-0052-2acc-abdcc9000001"}},
		{"frequent keyword", FilterConfig{Text: "GetBlob"}},
		{"any case", FilterConfig{Text: "deletecontainer", FoldCase: true}},
		{"status", FilterConfig{Where: []Condition{status}}},
		{"latency", FilterConfig{Where: []Condition{latency}}},
		{"time", FilterConfig{Start: start, End: start.Add(time.Hour)}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			f := mustFilter(b, bb.config)
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				if _, err := f.Scan(bytes.NewReader(log), func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
