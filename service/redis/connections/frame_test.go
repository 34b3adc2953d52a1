package connections

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/service/redis/event"
)

func largest() event.Event {
	zone := netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone(strings.Repeat("z", maxSource)), 65535)
	return event.Event{
		ID: strings.Repeat("i", maxID), Type: event.Authentication, Time: time.Unix(math.MaxInt64/2, 999_999_999).UTC(),
		Connection: event.Connection{
			ID: math.MinInt64, Source: strings.Repeat("s", maxSource), Database: strings.Repeat("d", maxText),
			Client: zone, Server: zone, Opened: time.Time{}, CommonName: strings.Repeat("c", event.MaxCommonName),
		},
		Status: math.MinInt64, User: strings.Repeat("\xff", event.MaxUser), Reason: event.Reason(strings.Repeat("r", maxSource)),
	}
}

func TestFramesHoldEveryEvent(t *testing.T) {
	f := newFramer(7)
	var m maker
	unknown := m.open(1)
	unknown.Connection.Client, unknown.Connection.Server = netip.AddrPort{}, netip.AddrPortFrom(netip.Addr{}, 5)
	events := []event.Event{m.open(1), m.auth(-1, event.CertPending, "\x00\n"), m.close(1<<53 - 1), unknown, largest()}
	var file []byte
	for i, e := range events {
		file = f.appendEvent(file, uint64(i)<<40, &e)
	}
	var got []event.Event
	_, end, err := f.scan(bytes.NewReader(file), 0, int64(len(file)), func(p []byte) error {
		fr, err := parse(p)
		if err == nil && fr.seq != uint64(len(got))<<40 {
			t.Errorf("seq %d", fr.seq)
		}
		got = append(got, fr.event)
		return err
	})
	if err != nil || end != int64(len(file)) || !slices.Equal(got, events) {
		t.Errorf("got  %+v, %d of %d, %v\nwant %+v", got, end, len(file), err, events)
	}
	// What is longer than a frame may hold is cut.
	long := largest()
	long.Connection.Database += "d"
	long.User += "u"
	long.Reason += "r"
	long.Connection.CommonName += "c"
	long.Connection.Client = netip.AddrPortFrom(long.Connection.Client.Addr().WithZone(strings.Repeat("z", 300)), 1)
	p := f.payload(f.appendEvent(nil, math.MaxUint64, &long))
	fr, err := parse(p)
	long.Connection.Database, long.User, long.Reason = largest().Connection.Database, largest().User, largest().Reason
	long.Connection.CommonName = largest().Connection.CommonName
	long.Connection.Client = netip.MustParseAddrPort("[fe80::1]:1")
	if err != nil || fr.event != long {
		t.Errorf("got %+v, %v", fr.event, err)
	}
}

func TestFramesHoldEveryConnection(t *testing.T) {
	f := newFramer(7)
	e := largest()
	c := &entry{Connection: Connection{e.Connection, e.User, e.Time, math.MaxInt}, last: e.Time, seq: math.MaxUint64}
	fr, err := parse(f.payload(f.appendOpen(nil, c)))
	if err != nil || *fr.entry != *c {
		t.Errorf("got %+v, %v", fr.entry, err)
	}
	mark := bytes.Repeat([]byte{0}, maxMark)
	if fr, err := parse(f.payload(f.appendMark(nil, 5, mark))); err != nil || fr.seq != 5 || !bytes.Equal(fr.mark, mark) {
		t.Errorf("got %+v, %v", fr, err)
	}
	if fr, err := parse(f.payload(f.appendMark(nil, 5, nil))); err != nil || fr.mark != nil {
		t.Errorf("got %+v, %v", fr, err)
	}
}

func TestScanFindsWhatIsWhole(t *testing.T) {
	f := newFramer(7)
	var file []byte
	var ends []int64
	for i := range 5000 { // more than a window
		file = f.appendNumber(file, kindIDs, uint64(i)*1_000_000_000)
		ends = append(ends, int64(len(file)))
	}
	copy(file[ends[99]:], bytes.Repeat([]byte{0}, 30))
	file[ends[4000]] ^= 1
	whole := len(file)
	file = append(file, newFramer(8).appendNumber(nil, kindIDs, 1)...) // not of this file
	count := 0
	gaps, end, err := f.scan(bytes.NewReader(file), 0, int64(len(file)), func([]byte) error { count++; return nil })
	if err != nil || end != int64(whole) || len(gaps) != 2 || gaps[0].from != ends[99] || gaps[1] != (gap{ends[4000], ends[4001]}) || count < 4990 {
		t.Errorf("%d frames until %d, gaps %v, %v", count, end, gaps, err)
	}
	// A file that is shorter than it was.
	_, end, err = f.scan(bytes.NewReader(file[:ends[10]]), 0, int64(len(file)), func([]byte) error { return nil })
	if err != nil || end != ends[10] {
		t.Errorf("until %d, %v", end, err)
	}
}

// FuzzRead reads any file: what is read is bounded by the file, and written again it is
// read the same.
func FuzzRead(f *testing.F) {
	var m maker
	fr := newFramer(3)
	seed := fr.header()
	seed = fr.appendNumber(seed, kindStart, 1)
	seed = fr.appendNumber(seed, kindIDs, 1000)
	seed = fr.appendMark(seed, 1, []byte("m"))
	seed = fr.appendOpen(seed, &entry{Connection: Connection{Connection: m.open(1).Connection}})
	for i, e := range []event.Event{m.open(2), m.auth(2, event.OK, "x"), m.close(1), largest()} {
		seed = fr.appendEvent(seed, uint64(i+2), &e)
	}
	f.Add(seed, true)
	f.Add(seed[:len(seed)-1], true)
	f.Add(seed[headerSize:], false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole { // a payload
			one := fr.header()
			at := len(one)
			b = fr.seal(append(fr.open(one), b[:min(len(b), maxPayload)]...), at)
		}
		p := &past{file: readOnly{bytes.NewReader(b)}, size: int64(len(b))}
		if err := p.read(); err != nil {
			return
		}
		if p.end > p.size || p.lost() > p.size || len(p.table.open) > len(b)/frameHead {
			t.Errorf("%+v", p)
		}
		if p.headless {
			return
		}
		err := p.events(func(e *event.Event) error {
			again, err := parse(fr.payload(fr.appendEvent(nil, 1, e)))
			// A text may be longer in a frame of somebody else.
			if len(e.ID) > maxID {
				return nil // not even cut
			}
			if err != nil || len(e.Connection.Source) <= maxSource && len(e.Connection.Database) <= maxText && len(e.User) <= event.MaxUser &&
				len(e.Reason) <= maxSource && len(e.Connection.Client.Addr().Zone()) <= maxSource && len(e.Connection.Server.Addr().Zone()) <= maxSource &&
				again.event != *e {
				t.Errorf("%+v became %+v, %v", *e, again.event, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
