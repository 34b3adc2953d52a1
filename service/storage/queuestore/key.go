package queuestore

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Keys. Numbers are big-endian, so keys sort by them; qid is the id of a queue,
// which no other queue ever has.
//
//	q account 00 name      a queue
//	v qid time seq         a slot: a message at its place in the order
//	m qid seq              the rest of the message, its text
//	n qid                  totals of a queue, a sum
//	s name                 the store's own
//
// A slot moves when its message is dequeued or updated; the text stays where it
// is. seq is the number of a message in the store and grows.
const (
	kindQueue   = 'q'
	kindSlot    = 'v'
	kindMessage = 'm'
	kindTotals  = 'n'
)

// Keys of the store's own.
const (
	keyFormat = "sformat" // version of all this
	keyIDs    = "sids"    // numbers up to this one may be in use
	keySeal   = "sseal"   // what ids of messages are made with
)

const (
	slotKeyLen    = 1 + 8 + 8 + 8
	messageKeyLen = 1 + 8 + 8
	totalsKeyLen  = 1 + 8
)

// place is where a slot is in its queue: the time from which on the message is
// visible, in ticks, and its number.
type place struct{ time, seq uint64 }

// nowhere is behind every place.
var nowhere = place{^uint64(0), ^uint64(0)}

func (p place) less(q place) bool {
	return p.time < q.time || p.time == q.time && p.seq < q.seq
}

// next is the place right behind p.
func (p place) next() place {
	if p.seq++; p.seq == 0 {
		p.time++
	}
	return p
}

func slotKey(qid uint64, at place) (k [slotKeyLen]byte) {
	k[0] = kindSlot
	binary.BigEndian.PutUint64(k[1:], qid)
	binary.BigEndian.PutUint64(k[9:], at.time)
	binary.BigEndian.PutUint64(k[17:], at.seq)
	return k
}

// placeOf reads the place from the key of a slot.
func placeOf(k []byte) (place, error) {
	if len(k) != slotKeyLen {
		return place{}, errors.New("key of a slot is damaged")
	}
	return place{binary.BigEndian.Uint64(k[9:]), binary.BigEndian.Uint64(k[17:])}, nil
}

func messageKey(qid, seq uint64) (k [messageKeyLen]byte) {
	k[0] = kindMessage
	binary.BigEndian.PutUint64(k[1:], qid)
	binary.BigEndian.PutUint64(k[9:], seq)
	return k
}

func totalsKey(qid uint64) (k [totalsKeyLen]byte) {
	k[0] = kindTotals
	binary.BigEndian.PutUint64(k[1:], qid)
	return k
}

// bounds are the bounds of all keys of a queue of one kind.
func bounds(kind byte, qid uint64) (lower, upper []byte) {
	lower = binary.BigEndian.AppendUint64([]byte{kind}, qid)
	return lower, binary.BigEndian.AppendUint64([]byte{kind}, qid+1)
}

// queueKey is the key of a queue and, of the beginning of a name, that of all
// queues whose names begin with it.
func queueKey(account, name string) []byte {
	k := make([]byte, 0, 2+len(account)+len(name))
	k = append(k, kindQueue)
	k = append(k, account...)
	k = append(k, 0)
	return append(k, name...)
}

// splitQueueKey is the inverse of queueKey.
func splitQueueKey(k []byte) (n queueName, err error) {
	account, name, ok := bytes.Cut(k[1:], []byte{0})
	if !ok {
		return queueName{}, errors.New("key of a queue is damaged")
	}
	return queueName{string(account), string(name)}, nil
}
