package deliver

import (
	"fmt"
	"testing"
	"time"

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

func entryAt(seq uint64, index uint32, number uint64, line string) *bus.Entry {
	return &bus.Entry{
		Position: bus.Position{Epoch: 1, Seq: seq, Index: index}, Number: number,
		Record: record.Record{Line: []byte(line)},
	}
}

func TestUnsettledCountsOnceAndNamesTheMark(t *testing.T) {
	var u unsettled
	var c counts
	entries := []*bus.Entry{
		entryAt(5, 1, 102, "a"), entryAt(5, 4, 105, "bb"), entryAt(7, 0, 110, "ccc"), entryAt(7, 1, 111, "dddd"),
	}
	for _, e := range entries {
		u.add(e, time.Unix(0, 0))
	}
	if _, moved := u.settle(bus.Position{Epoch: 1, Seq: 4}, &c); moved || c != (counts{}) {
		t.Errorf("settled %+v by a position before all", c)
	}
	u.kill(entries[2].Position, deadItem)
	u.kill(entries[2].Position, deadItem) // said twice
	u.kill(entries[3].Position, lostItem)
	// Through the middle of a message.
	mark, moved := u.settle(entries[0].Position, &c)
	if !moved || mark.Number != 102 || mark.Position != entries[0].Position || c.Delivered != 1 || c.Bytes != 1 {
		t.Errorf("settled to %+v, %+v", mark, c)
	}
	// What was killed behind it goes along.
	mark, moved = u.settle(entries[1].Position, &c)
	if !moved || mark.Number != 111 {
		t.Errorf("settled to %+v", mark)
	}
	want := counts{Delivered: 2, Bytes: 3, DeadLettered: 1, Dropped: 1, Lost: 1}
	if c != want || u.records != 0 || u.dead != 0 || u.lost != 0 || c.accepted() != 4 {
		t.Errorf("counts %+v, want %+v; left %+v", c, want, u)
	}
	if _, ok := u.oldest(); ok {
		t.Error("something is left")
	}
}
