package storage

import (
	"errors"
	"net/http"
	"testing"

	"reslog/record"
)

// An operation that turned out to be another one is logged as that one, in its
// class, whichever of the two anybody asks for.
func TestBecome(t *testing.T) {
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { c.Audit = true })
	empty := &Operation{Name: "GetMessageRead", Class: Read, Scope: ScopeObject}
	f.service.ops["poll"] = &Operation{Name: "GetMessages", Class: Write, Scope: ScopeObject, Run: func(c *Call) error {
		c.Become(empty)
		return c.Response.WriteBody(http.StatusOK, "application/xml", []byte("<Empty />"))
	}}
	for _, asked := range []struct {
		name                    string
		off                     map[record.Category]bool
		began, withdrawn, emits int
	}{
		{"both", nil, 1, 0, 1},
		{"only the one it was", map[record.Category]bool{"StorageRead": true}, 1, 1, 0},
		{"only the one it became", map[record.Category]bool{"StorageWrite": true}, 0, 0, 1},
		{"neither", map[record.Category]bool{"StorageRead": true, "StorageWrite": true}, 0, 0, 0},
	} {
		began0, withdrawn0 := f.emitter.intents()
		f.emitter.set(nil, nil, asked.off)
		want(t, f.do(t, "GET", "/c/poll", "", true), 200, "")
		if asked.emits == 1 {
			if e := f.emitter.entry(t); e.Operation != "GetMessageRead" || e.Status != "Success" || e.ResponsePacketSize != 9 {
				t.Errorf("%s: %+v", asked.name, e)
			}
		} else {
			f.emitter.none(t)
		}
		began, withdrawn := f.emitter.intents()
		if len(began)-len(began0) != asked.began || len(withdrawn)-len(withdrawn0) != asked.withdrawn {
			t.Errorf("%s: began %d, withdrawn %d", asked.name, len(began)-len(began0), len(withdrawn)-len(withdrawn0))
		}
		// The answer leaves only after its record, whatever it is a record of.
		f.emitter.set(errors.New("disk is full"), nil, asked.off)
		if asked.emits == 1 {
			want(t, f.do(t, "GET", "/c/poll", "", true), 500, "InternalError")
		}
	}
}
