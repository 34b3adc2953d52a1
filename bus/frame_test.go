package bus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"testing"
	"time"

	"reslog/record"
	"reslog/resource"
)

var frameID = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/A")

func frameEntries() []entry {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789012345, time.UTC)
	return []entry{
		{kind: kindRecord, rec: record.Record{Resource: frameID, Category: "StorageRead", Time: at, Ended: at.Add(time.Second), ID: "1", Line: []byte(`{"a":1}`)}},
		{kind: kindIntent, rec: record.Record{Resource: frameID, Category: "StorageWrite", Time: at, ID: "2", Line: []byte(strings.Repeat("x", 500)), Detail: []byte("d")}},
		settleEntry("2"),
		{kind: kindRecord, to: "me", rec: record.Record{Resource: frameID, Category: "StorageRead", ID: "3"}},
	}
}

// decodeAll reads a whole frame as a reader would.
func decodeAll(data []byte) ([]entry, *frame, error) {
	in := newInterner()
	f, err := parseFrame(data, in)
	if err != nil {
		return nil, nil, err
	}
	body, err := f.body()
	if err != nil {
		return nil, nil, err
	}
	var entries []entry
	offset := 0
	for _, r := range f.refs {
		k := f.dict[r.dict]
		e := entry{kind: r.kind, to: k.to}
		if err := decodeEntry(body[offset:offset+int(r.size)], r.kind, &e.rec); err != nil {
			return nil, nil, err
		}
		offset += int(r.size)
		e.rec.Category = k.category
		if e.rec.Resource, err = in.id(k.resource); err != nil {
			return nil, nil, err
		}
		entries = append(entries, e)
	}
	return entries, f, nil
}

func TestFrameRoundTrip(t *testing.T) {
	var enc encoder
	want := frameEntries()
	for range 2 { // the encoder's buffers are used again
		data := enc.encode([]byte("kept"), want, 17, 5)
		if !bytes.HasPrefix(data, []byte("kept")) {
			t.Fatal("encode does not append")
		}
		got, f, err := decodeAll(data[4:])
		if err != nil {
			t.Fatal(err)
		}
		if f.before != 17 || f.floor != 5 || f.records != 2 || f.flags != frameS2|frameControl {
			t.Errorf("header %+v", f)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestFrameDamageIsFound(t *testing.T) {
	var enc encoder
	data := enc.encode(nil, frameEntries(), 0, 1)
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x40
		if _, _, err := decodeAll(bad); !errors.Is(err, errFrame) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, _, err := decodeAll(data[:i]); !errors.Is(err, errFrame) {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
	newer := bytes.Clone(data)
	newer[1] = 2
	if _, _, err := decodeAll(newer); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a newer version: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	var enc encoder
	f.Add(enc.encode(nil, frameEntries(), 3, 4))
	f.Add(enc.encode(nil, frameEntries()[:1], 0, 1))
	f.Add(enc.encode(nil, nil, 0, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		// Past the checksum, which a fuzzer would hardly get right.
		fixCRC(data)
		entries, fr, err := decodeAll(data)
		if err != nil {
			return
		}
		// What can be read can be written and read again, with equal meaning.
		var enc encoder
		again, fr2, err := decodeAll(enc.encode(nil, entries, fr.before, fr.floor))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if fmt.Sprint(again) != fmt.Sprint(entries) || fr2.before != fr.before || fr2.records != fr.records {
			t.Fatalf("got  %v\nwant %v", again, entries)
		}
	})
}

func TestKeysAreReversible(t *testing.T) {
	for _, key := range []string{"a", "=", "==41", "\x00\xff", "a.b c/d", "=4"} {
		enc, err := encodeKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeKey(enc); err != nil || got != key {
			t.Errorf("%q became %q, then %q, %v", key, enc, got, err)
		}
	}
	for _, enc := range []string{"=", "=4", "=G0", "a=1"} {
		if _, err := decodeKey(enc); err == nil {
			t.Errorf("%q was decoded", enc)
		}
	}
}

// fixCRC makes the checksum of a frame right.
func fixCRC(data []byte) {
	if len(data) > frameHeader {
		binary.LittleEndian.PutUint32(data[2:], crc32.Checksum(data[frameHeader:], castagnoli))
	}
}
