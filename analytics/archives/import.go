package archives

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"reslog/analytics/rows"
	"reslog/resource"
	"reslog/storagelog"
)

// Store is the part of a workspace that takes rows.
type Store interface {
	// Append stores rows and the position of their source, or neither, see
	// rows.Batch. What became of a call that failed need not be known.
	Append(ctx context.Context, b rows.Batch) error
	// Position returns the position of a source that was stored last, 0 for none.
	Position(ctx context.Context, source string) (uint64, error)
}

// Config says what to read and where to put it.
type Config struct {
	// Source and Store are required.
	Source Source
	Store  Store
	// Selection says which blobs to read; zero is all.
	Selection Selection
	// Shared puts records into AzureDiagnostics instead of the tables of their
	// categories.
	Shared bool
	// Classic returns what is known of the account and service of an entry of a
	// classic log. Nil: nothing is, and _ResourceId stays empty.
	Classic func(account string, service storagelog.Service) rows.EntryOrigin
	// BatchRows and BatchBytes bound a batch, in rows and in bytes of the blob. Zero
	// is 2000 and 4 MiB.
	BatchRows  int
	BatchBytes int64
	// Progress is told of every batch and of every blob that is done. Nil: nobody is.
	Progress func(Summary)
	// Warn is told of lines that are no records, of blobs that could not be read to
	// their end and of ends that are unfinished; offset is where in the blob, -1 for
	// none. Nil: nobody is.
	Warn func(b Blob, offset int64, err error)
}

// Summary counts what an import did.
type Summary struct {
	Blobs    int   // read, in whole or from where they were left
	Known    int   // passed over: nothing has come to them
	Failed   int   // that could not be read to their end
	Torn     int   // whose end is unfinished
	Bytes    int64 // of blobs, read
	Rows     int64 // stored
	BadLines int64 // that are no records
}

// Import reads all that is selected and not read yet. Errors of single blobs are
// told of and counted as Failed; an error of the Store, of listing and of ctx ends
// it. It can be run again at any time.
func Import(ctx context.Context, cfg Config) (Summary, error) {
	if cfg.Source == nil || cfg.Store == nil {
		return Summary{}, errors.New("import: nothing to read, or nowhere to put it")
	}
	cfg.BatchRows = cmp.Or(cfg.BatchRows, 2000)
	cfg.BatchBytes = cmp.Or(cfg.BatchBytes, 4<<20)
	im := &importer{cfg: cfg, accounts: map[account]rows.EntryOrigin{}, builder: rows.NewBuilder(rows.Config{Dedicated: !cfg.Shared})}
	err := cfg.Source.List(ctx, cfg.Selection, func(b Blob) error { return im.blob(ctx, b) })
	return im.sum, err
}

type account struct{ name, service string }

type importer struct {
	cfg      Config
	sum      Summary
	builder  *rows.Builder
	accounts map[account]rows.EntryOrigin

	// Of the blob that is read.
	b    Blob
	from int64 // where the batch begins
}

// blob reads a blob from where it was left.
func (im *importer) blob(ctx context.Context, b Blob) error {
	position, err := im.cfg.Store.Position(ctx, b.Key)
	if err != nil {
		return fmt.Errorf("ask for the position in %s: %w", b.Location, err)
	}
	im.b, im.from = b, int64(position)
	if b.Size >= 0 && b.Size <= im.from {
		im.sum.Known++
		im.progress()
		return nil
	}
	r, err := im.cfg.Source.Open(ctx, b, im.from)
	if err == nil {
		err = im.read(ctx, r)
		_ = r.Close()
	}
	im.builder.Take() // what an error left
	var stored *storeError
	switch {
	case errors.As(err, &stored):
		return fmt.Errorf("store rows of %s: %w", b.Location, stored.err)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errTorn):
		im.sum.Torn++
		im.warn(im.from, err)
	case err != nil:
		im.sum.Failed++
		im.warn(-1, err)
	}
	if err == nil || errors.Is(err, errTorn) {
		im.sum.Blobs++
	}
	im.progress()
	return nil
}

// storeError is an error of the Store.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

// read reads what r has.
func (im *importer) read(ctx context.Context, r io.Reader) error {
	s := &splitter{r: r, at: im.from}
	next, origin := im.kind(s), rows.Origin{Category: im.b.Origin.Category, Otherwise: im.b.Origin.Resource}
	var entry storagelog.Entry
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := s.at
		part, err := next()
		if err == nil && len(bytes.TrimSpace(part)) > 0 {
			if im.b.Origin.Service != "" {
				err = im.entry(part, &entry)
			} else {
				err = im.builder.Line(part, origin)
			}
		}
		var bad *partError
		switch {
		case errors.As(err, &bad), errors.Is(err, rows.ErrUnusable):
			im.sum.BadLines++
			im.warn(start, err)
		case err != nil:
			if e := im.flush(ctx, s.at); e != nil {
				return e
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if im.builder.Len() >= im.cfg.BatchRows || s.at-im.from >= im.cfg.BatchBytes {
			if err := im.flush(ctx, s.at); err != nil {
				return err
			}
		}
	}
}

// kind tells classic logs from JSON, by the name or else by how they begin, and
// returns what gives out their records.
func (im *importer) kind(s *splitter) func() ([]byte, error) {
	o := &im.b.Origin
	if o.Service == "" && o.Category == "" && o.Resource.IsZero() && !s.looksLikeJSON() {
		o.Service = storagelog.Blob // the entries say which it is
	}
	if o.Service == "" {
		return s.object
	}
	return func() ([]byte, error) {
		line, err := s.line()
		if !errors.Is(err, errTorn) {
			return line, err
		}
		// The last line may lack its break, if it is whole.
		var l storagelog.Line
		if l.Parse(bytes.TrimRight(line, "\r")) != nil {
			return nil, err
		}
		return s.drop(len(line)), nil
	}
}

// entry makes a row of a line of a classic log.
func (im *importer) entry(line []byte, e *storagelog.Entry) error {
	var l storagelog.Line
	if !l.ParseLenient(line) {
		return &partError{"this is not a record of the Storage Analytics log format"}
	}
	l.Entry(e)
	from := account{e.OwnerAccount, e.Service}
	o, ok := im.accounts[from]
	if !ok {
		if im.cfg.Classic != nil {
			o = im.cfg.Classic(e.OwnerAccount, storagelog.Service(e.Service))
		}
		if len(im.accounts) < maxAccounts {
			im.accounts[from] = o
		}
	}
	return im.builder.Entry(e, o)
}

// maxAccounts bounds the accounts that are remembered.
const maxAccounts = 1024

// flush stores what there is up to an offset, at which the next batch begins.
func (im *importer) flush(ctx context.Context, to int64) error {
	if to <= im.from {
		return nil
	}
	n := im.builder.Len()
	batch := rows.Batch{Source: im.b.Key, Position: uint64(to), Rows: im.builder.Take()}
	if err := im.cfg.Store.Append(ctx, batch); err != nil {
		return &storeError{err}
	}
	im.sum.Rows += int64(n)
	im.sum.Bytes += to - im.from
	im.from = to
	im.progress()
	return nil
}

func (im *importer) progress() {
	if im.cfg.Progress != nil {
		im.cfg.Progress(im.sum)
	}
}

func (im *importer) warn(offset int64, err error) {
	if im.cfg.Warn != nil {
		im.cfg.Warn(im.b, offset, err)
	}
}

// Service returns the resource of a service of an account, as Config.Classic
// wants it: /subscriptions/…/storageAccounts/{name}/blobServices/default.
func Service(account resource.ID, service storagelog.Service) resource.ID {
	return account.Child(string(service)+"Services", "default")
}
