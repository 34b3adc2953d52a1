package deliver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"reslog/bus"
	"reslog/diagnostic"
	"reslog/record"
)

func wanting(categories ...record.Category) *diagnostic.Setting {
	s := &diagnostic.Setting{}
	for _, c := range categories {
		s.Logs = append(s.Logs, diagnostic.Log{Category: c, Enabled: true})
	}
	return s
}

func TestRulesFollowASettingByNumber(t *testing.T) {
	rs := rules(nil).change(wanting("r"), 10) // r after 10
	rs = rs.change(wanting("r", "w"), 20)     // w after 20
	rs = rs.change(wanting("w"), 30)          // r until 30
	rs = rs.change(wanting("r", "w"), 30)     // and on again at once
	rs = rs.change(wanting("r"), 40)          // w until 40
	got := ""
	for _, n := range []uint64{10, 11, 20, 21, 30, 31, 40, 41} {
		got += fmt.Sprintf("%d:", n)
		for _, c := range []record.Category{"r", "w"} {
			if rs.want(c, n) {
				got += string(c)
			}
		}
		got += " "
	}
	if want := "10: 11:r 20:r 21:rw 30:rw 31:rw 40:rw 41:r "; got != want {
		t.Errorf("wanted %s\nwant   %s", got, want)
	}
	if left := rs.past(35); len(left) != 2 || left.want("r", 30) || !left.want("w", 40) {
		t.Errorf("rules behind 35: %+v", left)
	}
	if rs.want("r", 30) != true {
		t.Error("past changes the rules it is asked of")
	}
}

func itemAt(seq uint64, index uint32, line string) Item {
	return Item{Position: bus.Position{Epoch: 1, Seq: seq, Index: index}, Record: record.Record{Line: []byte(line)}}
}

func TestUnsettledCountsOnceAndNamesTheMark(t *testing.T) {
	var u unsettled
	var c counts
	items := []Item{itemAt(5, 1, "a"), itemAt(5, 4, "bb"), itemAt(7, 0, "ccc"), itemAt(7, 1, "dddd")}
	u.add(items[:1], 100, time.Unix(0, 0))
	u.add(items[1:2], 100, time.Unix(0, 0)) // the rest of the same message
	u.add(items[2:], 109, time.Unix(0, 0))
	if _, moved := u.settle(bus.Position{Epoch: 1, Seq: 4}, &c); moved || c != (counts{}) {
		t.Errorf("settled %+v by a position before all", c)
	}
	u.kill(items[2:3], deadItem)
	u.kill(items[2:3], deadItem) // said twice
	u.kill(items[3:], lostItem)
	// Through the middle of a message.
	mark, moved := u.settle(items[0].Position, &c)
	if !moved || mark.Number != 102 || mark.Position != items[0].Position || c.Delivered != 1 || c.Bytes != 1 {
		t.Errorf("settled to %+v, %+v", mark, c)
	}
	// What is gone behind it goes along.
	mark, moved = u.settle(items[1].Position, &c)
	if !moved || mark.Number != 111 || mark.Position != items[3].Position {
		t.Errorf("settled to %+v", mark)
	}
	want := counts{Delivered: 2, Bytes: 3, DeadLettered: 1, Dropped: 1, Lost: 1}
	if c != want || u.records != 0 || u.gone != (gone{}) || c.accepted() != 4 {
		t.Errorf("counts %+v, want %+v; left %+v", c, want, u)
	}
	if _, ok := u.oldest(); ok {
		t.Error("something is left")
	}
}

// While a destination keeps one record unsettled, any number may be shed behind
// it: that takes no memory, and nothing is counted before its time.
func TestWhatIsGoneIsFolded(t *testing.T) {
	var u unsettled
	var c counts
	held := []Item{itemAt(1, 0, "held")}
	u.add(held, 0, time.Unix(0, 0))
	const messages = 5000
	for m := range messages {
		seq := uint64(2 + m)
		items := []Item{itemAt(seq, 0, "x"), itemAt(seq, 1, "y"), itemAt(seq, 2, "z")}
		// Given up in two parts, and one of them was dead before.
		u.add(items[:2], 1+3*uint64(m), time.Unix(0, 0))
		u.kill(items[1:2], deadItem)
		u.kill(items[:2], shedItem)
		u.add(items[2:], 1+3*uint64(m), time.Unix(0, 0))
		u.kill(items[2:], shedItem)
	}
	if len(u.messages) != 2 {
		t.Errorf("%d messages are kept, want 2", len(u.messages))
	}
	if c != (counts{}) || u.gone != (gone{dead: messages, shed: 2 * messages}) {
		t.Errorf("counts %+v, gone %+v", c, u.gone)
	}
	late := []Item{itemAt(2+messages, 0, "late")}
	u.add(late, 1+3*messages, time.Unix(0, 0))
	mark, _ := u.settle(held[0].Position, &c)
	want := counts{Delivered: 1, Bytes: 4, DeadLettered: messages, Dropped: 2 * messages, Lost: 2 * messages, Shed: 2 * messages}
	if c != want || mark.Number != 1+3*messages || u.records != 1 {
		t.Errorf("counts %+v, want %+v; mark %+v, %d left", c, want, mark, u.records)
	}
}

func TestReasonIsOneShortLine(t *testing.T) {
	long := strings.Repeat("ü", 5000)
	for in, want := range map[string]string{
		"plain":                          "plain",
		"  two\r\n\tlines \x00\x1b[31m ": "two lines [31m",
		"bad \xff utf8":                  "bad utf8",
		"":                               "",
	} {
		if got := reason(errors.New(in)); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := reason(errors.New(long)); len(got) > maxReason || len(got) < maxReason-8 || !utf8.ValidString(got) || !strings.HasSuffix(got, "ü...") {
		t.Errorf("%d bytes became %d: %q", len(long), len(got), got[len(got)-10:])
	}
}

func TestRetryAfterIsFoundThroughOtherErrors(t *testing.T) {
	base := errors.New("busy")
	for _, err := range []error{
		RetryAfter(base, time.Minute),
		fmt.Errorf("write: %w", RetryAfter(base, time.Minute)),
		Reopen(RetryAfter(base, time.Minute)),
		RetryAfter(Reject(base, bus.Position{Seq: 1}), time.Minute),
	} {
		if d, ok := RetryDelay(err); !ok || d != time.Minute || !errors.Is(err, base) {
			t.Errorf("%v: %v %v", err, d, ok)
		}
	}
	if err := RetryAfter(Reject(base, bus.Position{Seq: 1}), time.Minute); len(Rejected(err)) != 1 {
		t.Error("the rejection is lost")
	}
	if RetryAfter(nil, time.Minute) != nil {
		t.Error("no error became one")
	}
	if _, ok := RetryDelay(RetryAfter(base, 0)); ok {
		t.Error("there is nothing to wait for")
	}
	if _, ok := RetryDelay(base); ok {
		t.Error("a plain error has no delay")
	}
}
