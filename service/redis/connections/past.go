package connections

import (
	"errors"
	"fmt"
	"math"
	"os"

	"reslog/service/redis/event"
)

// past is the journal of an earlier process.
type past struct {
	number    uint64
	file      file
	framer    framer
	size, end int64
	gaps      []gap
	unknown   int  // frames that are whole and cannot be understood
	headless  bool // nothing can be read
	complete  bool

	table   *table
	start   uint64 // the connections at the beginning are those after this event
	seq     uint64 // the greatest
	settled uint64
	lookup  []byte
	ids     int64
}

// broken reports whether something is missing that was written.
func (p *past) broken() bool {
	return p.headless || len(p.gaps) > 0 || p.unknown > 0 || !p.complete
}

// lost is how many bytes cannot be read, but for the end.
func (p *past) lost() (n int64) {
	for _, g := range p.gaps {
		n += g.to - g.from
	}
	return n
}

// newest reads the file with the greatest number that is complete. When none is, it is
// the oldest, which was complete once.
func (b *Book) newest(numbers []uint64) (*past, error) {
	p := &past{table: newTable(math.MaxInt)}
	for _, n := range numbers {
		next, err := b.dir.read(n)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", b.dir.name(n), err), p.close())
		}
		if err := p.close(); err != nil {
			return nil, err
		}
		if p = next; p.complete {
			break
		}
	}
	return p, nil
}

func (p *past) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}

// read reads a file.
func (d *folder) read(n uint64) (*past, error) {
	info, err := os.Stat(d.name(n))
	if err != nil {
		return nil, err
	}
	f, err := d.open(n, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	p := &past{number: n, file: f, size: info.Size()}
	if err := p.read(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return p, nil
}

func (p *past) read() error {
	p.table = newTable(math.MaxInt)
	var err error
	p.framer, err = readHeader(p.file)
	switch {
	case errors.Is(err, errHeader):
		p.headless, p.end = true, p.size
		return nil
	case err != nil:
		return err
	}
	p.gaps, p.end, err = p.framer.scan(p.file, headerSize, p.size, func(payload []byte) error {
		if fr, err := parse(payload); err == nil {
			p.take(&fr)
		} else {
			p.unknown++
		}
		return nil
	})
	return err
}

// take applies a frame.
func (p *past) take(fr *frame) {
	switch fr.kind {
	case kindStart:
		p.start = fr.seq
	case kindOpen:
		p.table.put(fr.entry)
		p.proxyID(&fr.entry.Connection.Connection)
	case kindEvent:
		p.proxyID(&fr.event.Connection)
		if fr.seq > p.start {
			p.table.apply(fr.seq, &fr.event)
		}
	case kindMark:
		p.settled, p.lookup = fr.seq, fr.mark
	case kindIDs:
		if fr.seq <= maxNumber {
			p.ids = max(p.ids, int64(fr.seq))
		}
		return
	case kindComplete:
		p.complete = true
		return
	default:
		p.unknown++
		return
	}
	p.seq = max(p.seq, fr.seq)
}

// proxyID notes that an ID was used, which is reserved unless that frame is lost.
func (p *past) proxyID(c *event.Connection) {
	if c.Source == proxy && c.ID < maxNumber-2*idBlock {
		p.ids = max(p.ids, c.ID+1)
	}
}

// events calls fn with the events that Out may not have, in order.
func (p *past) events(fn func(e *event.Event) error) error {
	if p.headless {
		return nil
	}
	_, _, err := p.framer.scan(p.file, headerSize, p.end, func(payload []byte) error {
		if fr, err := parse(payload); err == nil && fr.kind == kindEvent && fr.seq > p.settled {
			return fn(&fr.event)
		}
		return nil
	})
	return err
}

// add writes events behind the others, and applies them.
func (p *past) add(events []event.Event) error {
	var buf []byte
	for i := range events {
		p.seq++
		buf = p.framer.appendEvent(buf, p.seq, &events[i])
		p.table.apply(p.seq, &events[i])
	}
	if _, err := p.file.WriteAt(buf, p.end); err != nil {
		return err
	}
	p.end += int64(len(buf))
	return p.file.Sync()
}
