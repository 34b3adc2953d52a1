package archive

import (
	"testing"

	"reslog/deliver"
	"reslog/deliver/delivertest"
)

// place is an account as the contract of destinations sees it.
type place struct {
	*account
	state memoryState
	weird map[string]string
	set   func(*Config)
}

func (p *place) Open(*testing.T) deliver.Destination { return p.account.open(&p.state, p.set) }

func (p *place) Held(*testing.T) []string {
	ids := p.ids()
	for i, id := range ids {
		if w, ok := p.weird[id]; ok {
			ids[i] = w
		}
	}
	return ids
}

// Break counts saves of the state among the operations.
func (p *place) Break(n int) bool {
	if n < 0 {
		p.setFault(nil)
		p.state.fault = nil
		return true
	}
	next := func() fault {
		n--
		switch {
		case n >= 0:
			return ok
		case n%2 == 0:
			return lost
		}
		return cut
	}
	p.setFault(func(string) fault { return next() })
	p.state.fault = func() fault {
		p.mu.Lock()
		defer p.mu.Unlock()
		return next()
	}
	return true
}

// Three categories, hours that change, blobs that are full after three blocks,
// batches of several steps: records of one folder are in order, of all not.
func TestContract(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*Config)
	}{
		{"defaults", func(*Config) {}},
		{"small", func(c *Config) { c.BlockSize, c.MaxBlocks, c.Parallel = 700, 3, 2 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			weird := map[string]string{}
			h := delivertest.Harness{Unordered: true, Sparse: true}
			h.New = func(t *testing.T) delivertest.Place {
				return &place{account: newAccount(t), weird: weird, set: c.set}
			}
			for i, text := range []string{"{}", `{"text":"\u0000\u2028 \"; <&> ` + "\u2029\u00a0😀" + `"}`} {
				r := testRecord(i, "AllLogs", noon)
				r.Line = []byte(text)
				weird[text] = r.ID
				h.Weird = append(h.Weird, r)
			}
			delivertest.Run(t, h)
		})
	}
}
