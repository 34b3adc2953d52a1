package queuestore

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// FuzzClaim gives any id and receipt to a queue with one message: only the right
// ones may do anything.
func FuzzClaim(f *testing.F) {
	s := openMem(f, Config{})
	newQueue(f, s, "q")
	m := put(f, s, "q", "a", epoch)
	f.Add(m.ID, m.Receipt)
	f.Add(m.ID, "AgAAAAMAAAAAAAAA+Y6sNxKw1wE=")
	f.Add("00000000-0000-4000-8000-000000000000", m.Receipt)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, id, receipt string) {
		err := s.Delete(context.Background(), testAccount, "q", id, receipt, epoch)
		switch {
		case err == nil:
			if receipt != m.Receipt {
				t.Fatalf("id %q and receipt %q deleted a message", id, receipt)
			}
			m = put(t, s, "q", "a", epoch)
		case errors.Is(err, ErrReceiptMismatch):
			if _, ok := s.seal.seq(1, id); !ok {
				t.Fatalf("id %q is said to be of a message", id)
			}
		case !errors.Is(err, ErrMessageNotFound):
			t.Fatal(err)
		}
	})
}

// FuzzSeal checks that an id gives back the number it was made of.
func FuzzSeal(f *testing.F) {
	var s seal
	if err := s.open(make([]byte, sealKeyLen)); err != nil {
		f.Fatal(err)
	}
	f.Add(uint64(1), uint64(2), "00000000-0000-4000-8000-000000000000")
	f.Fuzz(func(t *testing.T, qid, seq uint64, other string) {
		seq &= maxSeq
		id := s.id(qid, seq)
		if got, ok := s.seq(qid, id); !ok || got != seq {
			t.Fatalf("id %s of %d is read as %d, %v", id, seq, got, ok)
		}
		if _, ok := s.seq(qid+1, id); ok {
			t.Fatalf("id %s is of another queue too", id)
		}
		if id[14] != '4' || id[19] < '8' || id[19] > 'b' {
			t.Fatalf("id %s is no GUID of version 4", id)
		}
		if n, ok := s.seq(qid, other); ok && n != seq {
			t.Fatalf("id %q was never given out", other)
		}
	})
}

// FuzzReceipt checks that receipts and markers that can be read are those that
// were written.
func FuzzReceipt(f *testing.F) {
	f.Add(formatReceipt(1<<62, [8]byte{1, 2, 3}))
	f.Add(formatMarker("queue"))
	f.Fuzz(func(t *testing.T, text string) {
		if at, nonce, ok := parseReceipt(text); ok && formatReceipt(at, nonce) != text {
			t.Fatalf("receipt %q", text)
		}
		if name, err := parseMarker(text); err == nil && name == "" {
			t.Fatalf("marker %q", text)
		}
	})
}

// FuzzRecords checks that no record makes the decoders do more than refuse it.
func FuzzRecords(f *testing.F) {
	f.Add(appendSlot(nil, &slot{expires: 1, ready: true, dequeues: 300, size: 70_000, revision: 2}))
	f.Add(append(appendBodyHead(nil, &body{inserted: 1, expires: 2, revision: 3}), "text"...))
	f.Add((&record{7, Queue{Created: epoch, Metadata: Metadata{{"a", "b"}}, Policies: []Policy{{ID: "x"}}}}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decodeSlot(b); err == nil {
			if again, err := decodeSlot(appendSlot(nil, &s)); err != nil || again != s {
				t.Fatalf("slot %+v is read as %+v (%v)", s, again, err)
			}
		}
		if m, err := decodeBody(b); err == nil && len(m.text) > len(b) {
			t.Fatal("text grew")
		}
		if r, err := decodeRecord(b, "q"); err == nil {
			if again, err := decodeRecord(r.encode(), "q"); err != nil || !bytes.Equal(again.encode(), r.encode()) {
				t.Fatalf("queue %+v is read as %+v (%v)", r, again, err)
			}
		}
		_, _ = decodeTotals(b)
		_, _ = placeOf(b)
	})
}
