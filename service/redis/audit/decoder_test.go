package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// decode reads a whole stream and returns the objects and refusals of it in order,
// then the last error unless that is io.EOF.
func decode(t testing.TB, r io.Reader, maxRecord int) (got []string) {
	t.Helper()
	d := newDecoder(r, maxRecord)
	for {
		b, err := d.next()
		var no refusal
		switch {
		case err == nil:
			got = append(got, string(b))
		case errors.As(err, &no):
			got = append(got, "! "+err.Error())
		default:
			if d.partial() {
				got = append(got, "! "+errCut.Error())
			}
			if !errors.Is(err, io.EOF) {
				got = append(got, "! "+err.Error())
			}
			return got
		}
		if len(d.buf) > max(maxRecord, startBuffer) {
			t.Fatalf("a buffer of %d bytes for records of %d", len(d.buf), maxRecord)
		}
	}
}

func TestDecoder(t *testing.T) {
	deep := strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth)
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"nothing", "", nil},
		{"white space", " \r\n\t\n", nil},
		{"one", `{}`, []string{`{}`}},
		{"together", `{"a":1}{"b":[2,{}]}`, []string{`{"a":1}`, `{"b":[2,{}]}`}},
		{"lines", "{\"a\":1}\n{\"b\":2}\r\n", []string{`{"a":1}`, `{"b":2}`}},
		{"NUL and RFC 7464", "{\"a\":1}\x00\x1e{\"b\":2}\n\x1e{}", []string{`{"a":1}`, `{"b":2}`, `{}`}},
		{"pretty", "{\n  \"a\": [\n    1,\n    \"}\"\n  ]\n}\n{\n}", []string{"{\n  \"a\": [\n    1,\n    \"}\"\n  ]\n}", "{\n}"}},
		{"strings", `{"a\"}{":"\\","b":"[{\"\u007d"}{}`, []string{`{"a\"}{":"\\","b":"[{\"\u007d"}`, `{}`}},
		{"garbage between", `{"a":1} GET / HTTP/1.1 {"b":2}`, []string{`{"a":1}`, "! " + string(errNoObject), `{"b":2}`}},
		{"other values", "1 null \"a\" {}", []string{"! " + string(errNoObject), `{}`}},
		{"an array of them", `[{"a":1},{"b":2}]`, []string{"! " + string(errNoObject), `{"a":1}`, "! " + string(errNoObject), `{"b":2}`, "! " + string(errNoObject)}},
		{"a brace too many", `{"a":1}}{"b":2}`, []string{`{"a":1}`, "! " + string(errNoObject), `{"b":2}`}},
		{"a brace missing", "{\"a\":{\"c\":1}\n{\"b\":2}", []string{"! " + string(errBroken), `{"b":2}`}},
		{"a quote missing", "{\"a\":\"x}\n{\"b\":2}", []string{"! " + string(errBroken), `{"b":2}`}},
		{"a comma missing", `{"a":1 "b":2}{"c":3}`, []string{"! " + string(errBroken), `{"c":3}`}},
		{"a comma too many", `{"a":1,}{"c":3}`, []string{"! " + string(errBroken), `{"c":3}`}},
		{"brackets that do not match", `{"a":[1}]{"c":3}`, []string{"! " + string(errBroken), `{"c":3}`}},
		{"cut and begun anew", `{"a":"x{"b":2}`, []string{"! " + string(errBroken)}},
		{"a name that looks like a record", `{"a":"x` + "\n" + `{\"ts\":1}"}{"b":2}`, []string{"! " + string(errBroken), "! " + string(errBroken), `{"b":2}`}},
		{"cut", `{"a":1}{"b`, []string{`{"a":1}`, "! " + string(errCut)}},
		{"as deep as may be", deep, []string{deep}},
		{"too deep", `{"x":` + deep + `}{"b":2}`, []string{"! " + string(errDeep), `{"a":1}`, "! " + string(errNoObject), `{"b":2}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole":           strings.NewReader(c.stream),
				"byte by byte":    iotest.OneByteReader(strings.NewReader(c.stream)),
				"with the error":  iotest.DataErrReader(strings.NewReader(c.stream)),
				"half of it each": iotest.HalfReader(strings.NewReader(c.stream)),
			} {
				if got := decode(t, r, 1<<20); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
					t.Errorf("%s: got %q, want %q", how, got, c.want)
				}
			}
		})
	}
}

// repeat is a Reader of one piece again and again.
type repeat struct {
	piece string
	n     int // bytes
	at    int
}

func (r *repeat) Read(b []byte) (int, error) {
	if r.n <= 0 {
		return 0, io.EOF
	}
	n := copy(b, r.piece[r.at:])
	r.at = (r.at + n) % len(r.piece)
	r.n -= n
	return n, nil
}

func TestDecoderBounds(t *testing.T) {
	record := func(size int) string { return `{"a":"` + strings.Repeat("x", size-8) + `"}` }
	for _, c := range []struct {
		name   string
		stream io.Reader
		want   []string
	}{
		{"as large as may be", strings.NewReader(record(1000) + `{"b":2}` + record(1000)), []string{record(1000), `{"b":2}`, record(1000)}},
		{"a byte more", strings.NewReader(record(1001) + `{"b":2}`), []string{"! " + string(errTooLarge), `{"b":2}`}},
		{"much more", strings.NewReader(`{"b":2}` + record(15000) + record(15000) + `{"b":2}`), []string{`{"b":2}`, "! " + string(errTooLarge), "! " + string(errTooLarge), `{"b":2}`}},
		{"too large, and broken", strings.NewReader(`{"a":"` + strings.Repeat("x", 2000) + "\n" + `{"b":2}`), []string{"! " + string(errTooLarge), "! " + string(errBroken), `{"b":2}`}},
		{"a record without end", io.MultiReader(strings.NewReader(`{"a":"`), &repeat{piece: "xyz", n: 1 << 30}), []string{"! " + string(errTooLarge), "! " + errLost.Error()}},
		{"no record", &repeat{piece: "garbage\n", n: 1 << 30}, []string{"! " + string(errNoObject), "! " + errLost.Error()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decode(t, c.stream, 1000); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got %.300q, want %.300q", got, c.want)
			}
		})
	}

	for _, piece := range []string{`{"a":`, `{`, `{[`, "x{"} {
		got := decode(t, &repeat{piece: piece, n: 1 << 30}, 1<<20)
		if last := got[len(got)-1]; last != "! "+errLost.Error() || len(got) > 2*maxRefused {
			t.Errorf("%q without end: %d, the last is %q", piece, len(got), last)
		}
	}
}

// TestDecoderShrinks sends a large record: the connection must not keep its room.
func TestDecoderShrinks(t *testing.T) {
	large := `{"a":"` + strings.Repeat("x", 500_000) + `"}`
	d := newDecoder(io.MultiReader(strings.NewReader(large), strings.NewReader(`{}`)), 1<<20)
	if b, err := d.next(); err != nil || string(b) != large {
		t.Fatalf("got %d bytes, %v", len(b), err)
	}
	if b, err := d.next(); err != nil || string(b) != `{}` {
		t.Fatalf("got %q, %v", b, err)
	}
	if len(d.buf) != startBuffer {
		t.Errorf("the buffer has %d bytes", len(d.buf))
	}
}

// FuzzDecoder compares with encoding/json: what that takes for a row of objects is
// the same row here; and pieces of a stream make no difference.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{"", "{}", `{"a":1}{"b":[2,"x\"}"]}`, `[{"a":"`, "{\"a\":\"\n{}", `{"a":{"b":tru}}`, strings.Repeat(`{"a":[`, 40), samples(f, "8.0"), samples(f, "8.2")} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 300
		if len(stream) > 10*limit {
			return // where a stream is given up depends on its pieces
		}
		got := decode(t, bytes.NewReader(stream), limit)
		if pieces := decode(t, iotest.OneByteReader(bytes.NewReader(stream)), limit); strings.Join(pieces, "\n") != strings.Join(got, "\n") {
			t.Fatalf("whole %q, in pieces %q", got, pieces)
		}
		var want []string
		for dec := json.NewDecoder(bytes.NewReader(stream)); ; {
			var raw json.RawMessage
			err := dec.Decode(&raw)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || raw[0] != '{' || len(raw) > limit || bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) > maxDepth {
				return // not all of it is what we take
			}
			want = append(want, string(raw))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("got %q, encoding/json %q", got, want)
		}
	})
}
