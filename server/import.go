package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"reslog/analytics/archives"
	"reslog/analytics/rows"
	"reslog/catalog"
	"reslog/client"
	"reslog/control/local"
	"reslog/record"
	"reslog/resource"
	"reslog/storagelog"
)

// imports read archives into the workspaces of a node.
type imports struct {
	*workspaces
	accounts *accounts
}

var _ local.Importer = imports{}

// Import implements local.Importer.
func (i imports) Import(ctx context.Context, r local.ImportRequest, tell func(local.ImportNews)) error {
	to, err := i.find(r.Workspace)
	if err != nil {
		return err
	}
	held, err := i.held(ctx, to)
	if err != nil {
		return fmt.Errorf("open workspace %s: %w", to.ID.Name(), err)
	}
	source, err := importSource(r)
	if err != nil {
		return fmt.Errorf("%w: %w", local.ErrInvalid, err)
	}
	selection, err := importSelection(r)
	if err != nil {
		return fmt.Errorf("%w: %w", local.ErrInvalid, err)
	}
	classic, err := i.classic(r.Account)
	if err != nil {
		return fmt.Errorf("%w: %w", local.ErrInvalid, err)
	}
	news := func(s archives.Summary) local.ImportNews {
		return local.ImportNews{Blobs: s.Blobs, Known: s.Known, Failed: s.Failed, Torn: s.Torn, Bytes: s.Bytes, Rows: s.Rows, BadLines: s.BadLines}
	}
	sum, err := archives.Import(ctx, archives.Config{
		Source: source, Store: held, Selection: selection, Shared: r.Shared, Classic: classic,
		BatchRows: workspaceRecords, BatchBytes: workspaceBytes,
		Progress: func(s archives.Summary) { tell(news(s)) },
		Warn: func(b archives.Blob, offset int64, err error) {
			at := b.Location
			if offset >= 0 {
				at += fmt.Sprintf(", at byte %d", offset)
			}
			tell(local.ImportNews{Warning: at + ": " + err.Error()})
		},
	})
	tell(news(sum))
	return err
}

// importSource is where the archives of a request lie.
func importSource(r local.ImportRequest) (archives.Source, error) {
	given := 0
	for _, set := range []bool{len(r.Paths) > 0, r.ConnectionString != "", r.URL != ""} {
		if set {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, errors.New("name one thing to import: paths, a connection string or a URL")
	case len(r.Paths) > 0:
		return archives.OpenFolder(r.Paths...)
	case r.URL != "":
		return archives.OpenURL(r.URL, nil)
	}
	account, err := client.ParseConnectionString(r.ConnectionString)
	if err != nil {
		return nil, err
	}
	return archives.OpenAccount(archives.AccountConfig{
		Endpoint: account.Endpoints[client.Blob], Name: account.Name, Key: base64.StdEncoding.EncodeToString(account.Key), SAS: account.SAS,
	})
}

// importSelection is what of the archives a request wants.
func importSelection(r local.ImportRequest) (s archives.Selection, err error) {
	s.Since, s.Until, s.Services = r.Since, r.Until, r.Services
	if !s.Until.IsZero() && s.Until.Before(s.Since) {
		return s, errors.New("the time that is asked for ends before it begins")
	}
	for _, name := range r.Categories {
		c, ok := catalog.FindCategory(name)
		if !ok {
			c = record.Category(name) // of a service that this node does not know
		}
		s.Categories = append(s.Categories, c)
	}
	return s, nil
}

// classic returns what is known of the accounts of classic logs: the one that is
// named, or those of the node.
func (i imports) classic(account string) (func(name string, service storagelog.Service) rows.EntryOrigin, error) {
	var named resource.ID
	if account != "" {
		var err error
		if named, err = resource.Parse(account); err != nil {
			return nil, fmt.Errorf("the account %.200q is no resource ID", account)
		}
	}
	return func(name string, service storagelog.Service) rows.EntryOrigin {
		if !named.IsZero() {
			return rows.EntryOrigin{Resource: archives.Service(named, service)}
		}
		list := i.resources.List(accountType)
		at := slices.IndexFunc(list, func(r resource.Resource) bool { return strings.EqualFold(r.ID.Name(), name) })
		if at < 0 {
			return rows.EntryOrigin{}
		}
		return rows.EntryOrigin{Resource: archives.Service(list[at].ID, service), Location: list[at].Location}
	}, nil
}
